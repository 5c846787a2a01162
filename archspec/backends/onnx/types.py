"""Types of what translations make: dtypes as ONNX numbers them, and shapes that several tensors come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from archspec.ir.dims import Size
from archspec.ir.types import Shape, TensorType

ONNX_DTYPES: Final = {
    "float32": 1, "uint8": 2, "int8": 3, "int16": 5, "int32": 6, "int64": 7, "bool": 9, "float16": 10, "float64": 11,
    "bfloat16": 16,
}  # fmt: skip
"""What `TensorProto.DataType` calls a dtype."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A value of the ONNX graph."""

    name: str
    type: TensorType
    """Over the symbols of the inputs: a side that is a number is that at all sizes."""

    @property
    def shape(self) -> Shape:
        """Its sides."""
        return self.type.shape

    @property
    def rank(self) -> int:
        """The number of its axes."""
        return self.type.rank

    @property
    def dtype(self) -> str:
        """By torch's name."""
        return self.type.dtype


def broadcast(*shapes: Sequence[Size]) -> Shape:
    """The shape that tensors spread to when they are computed with each other; that they do is known already."""
    rank = max(map(len, shapes))
    full = [(*[1] * (rank - len(shape)), *shape) for shape in shapes]
    return tuple(_spread(sides) for sides in zip(*full, strict=True))


def _spread(sides: Sequence[Size]) -> Size:
    """The number that is not 1, else the first symbol, else 1."""
    numbers = [side for side in sides if isinstance(side, int)]
    symbolic = [side for side in sides if not isinstance(side, int)]
    return max(numbers) if numbers and (max(numbers) > 1 or not symbolic) else symbolic[0]
