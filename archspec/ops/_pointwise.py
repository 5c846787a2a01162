"""What ops that make one number of one number, everywhere, have in common."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, TypeAlias

from archspec.ir.attributes import wrong_value
from archspec.ir.conditions import Conditions
from archspec.ir.dims import Size
from archspec.ir.op import Arg, Example, Kept, Op, Step
from archspec.ir.types import TensorType
from archspec.ops._shared import bytes_of, need_in_range, need_numbers

SlopeFrom: TypeAlias = Literal["input", "output", "nothing"]
"""What the slope of a function follows from, beside what it makes on its way."""


class Pointwise(Op):
    """Base of the ops that are one function of torch of every number."""

    sight: ClassVar[Literal["here"]] = "here"
    function: ClassVar[str]
    kept: ClassVar[SlopeFrom] = "input"
    makes_another: ClassVar[bool] = False
    """Whether it makes another tensor of the size of its input on its way, which its slope follows from too."""
    takes_whole_numbers: ClassVar[bool] = False
    """Whether it gives whole numbers for whole numbers."""
    in_range: ClassVar[tuple[str, ...]] = ()
    """The attributes that the dtype of the input has to be able to hold."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        """The type of the input."""
        if self.takes_whole_numbers:
            need_numbers(must, x, self.name)
        else:
            must.be_floating(x, op=self.name)
        need_in_range(must, x, **{name: getattr(self, name) for name in self.in_range})
        return x

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        """What the slope follows from; whole numbers have none."""
        if not inputs[0].is_floating:
            return Kept()
        extra = self.scratch(inputs, outputs)
        return Kept((0,) if self.kept == "input" else (), outputs=self.kept == "output", extra=extra)

    def scratch(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        """What it makes on its way."""
        return bytes_of(inputs[0].elements, inputs[0]) if self.makes_another else 0

    def lower(self, x: TensorType) -> list[Step]:
        """The function, with what attributes say."""
        return [Step("function", self.function, (Arg(0),), self._settings())]

    def _settings(self) -> dict[str, Any]:
        return {}


class Activation(Pointwise):
    """Base of the activations among them."""

    category: ClassVar[str] = "activation"
    examples: ClassVar[tuple[Example, ...]] = (Example({}, (TensorType((2, 3, 4, 5)),)),)


def need_order(least: float | None, most: float | None) -> None:
    """Refuse bounds that are the wrong way round, whichever may be left out."""
    if least is not None and most is not None and most < least:
        raise wrong_value("most", f"a number of at least {least:g}, which is `least`")
