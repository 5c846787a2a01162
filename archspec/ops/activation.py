"""Activations: one number in, one number out, everywhere; and softmax, which looks along an axis."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from archspec.ir.attributes import Axis, Flag, Number, PositiveNumber, one_of
from archspec.ir.conditions import Conditions
from archspec.ir.op import Arg, Example, Kept, Op, Sight, Step, Weight
from archspec.ir.types import TensorType
from archspec.ops._shared import changed, fixed, known_size, need_float32, resolve_axis


class _Activation(Op):
    category: ClassVar[str] = "activation"
    sight: ClassVar[Literal["here"]] = "here"
    function: ClassVar[str]
    keeps_output: ClassVar[bool] = False  # where the slope follows from what is given, the input is not needed
    examples: ClassVar[tuple[Example, ...]] = (Example({}, (TensorType((2, 3, 4, 5)),)),)

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        must.be_floating(x, op=self.name)
        return x

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        return Kept(outputs=True) if self.keeps_output else Kept(inputs=(0,))

    def lower(self, x: TensorType) -> list[Step]:
        return [Step("function", self.function, (Arg(0),), self._settings())]

    def _settings(self) -> dict[str, Any]:
        return {}


class Relu(_Activation):
    """`max(x, 0)` (Nair and Hinton 2010)."""

    name: ClassVar[str] = "relu"
    function: ClassVar[str] = "torch.nn.functional.relu"
    keeps_output: ClassVar[bool] = True


class Relu6(_Activation):
    """`min(max(x, 0), 6)`, which keeps its range in few bits (Krizhevsky 2010)."""

    name: ClassVar[str] = "relu6"
    function: ClassVar[str] = "torch.nn.functional.relu6"


class LeakyRelu(_Activation):
    """`x` where it is positive, `slope * x` elsewhere (Maas et al. 2013)."""

    name: ClassVar[str] = "leaky_relu"
    shorthand: ClassVar[str | None] = "slope"
    function: ClassVar[str] = "torch.nn.functional.leaky_relu"

    slope: Number = 0.01
    """The factor of negative values."""

    def _settings(self) -> dict[str, Any]:
        return changed(negative_slope=(self.slope, 0.01))


class Elu(_Activation):
    """`x` where it is positive, `alpha * (exp(x) - 1)` elsewhere (Clevert et al. 2015)."""

    name: ClassVar[str] = "elu"
    function: ClassVar[str] = "torch.nn.functional.elu"

    alpha: Number = 1.0
    """What it tends to for large negative values, negated."""

    def _settings(self) -> dict[str, Any]:
        return changed(alpha=(self.alpha, 1.0))


class Selu(_Activation):
    """An `elu` scaled so that means and variances settle at 0 and 1 from layer to layer (Klambauer et al. 2017)."""

    name: ClassVar[str] = "selu"
    function: ClassVar[str] = "torch.nn.functional.selu"


class Gelu(_Activation):
    """`x` times the chance that a standard normal number is below it (Hendrycks and Gimpel 2016)."""

    name: ClassVar[str] = "gelu"
    shorthand: ClassVar[str | None] = "approximate"
    function: ClassVar[str] = "torch.nn.functional.gelu"

    approximate: Annotated[str, one_of("none", "tanh")] = "none"
    """`none` for the exact function, `tanh` for the formula that BERT and GPT-2 were trained with."""

    def _settings(self) -> dict[str, Any]:
        return changed(approximate=(self.approximate, "none"))


class Silu(_Activation):
    """`x * sigmoid(x)`, also called swish (Elfwing et al. 2017; Ramachandran et al. 2017)."""

    name: ClassVar[str] = "silu"
    function: ClassVar[str] = "torch.nn.functional.silu"


class Mish(_Activation):
    """`x * tanh(softplus(x))` (Misra 2019)."""

    name: ClassVar[str] = "mish"
    function: ClassVar[str] = "torch.nn.functional.mish"


class Sigmoid(_Activation):
    """`1 / (1 + exp(-x))`."""

    name: ClassVar[str] = "sigmoid"
    function: ClassVar[str] = "torch.sigmoid"
    keeps_output: ClassVar[bool] = True


class Tanh(_Activation):
    """The hyperbolic tangent."""

    name: ClassVar[str] = "tanh"
    function: ClassVar[str] = "torch.tanh"
    keeps_output: ClassVar[bool] = True


class HardSwish(_Activation):
    """`x * relu6(x + 3) / 6`, a cheap `silu` (Howard et al. 2019, MobileNet v3)."""

    name: ClassVar[str] = "hardswish"
    function: ClassVar[str] = "torch.nn.functional.hardswish"


class HardSigmoid(_Activation):
    """`relu6(x + 3) / 6`, a cheap `sigmoid` (Howard et al. 2019, MobileNet v3)."""

    name: ClassVar[str] = "hardsigmoid"
    function: ClassVar[str] = "torch.nn.functional.hardsigmoid"


class Softplus(_Activation):
    """`log(1 + exp(beta * x)) / beta`, a smooth `relu` (Dugas et al. 2000)."""

    name: ClassVar[str] = "softplus"
    function: ClassVar[str] = "torch.nn.functional.softplus"

    beta: PositiveNumber = 1.0
    """How sharply it bends."""
    threshold: Number = 20.0
    """Where `beta * x` is above it the output is `x` itself, so that nothing overflows."""

    def _settings(self) -> dict[str, Any]:
        return changed(beta=(self.beta, 1.0), threshold=(self.threshold, 20.0))


class Prelu(Op):
    """`x` where it is positive, a learned multiple of it elsewhere (He et al. 2015)."""

    name: ClassVar[str] = "prelu"
    category: ClassVar[str] = "activation"
    sight: ClassVar[Literal["here"]] = "here"

    per_channel: Flag = False
    """Whether every channel learns a slope of its own; one for all otherwise."""
    slope: Number = 0.25
    """What the slope starts from."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        need_float32(must, x, self.name)
        if self.per_channel:
            resolve_axis(must, 1, x, attribute="per_channel")
            known_size(must, x, 1, self.name)
        return x

    def weights(self, x: TensorType) -> dict[str, Weight]:
        return {"weight": Weight((self._slopes(x),), value=self.slope)}

    def lower(self, x: TensorType) -> list[Step]:
        settings = changed(num_parameters=(self._slopes(x), 1), init=(self.slope, 0.25))
        return [Step("module", "torch.nn.PReLU", settings=settings)]

    def _slopes(self, x: TensorType) -> int:
        return fixed(x.shape[1]) if self.per_channel else 1


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

    def sees(self, x: TensorType) -> Sight:
        return "here" if self.axis % x.rank < 2 else "everywhere"

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        return Kept(outputs=True)

    def lower(self, x: TensorType) -> list[Step]:
        return [Step("function", self.function, (Arg(0),), {"dim": self.axis})]


