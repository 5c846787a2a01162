"""Normalisations by magnitude: lengths and mean squares brought to 1, and means left as they are."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from archspec.ir.attributes import Axis, Count, Number, PositiveNumber, number
from archspec.ir.conditions import Conditions
from archspec.ir.dims import Size, product
from archspec.ir.op import Arg, Example, Kept, KnownSign, Op, Result, Step, Weight
from archspec.ir.types import TensorType
from archspec.ops._over_axes import OverAxes
from archspec.ops._shared import bytes_of, changed, need_full_precision, need_in_range, need_rank_from, resolve_axis


class RmsNorm(OverAxes):
    """Divide the last axis of every sample by the root of its mean square, then scale each of its places.

    It is `layer_norm` without means (Zhang and Sennrich 2019, Root mean square layer normalization).
    """

    name: ClassVar[str] = "rms_norm"
    also: ClassVar[tuple[str, ...]] = ("rmsnormalization", "simplifiedlayernormalization")

    eps: Annotated[float | None, number("a number of 0 or more", least=0)] = None
    """Added to the mean square before its root is taken; when left out, the distance from 1 to the next number of the
    dtype, 1.2e-7 for float32."""

    def weights(self, x: TensorType) -> dict[str, Weight]:
        return {"weight": Weight(self._places(x), value=1.0)} if self.affine else {}

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        # What is multiplied by, and what the scale is applied to.
        scaled = inputs[0].elements if self.affine else 0
        return Kept(inputs=(0,), extra=bytes_of(self._statistics(inputs[0]) + scaled, inputs[0]))

    def scratch(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        # What is multiplied by, beside the mean squares that it is made of or what the scale is applied to.
        roots = self._statistics(inputs[0])
        return bytes_of(roots + (inputs[0].elements if self.affine else roots), inputs[0])

    def _layer(self, x: TensorType) -> Step:
        settings = {"normalized_shape": self._normalized_shape(x)} | changed(
            eps=(self.eps, None), elementwise_affine=(self.affine, True)
        )
        return Step("module", "torch.nn.RMSNorm", settings=settings)


class LocalResponseNorm(Op):
    """Divide every value by `(k + alpha * m) ** beta`, m the mean square of the `size` channels around it.

    The channels are axis 1 (Krizhevsky et al. 2012, ImageNet classification, section 3.3, where alpha is what here is
    alpha / size). It has no weights.
    """

    name: ClassVar[str] = "local_response_norm"
    also: ClassVar[tuple[str, ...]] = ("lrn",)
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
        need_rank_from(must, x, 3, "[N, C, ...] with spatial axes")
        must.be_floating(x, op=self.name)
        if x.rank > 3:
            need_full_precision(must, x, self.name)
        need_in_range(must, x, beta=self.beta)
        return x

    def gives_sign(self) -> KnownSign | None:
        return "kept" if min(self.alpha, self.k) >= 0 else None

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
        function = "torch.nn.functional.local_response_norm"
        if x.rank < 5:
            return [Step("function", function, (Arg(0), self.size), settings)]
        # torch takes a view of a volume, which has to lie in memory as it is numbered.
        return [Step("method", "contiguous"), Step("function", function, (Result(0), self.size), settings)]


class L2Normalize(Op):
    """Divide every vector by its length, the root of the sum of its squares: how embeddings are compared.

    Schroff et al. 2015, FaceNet, section 3. It has no weights.
    """

    name: ClassVar[str] = "l2_normalize"
    also: ClassVar[tuple[str, ...]] = ("normalize", "l2norm", "unitnormalization", "lpnormalization")
    sign: ClassVar[KnownSign | None] = "kept"
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
        need_in_range(must, x, eps=self.eps)
        return x

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        # The lengths, and what is divided by: both have one number a vector.
        return Kept(inputs=(0,), extra=bytes_of(2 * self._vectors(inputs[0]), inputs[0]))

    def scratch(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        return bytes_of(self._vectors(inputs[0]), inputs[0])

    def _vectors(self, x: TensorType) -> Size:
        return x.with_side(self.axis % x.rank).elements

    def lower(self, x: TensorType) -> list[Step]:
        settings = changed(dim=(self.axis, 1), eps=(self.eps, 1e-12))
        return [Step("function", "torch.nn.functional.normalize", (Arg(0),), settings)]


_IMAGE = TensorType((2, 6, 4, 5))
_SEQUENCE = TensorType((2, 6, 5))

RmsNorm.examples = (
    Example({}, (_SEQUENCE,)),
    Example({"axes": [-3, 2, 3], "eps": 1e-6}, (_IMAGE,)),
    Example({"affine": False}, (TensorType((2, 6)),)),
    Example({"axes": 1}, (_IMAGE,)),
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
