"""Axes: the same values, with axes in another order, put in, taken out, or run through from another place."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from dataclasses import replace
from typing import Annotated, ClassVar, Self, TypeAlias

from pydantic import model_validator

from archspec.ir.attributes import Axes, wholes, wrong_value
from archspec.ir.conditions import Conditions
from archspec.ir.dims import LIMIT
from archspec.ir.op import Arg, Example, Result, Sight, Step
from archspec.ir.types import TensorType
from archspec.ops._moving import AxisOrAxes, Moves, Views, one_or_more, resolve_axes
from archspec.ops._shared import resolve_axis, resolve_new_axis, sight_along

_TWO = wholes(1 - LIMIT, "two axes such as [1, 2]", fewest=2)
_Pair: TypeAlias = Annotated[
    tuple[int, ...],
    replace(
        _TWO,
        read=lambda value: None if (axes := _TWO.read(value)) is None or len(axes) > 2 else axes,
        schema=_TWO.schema | {"maxItems": 2},
    ),
]
_Shifts: TypeAlias = Annotated[
    tuple[int, ...], one_or_more("a whole number of places, or a list of them such as [-4, -4]")
]


class Transpose(Views):
    """Swap two axes; `permute` puts all of them in any order."""

    name: ClassVar[str] = "transpose"
    also: ClassVar[tuple[str, ...]] = ("swapaxes", "swapdims")
    shorthand: ClassVar[str | None] = "axes"

    axes: _Pair
    """The two axes."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        first, second = (resolve_axis(must, axis, x, "axes") for axis in self.axes)
        shape = list(x.shape)
        shape[first], shape[second] = shape[second], shape[first]
        return x.with_shape(*shape)

    def does_nothing(self, x: TensorType) -> tuple[str, ...]:
        return ("axes",) if len({axis % x.rank for axis in self.axes}) == 1 else ()

    def lower(self, x: TensorType) -> list[Step]:
        return [Step("function", "torch.transpose", (Arg(0), *self.axes))]


class Permute(Views):
    """Put the axes in another order."""

    name: ClassVar[str] = "permute"
    shorthand: ClassVar[str | None] = "axes"

    axes: Axes
    """For each axis of the output, the axis of the input it is: [0, 2, 3, 1] brings the channels last."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        axes = [resolve_axis(must, axis, x, "axes") for axis in self.axes]
        if sorted(axes) != list(range(x.rank)):
            must.refuse(
                "wrong-axis",
                f"`axes` is {list(self.axes)}, which is not every axis of {x} once",
                attribute="axes",
                ports=(0,),
            )
        return TensorType(tuple(x.shape[axis] for axis in axes), x.dtype)

    def does_nothing(self, x: TensorType) -> tuple[str, ...]:
        return ("axes",) if [axis % x.rank for axis in self.axes] == list(range(x.rank)) else ()

    def lower(self, x: TensorType) -> list[Step]:
        return [Step("function", "torch.permute", (Arg(0), self.axes))]


class Squeeze(Views):
    """Take axes of size 1 out; those that are meant are always named, so that a batch of one keeps its axis."""

    name: ClassVar[str] = "squeeze"
    shorthand: ClassVar[str | None] = "axes"

    axes: AxisOrAxes
    """An axis, or a list of them; each has to be of size 1."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        axes = resolve_axes(must, self.axes, x)
        for axis in axes:
            must.be_equal(
                x.shape[axis], 1, f"`squeeze` needs a size of 1 at axis {axis}, but its input is {x}", ports=(0,)
            )
        return x.with_shape(*(side for axis, side in enumerate(x.shape) if axis not in axes))

    def lower(self, x: TensorType) -> list[Step]:
        axes = self.axes if len(self.axes) > 1 else self.axes[0]
        return [Step("function", "torch.squeeze", (Arg(0), axes))]