class Softmax(_AlongAxis):
    """`exp(x) / sum(exp(x))` along an axis: positive numbers that add up to 1."""

    name: ClassVar[str] = "softmax"
    function: ClassVar[str] = "torch.nn.functional.softmax"


class LogSoftmax(_AlongAxis):
    """The logarithm of `softmax`, computed without leaving the range of floats."""

    name: ClassVar[str] = "log_softmax"
    function: ClassVar[str] = "torch.nn.functional.log_softmax"


_IMAGE = TensorType((2, 3, 4, 5))

LeakyRelu.examples = (Example({}, (_IMAGE,)), Example({"slope": 0.2}, (TensorType((2, 3)),)))
Elu.examples = (Example({}, (_IMAGE,)), Example({"alpha": 0.5}, (_IMAGE,)))
Gelu.examples = (Example({}, (_IMAGE,)), Example({"approximate": "tanh"}, (_IMAGE,)))
Softplus.examples = (Example({}, (_IMAGE,)), Example({"beta": 2, "threshold": 10.5}, (_IMAGE,)))
Prelu.examples = (
    Example({}, (_IMAGE,)),
    Example({"per_channel": True, "slope": 0.1}, (_IMAGE,)),
    Example({"per_channel": True}, (TensorType((2, 3)),)),
)
Softmax.examples = LogSoftmax.examples = (Example({}, (_IMAGE,)), Example({"axis": -1}, (TensorType((2, 3)),)))
