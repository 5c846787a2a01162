"""Positions: where something stands along an axis, as a whole number."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from collections.abc import Sequence
from typing import ClassVar

from archspec.ir.attributes import Axis, Count
from archspec.ir.conditions import Conditions
from archspec.ir.op import Arg, Example, Kept, KnownSign, Op, Result, Step
from archspec.ir.types import TensorType
from archspec.ops._moving import need_places
from archspec.ops._shared import resolve_axis


class Positions(Op):
    """Number the places of an axis: 0, 1, 2 and so on, one number a place, as a table of learned positions needs them.

    `embedding` makes rows of them, which `add` spreads over the batch (Radford et al. 2018, GPT).
    """

    name: ClassVar[str] = "positions"
    also: ClassVar[tuple[str, ...]] = ("arange", "range")
    category: ClassVar[str] = "shape"
    sign: ClassVar[KnownSign | None] = "never negative"
    shape_only: ClassVar[tuple[int, ...]] = (0,)
    shorthand: ClassVar[str | None] = "below"

    axis: Axis = 1
    """The axis whose places are numbered."""
    below: Count
    """What the numbers stay below: the most places that the axis may have, as many as the table has rows."""

    def gives_below(self) -> int:
        return self.below

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        axis = resolve_axis(must, self.axis, x)
        side = x.shape[axis]
        message = f"`positions` stay below {self.below}, but axis {axis} of {x} has {side} places"
        need_places(must, self.below - side + 1, message, attribute="below")
        return TensorType((side,), "int64")

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        return Kept()

    def lower(self, x: TensorType) -> list[Step]:
        return [
            Step("method", "size", (Arg(0), self.axis)),
            Step("function", "builtins.getattr", (Arg(0), "device")),
            Step("function", "torch.arange", (Result(0),), {"device": Result(1)}),
        ]


Positions.examples = (
    Example({"below": 8}, (TensorType((2, 5), "int64"),)),
    Example({"axis": -2, "below": 4}, (TensorType((2, 4, 3)),)),
)
