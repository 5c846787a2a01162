"""Selection: some places of an axis, all of them in parts, or all of them several times."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from typing import Annotated, ClassVar, Final, Self, TypeAlias

from pydantic import model_validator

from archspec.ir.attributes import Axis, Count, OptionalCount, OptionalCounts, of_axes, whole, wholes, wrong_value
from archspec.ir.conditions import Conditions
from archspec.ir.dims import LIMIT, UNKNOWN, Size
from archspec.ir.op import Arg, Example, Result, Sight, Step, Weight, Window
from archspec.ir.types import TensorType
from archspec.ops._moving import Moves, Views, need_places
from archspec.ops._shared import bounded, resolve_axis, sight_along

_PLACE = whole(1 - LIMIT, "a whole number, the number of a place: 0 for the first, or -1 for the last")
_Place: TypeAlias = Annotated[int, _PLACE]
_OptionalPlace: TypeAlias = Annotated[int | None, _PLACE]
_Times: TypeAlias = Annotated[tuple[int, ...], of_axes(wholes(1, "a list of positive whole numbers such as [1, 2, 2]"))]
_Places: TypeAlias = Annotated[tuple[int, ...], wholes(0, "a list of places, counted from 0, such as [2, 0, 1]")]


_MOST_PARTS: Final = 10_000
"""Each part of a tensor is an output with a name of its own."""


class Slice(Views):
    """Take the places of an axis from `start` to before `end`, as `x[:, start:end:step]` does.

    Both have to lie within the axis: Python gives fewer places where they do not, and says nothing.
    """

    name: ClassVar[str] = "slice"
    also: ClassVar[tuple[str, ...]] = ("narrow", "stridedslice", "crop", "cropping")

    axis: Axis = 1
    """The axis that is cut."""
    start: _Place = 0
    """The first place; below 0 it counts from the end."""
    end: _OptionalPlace = None
    """The place before which it ends, the end of the axis where nothing is said; below 0 it counts from there."""
    step: Count = 1
    """How far the next place is from the one before."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        axis = resolve_axis(must, self.axis, x)
        return x.with_side(axis, self._places(must, axis, x))

    def sees(self, x: TensorType) -> Sight | None:
        axis = self.axis % x.rank
        if axis < 2:
            return "here"
        start = self._from_first(self.start, x.shape[axis])
        if not isinstance(start, int):
            return None
        cut = Window(1, stride=self.step, before=-start)
        return tuple(cut if other == axis else Window(1) for other in range(2, x.rank))

    def does_nothing(self, x: TensorType) -> tuple[str, ...]:
        return ("start", "end", "step") if (self.start, self.end, self.step) == (0, None, 1) else ()

    def lower(self, x: TensorType) -> list[Step]:
        places = (*[slice(None)] * (self.axis % x.rank), slice(self.start, self.end, self.step))
        return [Step("function", "operator.getitem", (Arg(0), places))]

    def _places(self, must: Conditions, axis: int, x: TensorType) -> Size:
        """The size of the axis in the output; `UNKNOWN` after a failure."""
        side = x.shape[axis]
        start = self._from_first(self.start, side)
        end = side if self.end is None else self._from_first(self.end, side)
        has = f"axis {axis} of {x} has {side} places"
        demands = (
            (start + 1, f"`start` is {self.start}, but {has}", "start"),
            (side - end + 1, f"`end` is {self.end}, but {has}", "end"),
            (end - start, f"nothing is left from place {start} to before place {end}: {has}", "start"),
        )
        fits = all(need_places(must, room, message, attribute=attribute) for room, message, attribute in demands)
        return (end - start - 1) // self.step + 1 if fits else UNKNOWN

    def _from_first(self, place: int, side: Size) -> Size:
        return place if place >= 0 else side + place


