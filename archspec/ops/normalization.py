"""Normalisations: means and variances brought to 0 and 1, over the batch or within a sample."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from collections.abc import Sequence
from contextlib import nullcontext
from typing import ClassVar, Literal

from archspec.ir.attributes import Count, Flag, NonNegativeNumber, Number, PositiveNumber
from archspec.ir.conditions import Conditions
from archspec.ir.dims import Size, product
from archspec.ir.op import Example, Kept, Op, Step, Weight
from archspec.ir.types import TensorType
from archspec.ops._over_axes import OverAxes
from archspec.ops._shared import bytes_of, changed, fixed, known_size, need_float32, need_rank_from, spatial
from archspec.ops._windows import IMAGES


class BatchNorm(Op):
    """Bring every channel to mean 0 and variance 1, then scale and shift it by learned numbers.

    While training, mean and variance are those of the batch, and their running averages are kept; in eval mode the
    averages are used (Ioffe and Szegedy 2015, Batch normalization). The channels are axis 1.
    """

    name: ClassVar[str] = "batch_norm"
    also: ClassVar[tuple[str, ...]] = ("bn", "batchnormalization")
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

    def is_linear(self) -> bool:
        return self.track

    def weights(self, x: TensorType) -> dict[str, Weight]:
        return _learned(x, self.affine) | _averages(x, self.track)

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


class LayerNorm(OverAxes):
    """Bring the last axis of every sample to mean 0 and variance 1, then scale and shift each of its places.

    Batch and mode make no difference (Ba et al. 2016, Layer normalization). With `axes: 1` it is the channels of every
    place of an image (Liu et al. 2022, A ConvNet for the 2020s).
    """

    name: ClassVar[str] = "layer_norm"
    also: ClassVar[tuple[str, ...]] = ("ln", "layernormalization")

    eps: NonNegativeNumber = 1e-5
    """Added to the variance before its root is taken."""
    bias: Flag = True
    """Whether the learned shift is there too; it never is without the scale."""

    def weights(self, x: TensorType) -> dict[str, Weight]:
        shape = self._places(x)
        weights = {"weight": Weight(shape, value=1.0), "bias": Weight(shape)}
        return {name: weight for name, weight in weights.items() if self.affine and (self.bias or name == "weight")}

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        return Kept(inputs=(0,), extra=bytes_of(2 * self._statistics(inputs[0]), inputs[0]))

    def scratch(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        return self.keeps(inputs, outputs).extra

    def _layer(self, x: TensorType) -> Step:
        settings = {"normalized_shape": self._normalized_shape(x)} | changed(
            eps=(self.eps, 1e-5), elementwise_affine=(self.affine, True), bias=(self.bias, True)
        )
        return Step("module", "torch.nn.LayerNorm", settings=settings)


class GroupNorm(Op):
    """Bring every group of channels of every sample to mean 0 and variance 1, then scale and shift each channel.

    The channels are axis 1; batch and mode make no difference (Wu and He 2018, Group normalization).
    """

    name: ClassVar[str] = "group_norm"
    also: ClassVar[tuple[str, ...]] = ("gn", "groupnormalization")
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
        need_rank_from(must, x, 2, "[N, C, ...]")
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
        return _learned(x, self.affine)

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        return Kept(inputs=(0,), extra=bytes_of(2 * inputs[0].shape[0] * self.groups, inputs[0]))

    def scratch(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        return self.keeps(inputs, outputs).extra

    def lower(self, x: TensorType) -> list[Step]:
        settings = {"num_groups": self.groups, "num_channels": x.shape[1]} | changed(
            eps=(self.eps, 1e-5), affine=(self.affine, True)
        )
        return [Step("module", "torch.nn.GroupNorm", settings=settings)]


class InstanceNorm(Op):
    """Bring every channel of every sample to mean 0 and variance 1, as networks that transfer styles do.

    Batch and mode make no difference unless averages are kept (Ulyanov et al. 2016, Instance normalization). The
    channels are axis 1.
    """

    name: ClassVar[str] = "instance_norm"
    also: ClassVar[tuple[str, ...]] = ("instancenormalization",)
    category: ClassVar[str] = "normalization"
    sight: ClassVar[Literal["here"]] = "here"

    eps: PositiveNumber = 1e-5
    """Added to the variance before its root is taken."""
    momentum: Number = 0.1
    """The weight of a new batch in the running averages."""
    affine: Flag = False
    """Whether a learned scale and shift of each channel are there."""
    track: Flag = False
    """Whether running averages are kept, and used in eval mode instead of the statistics of each sample."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        must.have_rank(x, 3, 4, 5, what=IMAGES)
        need_float32(must, x, self.name)
        known_size(must, x, 1, self.name)
        with must.in_training() if self.track else nullcontext():
            must.be_positive(
                product(x.shape[2:]) - 1,
                f"there is only one value a channel and sample to normalise in {x}",
                help="normalise where there is more space",
            )
        return x

    def is_linear(self) -> bool:
        return self.track

    def weights(self, x: TensorType) -> dict[str, Weight]:
        return _learned(x, self.affine) | _averages(x, self.track)

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        # Mean, variance and, repeated for every sample, the scale and both averages.
        copies = 2 + self.affine + 2 * self.track
        return Kept(inputs=(0,), extra=bytes_of(copies * product(inputs[0].shape[:2]), inputs[0]))

    def scratch(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        # Statistics or averages, and scale and shift.
        return bytes_of((2 + 2 * self.affine) * product(inputs[0].shape[:2]), inputs[0])

    def lower(self, x: TensorType) -> list[Step]:
        settings = {"num_features": x.shape[1]} | changed(
            eps=(self.eps, 1e-5),
            momentum=(self.momentum, 0.1),
            affine=(self.affine, False),
            track_running_stats=(self.track, False),
        )
        return [Step("module", f"torch.nn.InstanceNorm{spatial(x.rank)}", settings=settings)]


def _learned(x: TensorType, affine: bool) -> dict[str, Weight]:
    """A scale and a shift for each channel."""
    channels = (fixed(x.shape[1]),)
    return {"weight": Weight(channels, value=1.0), "bias": Weight(channels)} if affine else {}


def _averages(x: TensorType, track: bool) -> dict[str, Weight]:
    """The running averages of each channel."""
    channels = (fixed(x.shape[1]),)
    return (
        {
            "running_mean": Weight(channels, "buffer"),
            "running_var": Weight(channels, "buffer", value=1.0),
            "num_batches_tracked": Weight((), "buffer", "int64"),
        }
        if track
        else {}
    )


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
    Example({"axes": [1, 2, -1], "eps": 1e-6}, (_IMAGE,)),
    Example({"bias": False}, (_SEQUENCE,)),
    Example({"affine": False}, (TensorType((2, 6)),)),
    Example({"axes": 1, "eps": 1e-6}, (_IMAGE,)),
)
GroupNorm.examples = (
    Example({"groups": 3}, (_IMAGE,)),
    Example({"groups": 6, "eps": 1e-6}, (_SEQUENCE,)),
    Example({"groups": 1, "affine": False}, (TensorType((2, 6)),)),
)
InstanceNorm.examples = (
    Example({}, (_IMAGE,)),
    Example({"affine": True, "eps": 1e-3}, (_IMAGE,)),
    Example({"track": True, "momentum": 0.2}, (_SEQUENCE,)),
    Example({"affine": True, "track": True}, (TensorType((1, 6, 3, 2, 2)),)),
)
