"""Softmax and its relatives, which weigh every number against the others along an axis."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from collections.abc import Sequence
from typing import ClassVar

from archspec.ir.attributes import Axis
from archspec.ir.conditions import Conditions
from archspec.ir.dims import Size
from archspec.ir.op import Arg, Example, Kept, KnownSign, Op, Sight, Step
from archspec.ir.types import TensorType
from archspec.ops._shared import bytes_of, resolve_axis, sight_along


class _AlongAxis(Op):
    category: ClassVar[str] = "activation"
    shorthand: ClassVar[str | None] = "axis"
    function: ClassVar[str]

    axis: Axis = 1
    """The axis along which the exponentials add up to 1."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        must.be_floating(x, op=self.name)
        resolve_axis(must, self.axis, x)
        return x

    def sees(self, x: TensorType) -> Sight | None:
        return sight_along(x, self.axis, in_space="everywhere")

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        return Kept(outputs=True)

    def lower(self, x: TensorType) -> list[Step]:
        return [Step("function", self.function, (Arg(0),), {"dim": self.axis})]


class Softmax(_AlongAxis):
    """`exp(x) / sum(exp(x))` along an axis: positive numbers that add up to 1."""

    name: ClassVar[str] = "softmax"
    sign: ClassVar[KnownSign | None] = "never negative"
    function: ClassVar[str] = "torch.nn.functional.softmax"


class Softmin(_AlongAxis):
    """`softmax` of `-x`: the smallest numbers get the most."""

    name: ClassVar[str] = "softmin"
    sign: ClassVar[KnownSign | None] = "never negative"
    function: ClassVar[str] = "torch.nn.functional.softmin"

    def scratch(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        return bytes_of(inputs[0].elements, inputs[0])


class LogSoftmax(_AlongAxis):
    """The logarithm of `softmax`, computed without leaving the range of floats."""

    name: ClassVar[str] = "log_softmax"
    function: ClassVar[str] = "torch.nn.functional.log_softmax"


Softmax.examples = Softmin.examples = LogSoftmax.examples = (
    Example({}, (TensorType((2, 3, 4, 5)),)),
    Example({"axis": -1}, (TensorType((2, 3)),)),
)
