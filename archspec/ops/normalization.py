"""Normalisations: means and variances brought to 0 and 1, over the batch or within a sample."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from collections.abc import Sequence
from typing import ClassVar, Literal

from archspec.ir.attributes import Axis, Count, Flag, NonNegativeNumber, Number, PositiveNumber
from archspec.ir.conditions import Conditions
from archspec.ir.dims import Size, product
from archspec.ir.op import Arg, Example, Kept, Op, Step, Weight
from archspec.ir.types import TensorType
from archspec.ops._shared import (
    bytes_of,
    changed,
    fixed,
    known_size,
    need_float32,
    need_full_precision,
    resolve_axis,
    spatial,
)


class BatchNorm(Op):
    """Bring every channel to mean 0 and variance 1, then scale and shift it by learned numbers.

    While training, mean and variance are those of the batch, and their running averages are kept; in eval mode the
    averages are used (Ioffe and Szegedy 2015, Batch normalization). The channels are axis 1.
    """

    name: ClassVar[str] = "batch_norm"
    category: ClassVar[str] = "normalization"
    sight: ClassVar[Literal["here"]] = "here"

    eps: PositiveNumber = 1e-5
    """Added to the variance before its root is taken; TensorFlow's networks have 1e-3."""
    momentum: Number = 0.1
    """The weight of a new batch in the running averages: 1 minus what TensorFlow calls the decay."""
    affine: Flag = True
    """Whether the learned scale and shift are there."""
    track: Flag = True
    """Whether running averages are kept; without them the statistics of the batch are used in eval mode too."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        must.have_rank(x, 2, 3, 4, 5, what="[N, C] or [N, C] with one to three spatial axes")
        need_float32(must, x, self.name)
        known_size(must, x, 1, self.name)
        places = product(x.shape[2:])
        if isinstance(places, int) and places > 1:
            return x
        values, message = x.shape[0] * places, f"there is only one value a channel to normalise in {x}"
        if x.shape[0] == 1 or not self.track:  # without averages the statistics of eval mode are the batch's, too
            must.be_positive(
                values - 1,
                message,
                attribute="track",
                help="let the batch be a symbol, `N`, or normalise where there is more space",
            )
        else:
            must.be_several(values, message)
        return x

    def weights(self, x: TensorType) -> dict[str, Weight]:
        channels = (fixed(x.shape[1]),)
        weights: dict[str, Weight] = {}
        if self.affine:
            weights |= {"weight": Weight(channels, value=1.0), "bias": Weight(channels)}
        if self.track:
            weights |= {
                "running_mean": Weight(channels, "buffer"),
                "running_var": Weight(channels, "buffer", value=1.0),
                "num_batches_tracked": Weight((), "buffer", "int64"),
            }
        return weights

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        return Kept(inputs=(0,), extra=bytes_of(2 * inputs[0].shape[1], inputs[0]))

    def scratch(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        return 0 if self.track else self.keeps(inputs, outputs).extra

    def lower(self, x: TensorType) -> list[Step]:
        settings = {"num_features": x.shape[1]} | changed(
            eps=(self.eps, 1e-5),
            momentum=(self.momentum, 0.1),
            affine=(self.affine, True),
            track_running_stats=(self.track, True),
        )
        return [Step("module", f"torch.nn.BatchNorm{spatial(max(x.rank, 3))}", settings=settings)]


class LayerNorm(Op):
    """Bring the last axes of every sample to mean 0 and variance 1, then scale and shift each of their places.

    Batch and mode make no difference (Ba et al. 2016, Layer normalization).
    """

    name: ClassVar[str] = "layer_norm"
    category: ClassVar[str] = "normalization"
    sight: ClassVar[Literal["here"]] = "here"

    axes: Count = 1
    """How many of the last axes are normalised together."""
    eps: NonNegativeNumber = 1e-5
    """Added to the variance before its root is taken."""
    affine: Flag = True
    """Whether the learned scale is there."""
    bias: Flag = True
    """Whether the learned shift is there too; it never is without the scale."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        need_float32(must, x, self.name)
        if self.axes > x.rank:
            must.refuse(
                "wrong-axis", f"there are no {self.axes} axes in {x} to normalise", attribute="axes", ports=(0,)
            )
        for axis in range(x.rank - self.axes, x.rank):
            known_size(must, x, axis, self.name, "features")
        return x

    def weights(self, x: TensorType) -> dict[str, Weight]:
        shape = self._shape(x)
        weights = {"weight": Weight(shape, value=1.0), "bias": Weight(shape)}
        return {name: weight for name, weight in weights.items() if self.affine and (self.bias or name == "weight")}

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        return Kept(inputs=(0,), extra=bytes_of(2 * product(inputs[0].shape[: -self.axes]), inputs[0]))

    def scratch(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        return self.keeps(inputs, outputs).extra

    def lower(self, x: TensorType) -> list[Step]:
        shape = self._shape(x)
        settings = {"normalized_shape": shape[0] if len(shape) == 1 else shape} | changed(
            eps=(self.eps, 1e-5), elementwise_affine=(self.affine, True), bias=(self.bias, True)
        )
        return [Step("module", "torch.nn.LayerNorm", settings=settings)]

    def _shape(self, x: TensorType) -> tuple[int, ...]:
        return tuple(fixed(dim) for dim in x.shape[-self.axes :])


class GroupNorm(Op):
    """Bring every group of channels of every sample to mean 0 and variance 1, then scale and shift each channel.

    The channels are axis 1; batch and mode make no difference (Wu and He 2018, Group normalization).
    """

    name: ClassVar[str] = "group_norm"
    category: ClassVar[str] = "normalization"
    sight: ClassVar[Literal["here"]] = "here"
    shorthand: ClassVar[str | None] = "groups"

    groups: Count
    """Into how many groups the channels are split."""
    eps: NonNegativeNumber = 1e-5
    """Added to the variance before its root is taken."""
    affine: Flag = True
    """Whether the learned scale and shift are there."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        if x.rank < 2:
            must.refuse("wrong-rank", f"[N, C, ...] is needed here, but the input is {x}", ports=(0,))
        need_float32(must, x, self.name)
        channels = known_size(must, x, 1, self.name)
        must.be_divisible(
            channels,
            self.groups,
            f"{channels} channels do not fall into {self.groups} equal groups",
            attribute="groups",
            help="take a divisor of the channels",
        )
        # torch counts the values over the whole batch here, though it normalises each sample by itself.
        values = product((x.shape[0], channels // self.groups, *x.shape[2:]))
        must.be_positive(values - 1, f"there is only one value a group to normalise in {x}", attribute="groups")
        return x

    def weights(self, x: TensorType) -> dict[str, Weight]:
        channels = (fixed(x.shape[1]),)
        return {"weight": Weight(channels, value=1.0), "bias": Weight(channels)} if self.affine else {}

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        return Kept(inputs=(0,), extra=bytes_of(2 * inputs[0].shape[0] * self.groups, inputs[0]))

    def scratch(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        return self.keeps(inputs, outputs).extra

    def lower(self, x: TensorType) -> list[Step]:
        settings = {"num_groups": self.groups, "num_channels": x.shape[1]} | changed(
            eps=(self.eps, 1e-5), affine=(self.affine, True)
        )
        return [Step("module", "torch.nn.GroupNorm", settings=settings)]


class LocalResponseNorm(Op):
    """Divide every value by `(k + alpha * m) ** beta`, m the mean square of the `size` channels around it.

    The channels are axis 1 (Krizhevsky et al. 2012, ImageNet classification, section 3.3, where alpha is what here is
    alpha / size). It has no weights.
    """

    name: ClassVar[str] = "local_response_norm"
    category: ClassVar[str] = "normalization"
    sight: ClassVar[Literal["here"]] = "here"
    shorthand: ClassVar[str | None] = "size"

    size: Count
    """How many neighbouring channels count."""
    alpha: Number = 1e-4
    """The weight of the mean square."""
    beta: Number = 0.75
    """The exponent."""
    k: Number = 1.0
    """What is added to the weighted mean square."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        if x.rank < 3:
            must.refuse("wrong-rank", f"[N, C, L] or more axes are needed here, but the input is {x}", ports=(0,))
        must.be_floating(x, op=self.name)
        if x.rank > 3:
            need_full_precision(must, x, self.name)
        return x

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        # The padded squares, the weighted mean with `k`, and its power.
        return Kept(inputs=(0,), extra=bytes_of(self._padded(inputs[0]) + 2 * inputs[0].elements, inputs[0]))

    def scratch(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        # The squares beside the padded squares, or the mean in three states, where the output is still to be made.
        return bytes_of(max(self._padded(inputs[0]), 2 * inputs[0].elements), inputs[0])

    def _padded(self, x: TensorType) -> Size:
        batch, channels, *rest = x.shape
        return product((batch, channels + self.size - 1, *rest))

    def lower(self, x: TensorType) -> list[Step]:
        settings = changed(alpha=(self.alpha, 1e-4), beta=(self.beta, 0.75), k=(self.k, 1.0))
        return [Step("function", "torch.nn.functional.local_response_norm", (Arg(0), self.size), settings)]


class L2Normalize(Op):
    """Divide every vector by its length, the root of the sum of its squares: how embeddings are compared.

    Schroff et al. 2015, FaceNet, section 3. It has no weights.
    """

    name: ClassVar[str] = "l2_normalize"
    category: ClassVar[str] = "normalization"
    sight: ClassVar[Literal["here"]] = "here"
    shorthand: ClassVar[str | None] = "axis"

    axis: Axis = 1
    """The axis along which the vectors lie."""
    eps: PositiveNumber = 1e-12
    """The least that is divided by, so that a vector of zeros stays one."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        must.be_floating(x, op=self.name)
        resolve_axis(must, self.axis, x)
        return x

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        # The lengths, and what is divided by: both have one number a vector.
        return Kept(inputs=(0,), extra=bytes_of(2 * self._vectors(inputs[0]), inputs[0]))

    def scratch(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        return bytes_of(self._vectors(inputs[0]), inputs[0])

    def _vectors(self, x: TensorType) -> Size:
        axis = self.axis % x.rank
        return product((*x.shape[:axis], *x.shape[axis + 1 :]))

    def lower(self, x: TensorType) -> list[Step]:
        settings = changed(dim=(self.axis, 1), eps=(self.eps, 1e-12))
        return [Step("function", "torch.nn.functional.normalize", (Arg(0),), settings)]


_IMAGE = TensorType((2, 6, 4, 5))
_SEQUENCE = TensorType((2, 6, 5))

BatchNorm.examples = (
    Example({}, (_IMAGE,)),
    Example({"eps": 1e-3, "momentum": 0.01}, (_IMAGE,)),
    Example({"affine": False}, (_SEQUENCE,)),
    Example({"track": False}, (TensorType((2, 6)),)),
    Example({}, (TensorType((2, 6, 3, 2, 2)),)),
)
LayerNorm.examples = (
    Example({}, (_SEQUENCE,)),
    Example({"axes": 3, "eps": 1e-6}, (_IMAGE,)),
    Example({"bias": False}, (_SEQUENCE,)),
    Example({"affine": False}, (TensorType((2, 6)),)),
)
GroupNorm.examples = (
    Example({"groups": 3}, (_IMAGE,)),
    Example({"groups": 6, "eps": 1e-6}, (_SEQUENCE,)),
    Example({"groups": 1, "affine": False}, (TensorType((2, 6)),)),
)
LocalResponseNorm.examples = (
    Example({"size": 5}, (_IMAGE,)),
    Example({"size": 4, "alpha": 1e-3, "beta": 0.5, "k": 2}, (_SEQUENCE,)),
    Example({"size": 9}, (TensorType((1, 3, 2, 2, 2)),)),
)
L2Normalize.examples = (
    Example({}, (TensorType((2, 6)),)),
    Example({"axis": -1, "eps": 1e-6}, (_SEQUENCE,)),
    Example({}, (TensorType((2, 6, 4, 5), "float64"),)),
)
