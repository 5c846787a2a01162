"""Reductions: one number of all the numbers along some axes; and sums that are kept as they grow."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from collections.abc import Sequence
from typing import Any, ClassVar

from archspec.ir.attributes import Axis, Flag, PositiveNumber
from archspec.ir.conditions import Conditions
from archspec.ir.dims import product
from archspec.ir.op import Arg, Example, Kept, KnownSign, Op, Sight, Step
from archspec.ir.types import Shape, TensorType
from archspec.ops._moving import AxisOrAxes, resolve_axes
from archspec.ops._shared import changed, need_in_range, resolve_axis, sight_along

_IMAGE = TensorType((2, 3, 4, 5))
_WHOLE = TensorType((2, 3), "int32")
_AXES = (
    Example({"axes": [2, 3], "keep": True}, (_IMAGE,)),
    Example({"axes": -1}, (_IMAGE,)),
    Example({"axes": [0, 1]}, (TensorType((2, 3)),)),
)


class _Reduction(Op):
    category: ClassVar[str] = "reduction"
    shorthand: ClassVar[str | None] = "axes"
    function: ClassVar[str]
    examples: ClassVar[tuple[Example, ...]] = _AXES

    axes: AxisOrAxes
    """An axis, or a list of them: what lies along all of these becomes one number."""
    keep: Flag = False
    """Whether the axes stay, with a size of 1."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        must.be_floating(x, op=self.name)
        return self._reduced(must, x)

    def sees(self, x: TensorType) -> Sight | None:
        taken, space = {axis % x.rank for axis in self.axes}, set(range(2, x.rank))
        if self.keep:
            return "everywhere" if taken & space else "here"
        return "everywhere" if taken == space else None

    def lower(self, x: TensorType) -> list[Step]:
        settings = {"dim": self.axes} | self._settings() | changed(keepdim=(self.keep, False))
        return [Step("function", self.function, (Arg(0),), settings)]

    def _settings(self) -> dict[str, Any]:
        return {}

    def _reduced(self, must: Conditions, x: TensorType) -> TensorType:
        taken = resolve_axes(must, self.axes, x)
        ones = dict.fromkeys(taken, (1,) if self.keep else ())
        return x.with_shape(*(side for axis, own in enumerate(x.shape) for side in ones.get(axis, (own,))))

    def _taken(self, x: TensorType) -> Shape:
        """The sides that become one number."""
        return tuple(x.shape[axis] for axis in self.axes)


class Mean(_Reduction):
    """The mean along axes."""

    name: ClassVar[str] = "mean"
    also: ClassVar[tuple[str, ...]] = ("reducemean",)
    linear: ClassVar[bool] = True
    sign: ClassVar[KnownSign | None] = "kept"
    function: ClassVar[str] = "torch.mean"

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        return Kept()


class Sum(_Reduction):
    """The sum along axes; of whole numbers, and of truth values, as int64."""

    name: ClassVar[str] = "sum"
    also: ClassVar[tuple[str, ...]] = ("reducesum",)
    linear: ClassVar[bool] = True
    sign: ClassVar[KnownSign | None] = "kept"
    function: ClassVar[str] = "torch.sum"
    examples: ClassVar[tuple[Example, ...]] = (*_AXES, Example({"axes": 1}, (_WHOLE,)))

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        return TensorType(self._reduced(must, x).shape, _summed(x))

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        return Kept()


class _Extreme(_Reduction):
    keeps_values: ClassVar[bool] = True
    examples: ClassVar[tuple[Example, ...]] = (*_AXES, Example({"axes": 1}, (_WHOLE,)))

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        return self._reduced(must, x)

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        return Kept(inputs=(0,), outputs=True) if inputs[0].is_floating else Kept()


class Max(_Extreme):
    """The largest number along axes; equal largest ones share the gradient."""

    name: ClassVar[str] = "max"
    also: ClassVar[tuple[str, ...]] = ("reducemax", "amax")
    function: ClassVar[str] = "torch.amax"


