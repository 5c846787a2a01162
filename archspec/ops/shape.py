"""Shapes: the same values in other axes."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import model_validator

from archspec.ir.attributes import (
    Axes,
    Axis,
    Count,
    OptionalCount,
    OptionalCounts,
    whole,
    wrong_value,
)
from archspec.ir.conditions import Conditions
from archspec.ir.dims import Size, product
from archspec.ir.op import Arg, Example, Sight, Step
from archspec.ir.types import TensorType
from archspec.ops._moving import Moves, Views
from archspec.ops._shared import bounded, changed, need_rank_from, resolve_axis, sight_along

_MOST_PARTS: Final = 10_000
"""Each is an output with a name of its own."""


class Identity(Views):
    """Give the input as it is: something to hang a name on."""

    name: ClassVar[str] = "identity"
    also: ClassVar[tuple[str, ...]] = ("noop",)
    sight: ClassVar[Literal["here"]] = "here"

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        return x

    def lower(self, x: TensorType) -> list[Step]:
        return [Step("module", "torch.nn.Identity")]


class Flatten(Views):
    """Make one axis of several neighbouring ones; of all but the batch where nothing is said."""

    name: ClassVar[str] = "flatten"

    start: Axis = 1
    """The first axis of them."""
    end: Axis = -1
    """The last axis of them."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        start = resolve_axis(must, self.start, x, "start")
        end = resolve_axis(must, self.end, x, "end")
        if start > end:
            must.refuse(
                "wrong-axis", f"`start` is axis {start} of {x}, which is after `end`, axis {end}", attribute="start"
            )
        side = bounded(must, product(x.shape[start : end + 1]))
        return TensorType((*x.shape[:start], side, *x.shape[end + 1 :]), x.dtype)

    def sees(self, x: TensorType) -> Sight | None:
        start, end = self.start % x.rank, self.end % x.rank
        return "here" if end == start else "everywhere" if (start, end) == (1, x.rank - 1) else None

    def does_nothing(self, x: TensorType) -> tuple[str, ...]:
        return ("start", "end") if self.start % x.rank == self.end % x.rank else ()

    def lower(self, x: TensorType) -> list[Step]:
        settings = {"start_dim": self.start} | changed(end_dim=(self.end, -1))
        return [Step("function", "torch.flatten", (Arg(0),), settings)]


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


class ChannelShuffle(Moves):
    """Deal the channels of every group out to all groups, so that the next grouped convolution sees them mixed.

    Channel `i` of group `g` becomes channel `i * groups + g` (Zhang et al. 2017, ShuffleNet). The channels are axis 1.
    """

    name: ClassVar[str] = "channel_shuffle"
    sight: ClassVar[Literal["here"]] = "here"
    shorthand: ClassVar[str | None] = "groups"

    groups: Count
    """The number of groups."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        need_rank_from(must, x, 3, "[N, C, ...] with spatial axes")
        message = f"{x.shape[1]} channels do not fall into {self.groups} equal groups"
        must.be_divisible(x.shape[1], self.groups, message, attribute="groups")
        return x

    def does_nothing(self, x: TensorType) -> tuple[str, ...]:
        return ("groups",) if self.groups in (1, x.shape[1]) else ()

    def lower(self, x: TensorType) -> list[Step]:
        return [Step("function", "torch.channel_shuffle", (Arg(0), self.groups))]


_IMAGE = TensorType((2, 6, 4, 5))

Identity.examples = (Example({}, (_IMAGE,)), Example({}, (TensorType((2, 3), "bool"),)))
Flatten.examples = (
    Example({}, (_IMAGE,)),
    Example({"start": 2}, (_IMAGE,)),
    Example({"start": 0, "end": 1}, (_IMAGE,)),
    Example({"start": -2, "end": -2}, (TensorType((2, 3), "int64"),)),
)
Permute.examples = (
    Example({"axes": [0, 2, 3, 1]}, (_IMAGE,)),
    Example({"axes": [0, -1, 1]}, (TensorType((2, 3, 4)),)),
    Example({"axes": [0, 1, -1]}, (TensorType((2, 3, 4)),)),
)
Split.examples = (
    Example({"parts": 2}, (_IMAGE,)),
    Example({"sections": [1, 2, 3]}, (_IMAGE,)),
    Example({"parts": 5, "axis": -1}, (_IMAGE,)),
)
ChannelShuffle.examples = (
    Example({"groups": 3}, (_IMAGE,)),
    Example({"groups": 2}, (TensorType((2, 6, 5)),)),
    Example({"groups": 1}, (_IMAGE,)),
)