class Unsqueeze(Views):
    """Put axes of size 1 in."""

    name: ClassVar[str] = "unsqueeze"
    also: ClassVar[tuple[str, ...]] = ("expanddims",)
    shorthand: ClassVar[str | None] = "axes"

    axes: AxisOrAxes
    """An axis, or a list of them, as they are numbered in the output: 0 for a new first one, -1 for a new last one."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        new = self._resolved(must, x)
        sides = iter(x.shape)
        return x.with_shape(*(1 if axis in new else next(sides) for axis in range(x.rank + len(new))))

    def lower(self, x: TensorType) -> list[Step]:
        rank = x.rank + len(self.axes)
        ascending = sorted(axis % rank for axis in self.axes)
        sources = [Arg(0), *(Result(index) for index in range(len(ascending) - 1))]
        return [
            Step("function", "torch.unsqueeze", (source, axis)) for source, axis in zip(sources, ascending, strict=True)
        ]

    def _resolved(self, must: Conditions, x: TensorType) -> set[int]:
        rank = x.rank + len(self.axes)
        found = {resolve_new_axis(must, axis, rank, "axes") for axis in self.axes}
        if len(found) < len(self.axes):
            message = f"`axes` is {list(self.axes)}, which has an axis of the output twice"
            must.refuse("wrong-axis", message, attribute="axes", ports=(0,))
        return found


class Flip(Moves):
    """Turn axes round: what was last comes first."""

    name: ClassVar[str] = "flip"
    also: ClassVar[tuple[str, ...]] = ("reverse",)
    shorthand: ClassVar[str | None] = "axes"

    axes: AxisOrAxes
    """An axis, or a list of them."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        resolve_axes(must, self.axes, x)
        return x

    def sees(self, x: TensorType) -> Sight | None:
        return sight_along(x, *self.axes)

    def lower(self, x: TensorType) -> list[Step]:
        return [Step("function", "torch.flip", (Arg(0), self.axes))]


class Roll(Moves):
    """Move all values on along axes; what leaves at one end comes in at the other, as in Swin (Liu et al. 2021)."""

    name: ClassVar[str] = "roll"

    shifts: _Shifts
    """By how many places, one number for each of `axes`; below 0 towards the first place."""
    axes: AxisOrAxes
    """An axis, or a list of them."""

    @model_validator(mode="after")
    def _one_shift_for_each_axis(self) -> Self:
        if len(self.shifts) != len(self.axes):
            raise wrong_value("shifts", f"as many numbers as there are `axes`, which is {len(self.axes)}")
        return self

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        for axis in self.axes:
            resolve_axis(must, axis, x, "axes")
        return x

    def sees(self, x: TensorType) -> Sight | None:
        return sight_along(x, *self.axes)

    def does_nothing(self, x: TensorType) -> tuple[str, ...]:
        return () if any(self.shifts) else ("shifts",)

    def lower(self, x: TensorType) -> list[Step]:
        return [Step("function", "torch.roll", (Arg(0), self.shifts, self.axes))]


_IMAGE = TensorType((2, 6, 4, 5))
_WORDS = TensorType((2, 3), "int64")

Transpose.examples = (
    Example({"axes": [1, 2]}, (_IMAGE,)),
    Example({"axes": [-1, 0]}, (_WORDS,)),
    Example({"axes": [3, -1]}, (_IMAGE,)),
)
Permute.examples = (
    Example({"axes": [0, 2, 3, 1]}, (_IMAGE,)),
    Example({"axes": [0, -1, 1]}, (TensorType((2, 3, 4)),)),
    Example({"axes": [0, 1, -1]}, (TensorType((2, 3, 4)),)),
)
Squeeze.examples = (
    Example({"axes": [2, -1]}, (TensorType((2, 6, 1, 1)),)),
    Example({"axes": 1}, (TensorType((2, 1, 3), "bool"),)),
)
Unsqueeze.examples = (
    Example({"axes": 1}, (_WORDS,)),
    Example({"axes": [-1, 0, 2]}, (TensorType((2, 3)),)),
)
Flip.examples = (Example({"axes": 1}, (_WORDS,)), Example({"axes": [2, -1]}, (_IMAGE,)))
Roll.examples = (
    Example({"shifts": 1, "axes": 1}, (_WORDS,)),
    Example({"shifts": [-2, 7], "axes": [2, -1]}, (_IMAGE,)),
    Example({"shifts": [1, 0, -3], "axes": [1, 2, 3]}, (_IMAGE,)),
    Example({"shifts": [0, 0], "axes": [2, 3]}, (_IMAGE,)),
)