class Min(_Extreme):
    """The smallest number along axes; equal smallest ones share the gradient."""

    name: ClassVar[str] = "min"
    also: ClassVar[tuple[str, ...]] = ("reducemin", "amin")
    function: ClassVar[str] = "torch.amin"


class Variance(_Reduction):
    """The mean square of how far numbers are from their mean along axes."""

    name: ClassVar[str] = "variance"
    also: ClassVar[tuple[str, ...]] = ("var", "reducevariance")
    sign: ClassVar[KnownSign | None] = "never negative"
    function: ClassVar[str] = "torch.var"

    unbiased: Flag = True
    """Whether to divide by one less than there are numbers, which estimates the variance of what they are drawn from;
    batch norm does not normalise by that, but by the mean square."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        given = super().infer(must, x)
        if self.unbiased:
            message = f"`variance` needs several numbers along `axes` {list(self.axes)}, but its input is {x}"
            help = "write `unbiased: false`, by which the variance of one number is 0"
            must.be_positive(product(self._taken(x)) - 1, message, attribute="axes", help=help)
        return given

    def _settings(self) -> dict[str, Any]:
        return changed(correction=(int(self.unbiased), 1))


class LogSumExp(_Reduction):
    """The logarithm of the sum of exponentials along axes, computed without leaving the range of floats."""

    name: ClassVar[str] = "logsumexp"
    also: ClassVar[tuple[str, ...]] = ("reducelogsumexp",)
    function: ClassVar[str] = "torch.logsumexp"

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        return Kept(inputs=(0,), outputs=True)


class Norm(_Reduction):
    """The length of vectors along axes: the `p`-th root of the sum of `|x|` to the power of `p`."""

    name: ClassVar[str] = "norm"
    also: ClassVar[tuple[str, ...]] = ("reducel1", "reducel2", "vectornorm")
    sign: ClassVar[KnownSign | None] = "never negative"
    function: ClassVar[str] = "torch.linalg.vector_norm"
    examples: ClassVar[tuple[Example, ...]] = (
        *_AXES,
        Example({"axes": 1, "p": 1}, (_IMAGE,)),
        Example({"axes": 1, "p": 3}, (TensorType((2, 3)),)),
    )

    p: PositiveNumber = 2.0
    """The power: 2 for the Euclidean length, 1 for the sum of the absolute values."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        need_in_range(must, x, p=self.p)
        return super().infer(must, x)

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        return Kept(inputs=(0,), outputs=True)

    def _settings(self) -> dict[str, Any]:
        return changed(ord=(self.p, 2.0))


class CumulativeSum(Op):
    """The sum of all numbers up to each place of an axis; of whole numbers, and of truth values, as int64."""

    name: ClassVar[str] = "cumulative_sum"
    also: ClassVar[tuple[str, ...]] = ("cumsum",)
    linear: ClassVar[bool] = True
    sign: ClassVar[KnownSign | None] = "kept"
    category: ClassVar[str] = "reduction"
    shorthand: ClassVar[str | None] = "axis"

    axis: Axis = 1
    """The axis."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        resolve_axis(must, self.axis, x)
        return TensorType(x.shape, _summed(x))

    def sees(self, x: TensorType) -> Sight | None:
        return sight_along(x, self.axis, in_space="everywhere")

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        return Kept()

    def lower(self, x: TensorType) -> list[Step]:
        return [Step("function", "torch.cumsum", (Arg(0), self.axis))]


def _summed(x: TensorType) -> str:
    return x.dtype if x.is_floating else "int64"


Variance.examples = (*_AXES, Example({"axes": 3, "unbiased": False}, (TensorType((2, 3, 4, 1)),)))
CumulativeSum.examples = (Example({}, (_IMAGE,)), Example({"axis": -1}, (_WHOLE,)))
