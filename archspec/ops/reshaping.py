"""Reshaping: the same values in other axes, by sizes that may follow those of the input."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from collections.abc import Sequence
from typing import ClassVar, Self, TypeVar

from pydantic import model_validator

from archspec.ir.attributes import Axis, Dims, wrong_value
from archspec.ir.conditions import Conditions
from archspec.ir.dims import UNKNOWN, Dim, Size, cancelled, product
from archspec.ir.op import Arg, Example, Op, Result, Sight, Step
from archspec.ir.own_sizes import at_inputs, own_size, read
from archspec.ir.types import Shape, TensorType
from archspec.ops._moving import OptionalAxisOrAxes, Views
from archspec.ops._shared import bounded, changed, resolve_axis

_Op = TypeVar("_Op", bound=Op)


class Reshape(Views):
    """Read the values, in their order, in other axes; the sizes may be those of the input: `[$N, $T, 12, 64]`."""

    name: ClassVar[str] = "reshape"
    also: ClassVar[tuple[str, ...]] = ("view",)
    shorthand: ClassVar[str | None] = "shape"

    shape: Dims
    """The sizes: numbers, symbols of the input, `$(T // 2)`; one of them may be -1, for whatever the others leave."""

    @model_validator(mode="after")
    def _one_size_follows(self) -> Self:
        return _with_one_that_follows(self, "shape", self.shape)

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        shape = _filled(must, self.shape, x.elements, x, str(x), "shape")
        return TensorType(shape, x.dtype)

    def does_nothing(self, x: TensorType) -> tuple[str, ...]:
        return ("shape",) if _is_own(self.shape, x) else ()

    def lower(self, x: TensorType) -> list[Step]:
        steps: list[Step] = []
        shape = tuple(read(self.shape, steps))
        return [*steps, Step("function", "torch.reshape", (Arg(0), shape))]


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


class Unflatten(Views):
    """Make several axes of one: the opposite of `flatten`."""

    name: ClassVar[str] = "unflatten"

    axis: Axis = 1
    """The axis that is taken apart."""
    sizes: Dims
    """The sizes of the new axes; one of them may be -1, for whatever the others leave."""

    @model_validator(mode="after")
    def _one_size_follows(self) -> Self:
        return _with_one_that_follows(self, "sizes", self.sizes)

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        axis = resolve_axis(must, self.axis, x)
        sizes = _filled(must, self.sizes, x.shape[axis], x, f"axis {axis} of {x}", "sizes")
        return x.with_side(axis, *sizes)

    def does_nothing(self, x: TensorType) -> tuple[str, ...]:
        return ("sizes",) if len(self.sizes) == 1 else ()

    def lower(self, x: TensorType) -> list[Step]:
        steps: list[Step] = []
        sizes = tuple(read(self.sizes, steps))
        return [*steps, Step("function", "torch.unflatten", (Arg(0), self.axis, sizes))]


class Expand(Views):
    """Repeat a tensor along axes of size 1, and along new first axes, without copying it."""

    name: ClassVar[str] = "expand"
    also: ClassVar[tuple[str, ...]] = ("broadcastto",)
    shorthand: ClassVar[str | None] = "shape"

    shape: Dims
    """The sizes; -1 keeps an axis as it is, and axes that are more than those of the input come first."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        new = len(self.shape) - x.rank
        if new < 0 or -1 in self.shape[:new]:
            said = f"{len(self.shape)} sizes" if new < 0 else "-1 for a new axis"
            message = f"`shape` has {said}, but the input {x} has {x.rank} axes"
            must.refuse(
                "wrong-value",
                message,
                attribute="shape",
                ports=(0,),
                help="give every axis a size; new ones stand first",
            )
        sides = (1,) * new + x.shape
        sizes = _at(must, self.shape, x, "shape")
        wanted = [side if size == -1 else size for size, side in zip(sizes, sides, strict=True)]
        return TensorType(_spread(must, sides, wanted, f"{x} does not expand to {_listed(wanted)}"), x.dtype)

    def does_nothing(self, x: TensorType) -> tuple[str, ...]:
        return ("shape",) if _is_own(self.shape, x) else ()

    def lower(self, x: TensorType) -> list[Step]:
        steps: list[Step] = []
        sizes = read(self.shape, steps)
        return [*steps, Step("method", "expand", (Arg(0), *sizes))]


class ExpandLike(Views):
    """Repeat a tensor along axes of size 1, without copying it, until it has the sides of another."""

    name: ClassVar[str] = "expand_like"
    also: ClassVar[tuple[str, ...]] = ("expandas",)
    inputs: ClassVar[tuple[str, ...]] = ("x", "like")
    shape_only: ClassVar[tuple[int, ...]] = (1,)

    axes: OptionalAxisOrAxes = None
    """An axis along which it does, as of `like`, or a list of them; all where nothing is said."""

    def infer(self, must: Conditions, x: TensorType, like: TensorType) -> TensorType:
        sides = self._sides(must, x, like)
        chosen = self._chosen(must, like)
        wanted = [like.shape[axis] if axis in chosen else side for axis, side in enumerate(sides)]
        return TensorType(_spread(must, sides, wanted, f"{x} does not expand to the sides of {like}"), x.dtype)

    def lower(self, x: TensorType, like: TensorType) -> list[Step]:
        if self.axes is None:
            return [Step("method", "expand_as", (Arg(0), Arg(1)))]
        chosen = sorted({axis % like.rank for axis in self.axes})
        read_sides = [Step("method", "size", (Arg(1), axis)) for axis in chosen]
        sizes = [Result(chosen.index(axis)) if axis in chosen else -1 for axis in range(like.rank)]
        return [*read_sides, Step("method", "expand", (Arg(0), *sizes))]

    def _sides(self, must: Conditions, x: TensorType, like: TensorType) -> Shape:
        new = like.rank - x.rank
        missing = new > 0 and self.axes is not None and not {*range(new)} <= {axis % like.rank for axis in self.axes}
        if new < 0 or missing:
            must.refuse(
                "wrong-rank", f"{x} has {x.rank} axes and does not expand to the {like.rank} of {like}", ports=(0, 1)
            )
        return (1,) * new + x.shape

    def _chosen(self, must: Conditions, like: TensorType) -> set[int]:
        axes = range(like.rank) if self.axes is None else self.axes
        return {resolve_axis(must, axis, like, "axes", port=1) for axis in axes}


