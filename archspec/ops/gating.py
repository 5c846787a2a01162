"""Gates: one half of an axis says how much of the other half is let through."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from collections.abc import Sequence
from typing import Annotated, ClassVar, Final

from archspec.ir.attributes import Axis, one_of
from archspec.ir.conditions import Conditions
from archspec.ir.dims import Size
from archspec.ir.op import Arg, Example, Kept, KnownSign, Op, Result, Sight, Step
from archspec.ir.types import TensorType
from archspec.ops._shared import bytes_of, changed, resolve_axis, sight_along

_FUNCTIONS: Final = {
    "relu": "torch.nn.functional.relu",
    "gelu": "torch.nn.functional.gelu",
    "silu": "torch.nn.functional.silu",
    "tanh": "torch.tanh",
}


class Glu(Op):
    """Cut an axis, the last unless said, into halves; multiply the first by an activation of the second, the gate.

    With `sigmoid` it is GLU (Dauphin et al. 2016), with `relu`, `gelu`, `silu` or `none` it is ReGLU, GEGLU, SwiGLU or
    the bilinear layer of Shazeer 2020, GLU variants improve Transformer; with `tanh` the gate lies between -1 and 1.
    """

    name: ClassVar[str] = "glu"
    also: ClassVar[tuple[str, ...]] = ("swiglu", "geglu", "reglu", "gatedlinearunit")
    sign: ClassVar[KnownSign | None] = "kept"
    # No activation: what goes by that category, as the reading of scopes and the splitting of kernels, keeps shapes.
    category: ClassVar[str] = "gate"
    shorthand: ClassVar[str | None] = "activation"

    activation: Annotated[str, one_of("sigmoid", *_FUNCTIONS, "none")] = "sigmoid"
    """What the gate goes through before the halves are multiplied; `none` for nothing."""
    axis: Axis = -1
    """The axis that is halved: the last, as in torch, is that of features; the channels of an image are axis 1."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        must.be_floating(x, op=self.name)
        axis = resolve_axis(must, self.axis, x)
        message = f"`glu` needs an even size at axis {axis}, but its input is {x}"
        must.be_divisible(x.shape[axis], 2, message)
        return x.with_side(axis, x.shape[axis] // 2)

    def sees(self, x: TensorType) -> Sight | None:
        return sight_along(x, self.axis)

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        return Kept(inputs=(0,), extra=self.scratch(inputs, outputs))

    def scratch(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        return bytes_of(outputs[0].elements, outputs[0]) if self.activation in _FUNCTIONS else 0

    def lower(self, x: TensorType) -> list[Step]:
        if self.activation == "sigmoid":
            return [Step("function", "torch.nn.functional.glu", settings=changed(dim=(self.axis, -1)))]
        steps = [
            Step("function", "torch.chunk", (Arg(0), 2, self.axis)),
            Step("function", "operator.getitem", (Result(0), 0)),
            Step("function", "operator.getitem", (Result(0), 1)),
        ]
        if self.activation in _FUNCTIONS:
            steps.append(Step("function", _FUNCTIONS[self.activation], (Result(2),)))
        return [*steps, Step("function", "torch.mul", (Result(1), Result(len(steps) - 1)))]


_IMAGE = TensorType((2, 6, 4, 5))

Glu.examples = (
    Example({}, (TensorType((2, 5, 6)),)),
    Example({"axis": 1}, (_IMAGE,)),
    *(Example({"activation": word, "axis": 1}, (_IMAGE,)) for word in (*_FUNCTIONS, "none")),
)
