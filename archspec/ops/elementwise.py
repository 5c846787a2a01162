"""Elementwise arithmetic: functions of one number, everywhere, that are written in formulas."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import model_validator

from archspec.ir.attributes import Number, OptionalNumber, one_of, wrong_value
from archspec.ir.conditions import Conditions
from archspec.ir.op import Arg, Example, Kept, KnownSign, Op, Step
from archspec.ir.types import DTYPES, TensorType
from archspec.ops._moving import Views
from archspec.ops._pointwise import Pointwise, SlopeFrom, need_order
from archspec.ops._shared import changed

_IMAGE = TensorType((2, 3, 4, 5))
_WHOLE = TensorType((2, 3), "int64")


class _Function(Pointwise):
    category: ClassVar[str] = "arithmetic"
    examples: ClassVar[tuple[Example, ...]] = (Example({}, (_IMAGE,)),)


class _OfNumbers(_Function):
    takes_whole_numbers: ClassVar[bool] = True
    examples: ClassVar[tuple[Example, ...]] = (Example({}, (_IMAGE,)), Example({}, (_WHOLE,)))


class Abs(_OfNumbers):
    """`|x|`: the number without its sign."""

    name: ClassVar[str] = "abs"
    also: ClassVar[tuple[str, ...]] = ("absolute",)
    sign: ClassVar[KnownSign | None] = "never negative"
    bends_below_0: ClassVar[bool] = True
    function: ClassVar[str] = "torch.abs"


class Negative(_OfNumbers):
    """`-x`."""

    name: ClassVar[str] = "negative"
    also: ClassVar[tuple[str, ...]] = ("neg",)
    linear: ClassVar[bool] = True
    function: ClassVar[str] = "torch.neg"
    kept: ClassVar[SlopeFrom] = "nothing"


class Sign(_OfNumbers):
    """1 above 0, -1 below, 0 at 0. No gradient goes through it."""

    name: ClassVar[str] = "sign"
    sign: ClassVar[KnownSign | None] = "kept"
    function: ClassVar[str] = "torch.sign"
    kept: ClassVar[SlopeFrom] = "nothing"


class Square(_OfNumbers):
    """`x * x`."""

    name: ClassVar[str] = "square"
    sign: ClassVar[KnownSign | None] = "never negative"
    function: ClassVar[str] = "torch.square"


class Exp(_Function):
    """`e` to the power of `x`."""

    name: ClassVar[str] = "exp"
    sign: ClassVar[KnownSign | None] = "never negative"
    function: ClassVar[str] = "torch.exp"
    kept: ClassVar[SlopeFrom] = "output"


class Log(_Function):
    """The natural logarithm: minus infinity at 0, NaN below."""

    name: ClassVar[str] = "log"
    function: ClassVar[str] = "torch.log"


class Sqrt(_Function):
    """The square root: NaN below 0."""

    name: ClassVar[str] = "sqrt"
    sign: ClassVar[KnownSign | None] = "never negative"
    function: ClassVar[str] = "torch.sqrt"
    kept: ClassVar[SlopeFrom] = "output"


class Rsqrt(_Function):
    """1 divided by the square root: infinity at 0, NaN below."""

    name: ClassVar[str] = "rsqrt"
    function: ClassVar[str] = "torch.rsqrt"
    kept: ClassVar[SlopeFrom] = "output"


class Reciprocal(_Function):
    """`1 / x`."""

    name: ClassVar[str] = "reciprocal"
    function: ClassVar[str] = "torch.reciprocal"
    kept: ClassVar[SlopeFrom] = "output"


class Power(_Function):
    """`x` to a constant power: NaN below 0, where the power is not whole."""

    name: ClassVar[str] = "power"
    also: ClassVar[tuple[str, ...]] = ("pow",)
    shorthand: ClassVar[str | None] = "exponent"
    function: ClassVar[str] = "torch.pow"
    in_range: ClassVar[tuple[str, ...]] = ("exponent",)

    exponent: Number
    """The power."""

    def gives_sign(self) -> KnownSign | None:
        return "never negative" if self.exponent % 2 == 0 else "kept" if self.exponent > 0 else None

    def does_nothing(self, x: TensorType) -> tuple[str, ...]:
        return ("exponent",) if self.exponent == 1 else ()

    def _settings(self) -> dict[str, Any]:
        return {"exponent": self.exponent}


class Clamp(_Function):
    """`min(max(x, least), most)`: what lies outside of the bounds is brought to them."""

    name: ClassVar[str] = "clamp"
    also: ClassVar[tuple[str, ...]] = ("clip", "clipbyvalue")
    function: ClassVar[str] = "torch.clamp"
    in_range: ClassVar[tuple[str, ...]] = ("least", "most")

    least: OptionalNumber = None
    """The smallest value that comes out; any where nothing is said."""
    most: OptionalNumber = None
    """The largest value that comes out, at least `least`; any where nothing is said."""

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if self.least is None and self.most is None:
            raise wrong_value("least", "`least`, `most` or both")
        need_order(self.least, self.most)
        return self

    def gives_sign(self) -> KnownSign | None:
        if self.least is not None and self.least >= 0:
            return "never negative"
        return "kept" if self.most is None or self.most >= 0 else None

    def _settings(self) -> dict[str, Any]:
        return changed(min=(self.least, None), max=(self.most, None))


class Sin(_Function):
    """The sine of an angle in radians."""

    name: ClassVar[str] = "sin"
    also: ClassVar[tuple[str, ...]] = ("sine",)
    function: ClassVar[str] = "torch.sin"


class Cos(_Function):
    """The cosine of an angle in radians."""

    name: ClassVar[str] = "cos"
    also: ClassVar[tuple[str, ...]] = ("cosine",)
    function: ClassVar[str] = "torch.cos"


class Erf(_Function):
    """The error function: twice the chance that a normal number of variance 1/2 lies between 0 and `x`."""

    name: ClassVar[str] = "erf"
    sign: ClassVar[KnownSign | None] = "kept"
    function: ClassVar[str] = "torch.erf"


class Floor(_Function):
    """The largest whole number that is not above `x`. No gradient goes through it."""

    name: ClassVar[str] = "floor"
    sign: ClassVar[KnownSign | None] = "kept"
    function: ClassVar[str] = "torch.floor"
    kept: ClassVar[SlopeFrom] = "nothing"


class Round(_Function):
    """The nearest whole number, the even one of two. No gradient goes through it."""

    name: ClassVar[str] = "round"
    sign: ClassVar[KnownSign | None] = "kept"
    function: ClassVar[str] = "torch.round"
    kept: ClassVar[SlopeFrom] = "nothing"


class Identity(Views):
    """Give the input as it is: something to hang a name on."""

    name: ClassVar[str] = "identity"
    also: ClassVar[tuple[str, ...]] = ("noop",)
    sight: ClassVar[Literal["here"]] = "here"

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        return x

    def lower(self, x: TensorType) -> list[Step]:
        return [Step("module", "torch.nn.Identity")]


class Cast(Op):
    """Bring numbers to another dtype, as torch does: what is cut off or does not fit is lost."""

    name: ClassVar[str] = "cast"
    also: ClassVar[tuple[str, ...]] = ("astype", "totype")
    category: ClassVar[str] = "arithmetic"
    sight: ClassVar[Literal["here"]] = "here"
    shorthand: ClassVar[str | None] = "to"

    to: Annotated[str, one_of(*DTYPES)]
    """The dtype."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        return TensorType(x.shape, self.to)

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        return Kept()

    def gives_view(self, phase: Literal["training", "eval"], *inputs: Any) -> bool:
        return bool(inputs[0].dtype == self.to)

    def is_linear(self) -> bool:
        return TensorType((), self.to).is_floating

    def gives_sign(self) -> KnownSign | None:
        return "kept" if TensorType((), self.to).is_floating else None

    def does_nothing(self, x: TensorType) -> tuple[str, ...]:
        return ("to",) if self.to == x.dtype else ()

    def lower(self, x: TensorType) -> list[Step]:
        return [Step("method", "to", (Arg(0), f"torch.{self.to}"))]


Power.examples = tuple(Example({"exponent": power}, (_IMAGE,)) for power in (2, 0.5, -1, 0, 1, 3))
Clamp.examples = (
    Example({"least": 0}, (_IMAGE,)),
    Example({"most": 0.5}, (_IMAGE,)),
    Example({"most": -0.5}, (_IMAGE,)),
    Example({"least": -0.5, "most": 0.5}, (TensorType((2, 3)),)),
)
Identity.examples = (Example({}, (_IMAGE,)), Example({}, (TensorType((2, 3), "bool"),)))
Cast.examples = (
    Example({"to": "float64"}, (_IMAGE,)),
    Example({"to": "float32"}, (_IMAGE,)),
    Example({"to": "float32"}, (TensorType((2, 3), "bool"),)),
    Example({"to": "int64"}, (TensorType((2, 3)),)),
)
