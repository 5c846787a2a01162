"""Sources: tensors that come from no input."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from typing import ClassVar

from archspec.ir.attributes import Shape
from archspec.ir.conditions import Conditions
from archspec.ir.op import Example, Op, Step, Weight
from archspec.ir.types import TensorType


class Parameter(Op):
    """A learned tensor by itself: a class token, a position embedding. Its key is the path of the item."""

    name: ClassVar[str] = "parameter"
    category: ClassVar[str] = "source"
    inputs: ClassVar[tuple[str, ...]] = ()
    shorthand: ClassVar[str | None] = "shape"

    shape: Shape
    """Its sides: [1, 197, 768]."""

    def infer(self, must: Conditions) -> TensorType:
        return TensorType(self.shape)

    def weights(self) -> dict[str, Weight]:
        return {"": Weight(self.shape)}

    def lower(self) -> list[Step]:
        return [Step("weight", args=())]


Parameter.examples = (Example({"shape": [1, 5, 3]}, ()), Example({"shape": [7]}, ()))