class Split(Views):
    """Cut a tensor into parts along an axis; each part is an output, `0`, `1` and so on."""

    name: ClassVar[str] = "split"
    also: ClassVar[tuple[str, ...]] = ("chunk",)
    shorthand: ClassVar[str | None] = "parts"

    parts: Annotated[OptionalCount, whole(2, "a whole number of 2 or more")] = None
    """The number of equal parts."""
    sections: OptionalCounts = None
    """The sizes of the parts, which add up to the size of the axis; instead of `parts`."""
    axis: Axis = 1
    """The axis that is cut."""

    @model_validator(mode="after")
    def _parts_or_sections(self) -> Self:
        if self.parts is None and self.sections is None:
            raise wrong_value("parts", "either `parts` or `sections`")
        if self.parts is not None and self.sections is not None:
            raise wrong_value("parts", "no `parts` where `sections` are given")
        if self.parts is not None and self.parts > _MOST_PARTS:
            raise wrong_value("parts", f"at most {_MOST_PARTS} parts")
        return self

    def output_names(self) -> tuple[str, ...]:
        return tuple(str(index) for index in range(self.parts or len(self.sections or ())))

    def infer(self, must: Conditions, x: TensorType) -> tuple[TensorType, ...]:
        axis = resolve_axis(must, self.axis, x)
        side = x.shape[axis]
        if self.parts is not None:
            message = f"axis {axis} of {x} does not fall into {self.parts} equal parts"
            must.be_divisible(side, self.parts, message, attribute="parts")
            sides: list[Size] = [side // self.parts] * self.parts
        else:
            sides = list(self.sections or ())
            total = sum(self.sections or ())
            message = f"axis {axis} of {x} is {side}, but the sections add up to {total}"
            must.be_equal(side, total, message, ports=(0,))
        return tuple(x.with_side(axis, part) for part in sides)

    def sees(self, x: TensorType) -> Sight | None:
        return sight_along(x, self.axis)

    def lower(self, x: TensorType) -> list[Step]:
        if self.parts is not None:
            return [Step("function", "torch.chunk", (Arg(0), self.parts), {"dim": self.axis})]
        return [Step("function", "torch.split", (Arg(0), list(self.sections or ())), {"dim": self.axis})]


class Select(Views):
    """Take one place of an axis, and drop the axis, as `x[:, index]` does: a class token, the last step."""

    name: ClassVar[str] = "select"
    shorthand: ClassVar[str | None] = "index"

    axis: Axis = 1
    """The axis that is dropped."""
    index: _Place
    """The place; below 0 it counts from the end."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        axis = resolve_axis(must, self.axis, x)
        side = x.shape[axis]
        room = side - self.index if self.index >= 0 else side + self.index + 1
        message = f"`index` is {self.index}, but axis {axis} of {x} has {side} places"
        need_places(must, room, message, attribute="index")
        return x.with_side(axis)

    def lower(self, x: TensorType) -> list[Step]:
        return [Step("function", "torch.select", (Arg(0), self.axis, self.index))]


class IndexSelect(Moves):
    """Take places of an axis in any order, and as often as wanted."""

    name: ClassVar[str] = "index_select"
    also: ClassVar[tuple[str, ...]] = ("gather", "take")

    axis: Axis = 1
    """The axis whose places they are."""
    indices: _Places
    """The places, counted from 0."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        axis = resolve_axis(must, self.axis, x)
        side, last = x.shape[axis], max(self.indices)
        message = f"`indices` go up to {last}, but axis {axis} of {x} has {side} places"
        need_places(must, side - last, message, attribute="indices")
        return x.with_side(axis, len(self.indices))

    def weights(self, x: TensorType) -> dict[str, Weight]:
        return {"indices": Weight((len(self.indices),), "constant", "int64", self.indices)}

    def sees(self, x: TensorType) -> Sight | None:
        return sight_along(x, self.axis)

    def lower(self, x: TensorType) -> list[Step]:
        read = Step("weight", args=(), name="indices")
        return [read, Step("function", "torch.index_select", (Arg(0), self.axis, Result(0)))]


class Tile(Moves):
    """Put copies of a tensor one after the other along its axes, as `Tensor.repeat` does.

    `expand` repeats an axis of size 1 without copying; `repeat` on an item builds several of it.
    """

    name: ClassVar[str] = "tile"
    also: ClassVar[tuple[str, ...]] = ("repeat", "repeatvector")
    shorthand: ClassVar[str | None] = "times"

    times: _Times
    """How many copies along each axis; where there are more numbers than axes, the first ones are of new axes."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        new = len(self.times) - x.rank
        if new < 0:
            message = f"`times` has {len(self.times)} numbers, but the input {x} has {x.rank} axes"
            must.refuse("wrong-value", message, attribute="times", ports=(0,), help="give every axis a number")
        sides = zip((1,) * new + x.shape, self.times, strict=True)
        return x.with_shape(*(bounded(must, side * times) for side, times in sides))

    def sees(self, x: TensorType) -> Sight | None:
        return "here" if len(self.times) == x.rank and set(self.times[2:]) <= {1} else None

    def does_nothing(self, x: TensorType) -> tuple[str, ...]:
        return ("times",) if self.times == (1,) * x.rank else ()

    def lower(self, x: TensorType) -> list[Step]:
        return [Step("method", "repeat", (Arg(0), *self.times))]


_IMAGE = TensorType((2, 6, 4, 5))
_WORDS = TensorType((2, 3), "int64")

Slice.examples = (
    Example({"start": 1}, (_IMAGE,)),
    Example({"axis": -1, "start": -4, "end": -1, "step": 2}, (_IMAGE,)),
    Example({"axis": 2, "end": 3}, (_IMAGE,)),
    Example({"step": 2}, (_WORDS,)),
    Example({"axis": 2}, (_IMAGE,)),
)
Split.examples = (
    Example({"parts": 2}, (_IMAGE,)),
    Example({"sections": [1, 2, 3]}, (_IMAGE,)),
    Example({"parts": 5, "axis": -1}, (_IMAGE,)),
)
Select.examples = (Example({"index": 0}, (TensorType((2, 5, 3)),)), Example({"axis": 2, "index": -1}, (_IMAGE,)))
IndexSelect.examples = (
    Example({"indices": [2, 1, 0, 2]}, (_IMAGE,)),
    Example({"axis": -1, "indices": [0]}, (_WORDS,)),
)
Tile.examples = (
    Example({"times": [1, 2, 1, 3]}, (_IMAGE,)),
    Example({"times": [2, 1, 2]}, (_WORDS,)),
    Example({"times": [1, 1]}, (_WORDS,)),
)
