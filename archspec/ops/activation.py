"""Activations of smooth curves: one number in, one number out, everywhere."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from archspec.ir.attributes import Number, PositiveNumber, one_of
from archspec.ir.dims import Size
from archspec.ir.op import Arg, Example, KnownSign, Result, Step
from archspec.ir.types import TensorType
from archspec.ops._pointwise import Activation, SlopeFrom
from archspec.ops._shared import changed


class Elu(Activation):
    """`x` where it is positive, `alpha * (exp(x) - 1)` elsewhere (Clevert et al. 2015)."""

    name: ClassVar[str] = "elu"
    bends_below_0: ClassVar[bool] = True
    function: ClassVar[str] = "torch.nn.functional.elu"

    alpha: Number = 1.0
    """What it tends to for large negative values, negated."""

    def _settings(self) -> dict[str, Any]:
        return changed(alpha=(self.alpha, 1.0))


class Celu(Activation):
    """`x` where it is positive, `alpha * (exp(x / alpha) - 1)` elsewhere: an `elu` without a kink (Barron 2017)."""

    name: ClassVar[str] = "celu"
    bends_below_0: ClassVar[bool] = True
    function: ClassVar[str] = "torch.nn.functional.celu"

    alpha: PositiveNumber = 1.0
    """What it tends to for large negative values, negated."""

    def _settings(self) -> dict[str, Any]:
        return changed(alpha=(self.alpha, 1.0))


class Selu(Activation):
    """An `elu` scaled so that means and variances settle at 0 and 1 from layer to layer (Klambauer et al. 2017)."""

    name: ClassVar[str] = "selu"
    sign: ClassVar[KnownSign | None] = "kept"
    function: ClassVar[str] = "torch.nn.functional.selu"


class Gelu(Activation):
    """`x` times the chance that a standard normal number is below it (Hendrycks and Gimpel 2016)."""

    name: ClassVar[str] = "gelu"
    also: ClassVar[tuple[str, ...]] = ("quickgelu",)
    sign: ClassVar[KnownSign | None] = "kept"
    shorthand: ClassVar[str | None] = "approximate"
    function: ClassVar[str] = "torch.nn.functional.gelu"
    makes_another: ClassVar[bool] = True

    approximate: Annotated[str, one_of("none", "tanh", "sigmoid")] = "none"
    """`none` for the exact function, `tanh` for the formula that BERT and GPT-2 were trained with, `sigmoid` for
    `x * sigmoid(1.702 * x)`, that of CLIP."""

    def scratch(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        return super().scratch(inputs, outputs) if self.approximate == "sigmoid" else 0

    def lower(self, x: TensorType) -> list[Step]:
        if self.approximate != "sigmoid":
            return super().lower(x)
        return [
            Step("function", "torch.mul", (Arg(0), 1.702)),
            Step("function", "torch.sigmoid", (Result(0),)),
            Step("function", "torch.mul", (Arg(0), Result(1))),
        ]

    def _settings(self) -> dict[str, Any]:
        return changed(approximate=(self.approximate, "none"))


class Silu(Activation):
    """`x * sigmoid(x)`, also called swish (Elfwing et al. 2017; Ramachandran et al. 2017)."""

    name: ClassVar[str] = "silu"
    also: ClassVar[tuple[str, ...]] = ("swish",)
    sign: ClassVar[KnownSign | None] = "kept"
    function: ClassVar[str] = "torch.nn.functional.silu"


class Mish(Activation):
    """`x * tanh(softplus(x))` (Misra 2019)."""

    name: ClassVar[str] = "mish"
    sign: ClassVar[KnownSign | None] = "kept"
    function: ClassVar[str] = "torch.nn.functional.mish"


class Sigmoid(Activation):
    """`1 / (1 + exp(-x))`."""

    name: ClassVar[str] = "sigmoid"
    sign: ClassVar[KnownSign | None] = "never negative"
    function: ClassVar[str] = "torch.sigmoid"
    kept: ClassVar[SlopeFrom] = "output"


class LogSigmoid(Activation):
    """The logarithm of `sigmoid`, computed without leaving the range of floats."""

    name: ClassVar[str] = "log_sigmoid"
    function: ClassVar[str] = "torch.nn.functional.logsigmoid"
    makes_another: ClassVar[bool] = True


class Tanh(Activation):
    """The hyperbolic tangent."""

    name: ClassVar[str] = "tanh"
    sign: ClassVar[KnownSign | None] = "kept"
    function: ClassVar[str] = "torch.tanh"
    kept: ClassVar[SlopeFrom] = "output"


class TanhShrink(Activation):
    """`x - tanh(x)`, which is near 0 for small values and keeps large ones but for 1."""

    name: ClassVar[str] = "tanhshrink"
    function: ClassVar[str] = "torch.nn.functional.tanhshrink"
    kept: ClassVar[SlopeFrom] = "nothing"
    makes_another: ClassVar[bool] = True


class SoftSign(Activation):
    """`x / (1 + |x|)`, which comes to its limits more slowly than `tanh` (Glorot and Bengio 2010)."""

    name: ClassVar[str] = "softsign"
    sign: ClassVar[KnownSign | None] = "kept"
    function: ClassVar[str] = "torch.nn.functional.softsign"
    makes_another: ClassVar[bool] = True


class Softplus(Activation):
    """`log(1 + exp(beta * x)) / beta`, a smooth `relu` (Dugas et al. 2000)."""

    name: ClassVar[str] = "softplus"
    function: ClassVar[str] = "torch.nn.functional.softplus"

    beta: PositiveNumber = 1.0
    """How sharply it bends."""
    threshold: Number = 20.0
    """Where `beta * x` is above it the output is `x` itself, so that nothing overflows."""

    def gives_sign(self) -> KnownSign | None:
        return "never negative" if self.threshold >= 0 else "kept"

    def _settings(self) -> dict[str, Any]:
        return changed(beta=(self.beta, 1.0), threshold=(self.threshold, 20.0))


_IMAGE = TensorType((2, 3, 4, 5))

Elu.examples = Celu.examples = (Example({}, (_IMAGE,)), Example({"alpha": 0.5}, (_IMAGE,)))
Gelu.examples = (
    Example({}, (_IMAGE,)),
    Example({"approximate": "tanh"}, (_IMAGE,)),
    Example({"approximate": "sigmoid"}, (_IMAGE,)),
)
Softplus.examples = (Example({}, (_IMAGE,)), Example({"beta": 2, "threshold": 10.5}, (_IMAGE,)))
