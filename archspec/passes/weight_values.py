"""Values of weights as data: what a rewritten weight is, in terms of those that the network was made with.

Passes hold no tensors. A backend evaluates these in float64 and rounds once, so that one fold serves every engine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypeAlias

Operation: TypeAlias = Literal["add", "subtract", "multiply", "divide", "sqrt", "concat", "reshape", "sum"]


@dataclass(frozen=True, slots=True)
class Original:
    """A tensor of the module that is optimised, by its key in the `state_dict`."""

    depth: ClassVar[int] = 0
    key: str

    def __str__(self) -> str:
        return self.key


@dataclass(frozen=True, slots=True)
class Constant:
    """A tensor of numbers that the spec gives."""

    depth: ClassVar[int] = 0
    shape: tuple[int, ...]
    numbers: float | tuple[float, ...] = 0.0
    """One for all elements, or one for each."""

    def __str__(self) -> str:
        return f"{self.numbers:g}" if isinstance(self.numbers, float | int) else str(list(self.numbers))


@dataclass(frozen=True, slots=True)
class Combined:
    """An operation on values, which broadcast as in torch."""

    operation: Operation
    parts: tuple[WeightValue, ...]
    setting: tuple[int, ...] = ()
    """The axis that is joined along, the shape that is taken, or the axes that are summed over."""
    depth: int = field(init=False, compare=False, repr=False)
    """How many operations stand in a row, at most."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "depth", 1 + max(part.depth for part in self.parts))

    def __str__(self) -> str:
        setting = f", {list(self.setting)}" if self.setting else ""
        return f"{self.operation}({', '.join(map(str, self.parts))}{setting})"


WeightValue: TypeAlias = Original | Constant | Combined


def add(left: WeightValue, right: WeightValue) -> WeightValue:
    """The sum of two values."""
    return Combined("add", (left, right))


def subtract(left: WeightValue, right: WeightValue) -> WeightValue:
    """The difference of two values."""
    return Combined("subtract", (left, right))


def multiply(left: WeightValue, right: WeightValue) -> WeightValue:
    """The product of two values."""
    return Combined("multiply", (left, right))


def divide(left: WeightValue, right: WeightValue) -> WeightValue:
    """The quotient of two values."""
    return Combined("divide", (left, right))


def root(value: WeightValue) -> WeightValue:
    """The square root of a value."""
    return Combined("sqrt", (value,))


def reshape(value: WeightValue, shape: tuple[int, ...]) -> WeightValue:
    """A value in another shape."""
    return Combined("reshape", (value,), shape)


def concat(values: tuple[WeightValue, ...], axis: int = 0) -> WeightValue:
    """Values joined along an axis."""
    return Combined("concat", values, (axis,))


def total(value: WeightValue, axes: tuple[int, ...]) -> WeightValue:
    """The sum of a value over axes, which are gone then."""
    return Combined("sum", (value,), axes)


def originals(value: WeightValue) -> Iterator[str]:
    """The keys of the tensors that a value is made of."""
    match value:
        case Original(key):
            yield key
        case Combined(_, parts):
            for part in parts:
                yield from originals(part)
        case Constant():
            return