def _with_one_that_follows(op: _Op, attribute: str, sizes: Sequence[Size]) -> _Op:
    if sizes.count(-1) > 1:
        raise wrong_value(attribute, "-1 for at most one size, which follows from the others")
    return op


def _is_own(shape: Sequence[Size], x: TensorType) -> bool:
    """Whether sizes are those of the input, whatever these are; a number may be one of them by chance."""
    return len(shape) == x.rank and all(size in (-1, own_size(axis)) for axis, size in enumerate(shape))


def _at(must: Conditions, sizes: tuple[Size, ...], x: TensorType, attribute: str) -> list[Size]:
    """The sizes where the input is `x`, those that follow it held to be positive; -1 stays."""
    wanted = [size if size == -1 else at_inputs(size, [x]) for size in sizes]
    message = f"`{attribute}` comes to {_listed(wanted)} where the input is {x}"
    return [
        must.be_positive(size, message, attribute=attribute) if isinstance(said, Dim) else size
        for size, said in zip(wanted, sizes, strict=True)
    ]


def _filled(must: Conditions, sizes: tuple[Size, ...], whole: Size, x: TensorType, what: str, attribute: str) -> Shape:
    """The sizes of new axes for what is divided among them, -1 filled in."""
    found = _at(must, sizes, x, attribute)
    given = product(tuple(size for size in found if size != -1))
    if given is UNKNOWN or whole is UNKNOWN:
        must.skipped = True
        return tuple(UNKNOWN if size == -1 else size for size in found)
    message = f"{what} does not fall into {_listed(found)}"
    if -1 not in sizes:
        must.be_equal(whole, given, message, ports=(0,))
        return tuple(found)
    share = cancelled(whole, given)
    if share is None:
        must.refuse(
            "unknown-size",
            f"what is left for -1 in {_listed(found)} cannot be told from {what}",
            attribute=attribute,
            ports=(0,),
            help="say all sizes, or let the others be numbers or sides of the input",
        )
    rest, by = share
    must.be_divisible(rest, by, message, attribute=attribute)
    return tuple(rest // by if size == -1 else size for size in found)


def _spread(must: Conditions, sides: Sequence[Size], wanted: Sequence[Size], message: str) -> Shape:
    """The sides after those of 1 are repeated; all others have to be what is wanted already."""
    pairs = zip(sides, wanted, strict=True)
    return tuple(new if side == 1 else must.be_equal(side, new, message, ports=(0,)) for side, new in pairs)


def _listed(sizes: Sequence[Size]) -> str:
    return f"[{', '.join(map(str, sizes))}]"


_IMAGE = TensorType((2, 6, 4, 5))

Reshape.examples = (
    Example({"shape": [2, 3, 2, -1]}, (_IMAGE,)),
    Example({"shape": [own_size(0), 6 * own_size(2), 5]}, (_IMAGE,)),
    Example({"shape": [own_size(0), -1, 3]}, (_IMAGE,)),
    Example({"shape": [24]}, (TensorType((2, 3, 4), "int64"),)),
    Example({"shape": [own_size(0), -1, own_size(2), own_size(3)]}, (_IMAGE,)),
)
Flatten.examples = (
    Example({}, (_IMAGE,)),
    Example({"start": 2}, (_IMAGE,)),
    Example({"start": 0, "end": 1}, (_IMAGE,)),
    Example({"start": -2, "end": -2}, (TensorType((2, 3), "int64"),)),
)
Unflatten.examples = (
    Example({"sizes": [2, 3]}, (_IMAGE,)),
    Example({"sizes": [3, -1]}, (_IMAGE,)),
    Example({"axis": -1, "sizes": [1, 5, 1]}, (_IMAGE,)),
    Example({"sizes": [-1]}, (_IMAGE,)),
    Example({"sizes": [own_size(1) // 3, 3]}, (_IMAGE,)),
)
Expand.examples = (
    Example({"shape": [4, -1, 3, 5]}, (TensorType((2, 1, 5)),)),
    Example({"shape": [own_size(0), 7]}, (TensorType((2, 1)),)),
    Example({"shape": [own_size(0), -1]}, (TensorType((2, 1)),)),
)
ExpandLike.examples = (
    Example({}, (TensorType((1, 5)), TensorType((2, 3, 5)))),
    Example({"axes": [0]}, (TensorType((1, 1, 5)), TensorType((2, 3, 4)))),
    Example({"axes": -1}, (TensorType((2, 1)), TensorType((2, 4)))),
)
