"""Tensor types: what flows along an edge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Final, TypeAlias

from archspec.ir.dims import LIMIT, MAX_AXES, UNKNOWN, Size, evaluate, product, unless_too_long

Shape: TypeAlias = tuple[Size, ...]

DTYPES: Final = {
    "float16": 2, "bfloat16": 2, "float32": 4, "float64": 8,
    "int8": 1, "uint8": 1, "int16": 2, "int32": 4, "int64": 8, "bool": 1,
}  # fmt: skip
"""The dtypes a tensor may have, by torch's names, with their bytes an element."""
ELEMENTS_LIMIT: Final = 2**63
"""No tensor may have so many values: torch counts them with 64 bits."""


@dataclass(frozen=True, slots=True)
class TensorType:
    """A shape and a dtype, printed as in messages: `[N, 64, 35, 35]`, the dtype only when it is not float32."""

    shape: Shape
    dtype: str = "float32"

    @property
    def rank(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def elements(self) -> Size:
        """The number of values in it, symbolic where a dim is."""
        return product(self.shape)

    @property
    def amount(self) -> Size:
        """The same to be told, not reasoned with: `TOO_LONG` where it grows beyond that."""
        return unless_too_long(lambda: self.elements)

    @property
    def is_floating(self) -> bool:
        """Whether it holds real numbers, as weights do."""
        return "float" in self.dtype

    def with_shape(self, *shape: Size) -> TensorType:
        """The same dtype in another shape."""
        return TensorType(shape, self.dtype)

    def with_side(self, axis: int, *sides: Size) -> TensorType:
        """The same with other sides in the place of one: none takes the axis out."""
        return self.with_shape(*self.shape[:axis], *sides, *self.shape[axis + 1 :])

    def at(self, sizes: Mapping[str, Size]) -> TensorType:
        """The type where some symbols have these sizes."""
        return self.with_shape(*(evaluate(side, sizes) for side in self.shape))

    @property
    def is_known(self) -> bool:
        """Whether no error was reported about any of its dims."""
        return all(dim is not UNKNOWN for dim in self.shape)

    @property
    def excess(self) -> str | None:
        """Why there is no such tensor, as the end of a sentence that says of something what it is; None where there is.

        A side that is a symbol may be 1.
        """
        if self.rank > MAX_AXES:
            return f"a tensor of {self.rank} axes, and none may have more than {MAX_AXES}"
        sides = [side for side in self.shape if isinstance(side, int)]
        if any(side >= LIMIT for side in sides):
            return f"{self}, and no dim may reach {LIMIT}"
        if prod(sides) >= ELEMENTS_LIMIT:
            return f"{self}, and no tensor may have {ELEMENTS_LIMIT} values"
        return None

    def __str__(self) -> str:
        text = f"[{', '.join(map(str, self.shape))}]"
        return text if self.dtype == "float32" else f"{self.dtype}{text}"


def by(sides: Sequence[Size] | int) -> str:
    """Sides as messages print them: `3x3`, a list where they are symbolic, one number of a sequence as it is."""
    if isinstance(sides, int):
        return str(sides)
    if all(isinstance(side, int) for side in sides):
        return "x".join(map(str, sides))
    return f"[{', '.join(map(str, sides))}]"
