"""Activations of straight lines: `relu`, what came of it, and what cuts off or bends at a few places."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from typing import Any, ClassVar, Literal, Self

from pydantic import model_validator

from archspec.ir.attributes import Flag, NonNegativeNumber, Number
from archspec.ir.conditions import Conditions
from archspec.ir.op import Example, KnownSign, Op, Result, Step, Weight
from archspec.ir.types import TensorType
from archspec.ops._pointwise import Activation, SlopeFrom, need_order
from archspec.ops._shared import changed, fixed, known_size, need_float32, resolve_axis


class Relu(Activation):
    """`max(x, 0)` (Nair and Hinton 2010)."""

    name: ClassVar[str] = "relu"
    sign: ClassVar[KnownSign | None] = "never negative"
    bends_below_0: ClassVar[bool] = True
    function: ClassVar[str] = "torch.nn.functional.relu"
    kept: ClassVar[SlopeFrom] = "output"


class Relu6(Activation):
    """`min(max(x, 0), 6)`, which keeps its range in few bits (Krizhevsky 2010)."""

    name: ClassVar[str] = "relu6"
    sign: ClassVar[KnownSign | None] = "never negative"
    function: ClassVar[str] = "torch.nn.functional.relu6"


class SquaredRelu(Activation):
    """The square of `relu` (So et al. 2021, Primer)."""

    name: ClassVar[str] = "squared_relu"
    also: ClassVar[tuple[str, ...]] = ("relu2",)
    sign: ClassVar[KnownSign | None] = "never negative"
    kept: ClassVar[SlopeFrom] = "nothing"
    makes_another: ClassVar[bool] = True

    def lower(self, x: TensorType) -> list[Step]:
        return [Step("function", "torch.nn.functional.relu"), Step("function", "torch.square", (Result(0),))]


class LeakyRelu(Activation):
    """`x` where it is positive, `slope * x` elsewhere (Maas et al. 2013)."""

    name: ClassVar[str] = "leaky_relu"
    also: ClassVar[tuple[str, ...]] = ("lrelu",)
    bends_below_0: ClassVar[bool] = True
    shorthand: ClassVar[str | None] = "slope"
    function: ClassVar[str] = "torch.nn.functional.leaky_relu"

    slope: Number = 0.01
    """The factor of negative values."""

    def does_nothing(self, x: TensorType) -> tuple[str, ...]:
        return ("slope",) if self.slope == 1 else ()

    def _settings(self) -> dict[str, Any]:
        return changed(negative_slope=(self.slope, 0.01))


class RandomizedRelu(Activation):
    """`x` where it is positive, elsewhere `x` times a factor drawn anew for every number while training.

    In eval mode the factor is the middle of the range it is drawn from (Xu et al. 2015, Empirical evaluation of
    rectified activations).
    """

    name: ClassVar[str] = "rrelu"
    bends_below_0: ClassVar[bool] = True
    # The factors, for which torch has room in eval mode too.
    makes_another: ClassVar[bool] = True

    least: Number = 1 / 8
    """The smallest factor of negative values."""
    most: Number = 1 / 3
    """The largest factor of negative values; at least `least`."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        need_order(self.least, self.most)
        return self

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        if x.dtype == "float16":
            must.fail("wrong-dtype", f"`rrelu` has no half precision, but its input is {x}", ports=(0,))
        return super().infer(must, x)

    def does_nothing(self, x: TensorType) -> tuple[str, ...]:
        return ("least", "most") if self.least == self.most == 1 else ()

    def lower(self, x: TensorType) -> list[Step]:
        settings = changed(lower=(self.least, 1 / 8), upper=(self.most, 1 / 3))
        return [Step("module", "torch.nn.RReLU", settings=settings)]


class Prelu(Op):
    """`x` where it is positive, a learned multiple of it elsewhere (He et al. 2015)."""

    name: ClassVar[str] = "prelu"
    bends_below_0: ClassVar[bool] = True
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


class Threshold(Activation):
    """`x` where it is above `threshold`, `value` elsewhere."""

    name: ClassVar[str] = "threshold"
    also: ClassVar[tuple[str, ...]] = ("thresholdedrelu",)
    function: ClassVar[str] = "torch.nn.functional.threshold"
    in_range: ClassVar[tuple[str, ...]] = ("value",)

    threshold: Number
    """What has to be exceeded."""
    value: Number = 0.0
    """What stands in for all the rest."""

    def gives_sign(self) -> KnownSign | None:
        if self.value < 0:
            return None
        return "never negative" if self.threshold >= 0 else "kept"

    def _settings(self) -> dict[str, Any]:
        return {"threshold": self.threshold, "value": self.value}


class HardTanh(Activation):
    """`min(max(x, least), most)`, a cheap `tanh` (Collobert 2004)."""

    name: ClassVar[str] = "hardtanh"
    function: ClassVar[str] = "torch.nn.functional.hardtanh"
    in_range: ClassVar[tuple[str, ...]] = ("least", "most")

    least: Number = -1.0
    """The smallest value that comes out."""
    most: Number = 1.0
    """The largest value that comes out; at least `least`."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        need_order(self.least, self.most)
        return self

    def gives_sign(self) -> KnownSign | None:
        return "never negative" if self.least >= 0 else "kept" if self.most >= 0 else None

    def _settings(self) -> dict[str, Any]:
        return changed(min_val=(self.least, -1.0), max_val=(self.most, 1.0))


class HardSigmoid(Activation):
    """`relu6(x + 3) / 6`, a cheap `sigmoid` (Howard et al. 2019, MobileNet v3)."""

    name: ClassVar[str] = "hardsigmoid"
    also: ClassVar[tuple[str, ...]] = ("hsigmoid",)
    sign: ClassVar[KnownSign | None] = "never negative"
    function: ClassVar[str] = "torch.nn.functional.hardsigmoid"


class HardSwish(Activation):
    """`x * relu6(x + 3) / 6`, a cheap `silu` (Howard et al. 2019, MobileNet v3)."""

    name: ClassVar[str] = "hardswish"
    also: ClassVar[tuple[str, ...]] = ("hswish",)
    sign: ClassVar[KnownSign | None] = "kept"
    function: ClassVar[str] = "torch.nn.functional.hardswish"


class _Shrink(Activation):
    sign: ClassVar[KnownSign | None] = "kept"
    shorthand: ClassVar[str | None] = "threshold"
    in_range: ClassVar[tuple[str, ...]] = ("threshold",)

    threshold: NonNegativeNumber = 0.5
    """How far from 0 a value has to be not to become 0."""

    def does_nothing(self, x: TensorType) -> tuple[str, ...]:
        return ("threshold",) if self.threshold == 0 else ()

    def _settings(self) -> dict[str, Any]:
        return changed(lambd=(self.threshold, 0.5))


class HardShrink(_Shrink):
    """0 where `x` is within `threshold` of 0, `x` elsewhere: hard thresholding (Donoho and Johnstone 1994)."""

    name: ClassVar[str] = "hardshrink"
    function: ClassVar[str] = "torch.nn.functional.hardshrink"


class SoftShrink(_Shrink):
    """`x` brought nearer to 0 by `threshold`, and 0 where it was nearer: the step of sparse coding."""

    name: ClassVar[str] = "softshrink"
    also: ClassVar[tuple[str, ...]] = ("shrink",)
    function: ClassVar[str] = "torch.nn.functional.softshrink"


_IMAGE = TensorType((2, 3, 4, 5))

LeakyRelu.examples = tuple(Example(slope, (_IMAGE,)) for slope in ({}, {"slope": 0.2}, {"slope": 1}))
RandomizedRelu.examples = (
    Example({}, (_IMAGE,)),
    Example({"least": 0.1, "most": 0.1}, (TensorType((2, 3)),)),
    Example({"least": 1, "most": 1}, (_IMAGE,)),
)
Prelu.examples = (
    Example({}, (_IMAGE,)),
    Example({"per_channel": True, "slope": 0.1}, (_IMAGE,)),
    Example({"per_channel": True}, (TensorType((2, 3)),)),
)
Threshold.examples = (
    Example({"threshold": 0.5}, (_IMAGE,)),
    Example({"threshold": 0.1, "value": -20}, (TensorType((2, 3)),)),
    Example({"threshold": -1, "value": 3}, (_IMAGE,)),
)
HardTanh.examples = (
    Example({}, (_IMAGE,)),
    Example({"least": 0, "most": 20}, (TensorType((2, 3)),)),
    Example({"least": -2, "most": -1}, (_IMAGE,)),
)
HardShrink.examples = SoftShrink.examples = (
    Example({}, (_IMAGE,)),
    Example({"threshold": 0}, (TensorType((2, 3)),)),
)
