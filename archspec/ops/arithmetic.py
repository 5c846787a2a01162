"""Arithmetic with constants, and with a learned factor for each channel."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from collections.abc import Sequence
from typing import ClassVar, Literal, Self

from pydantic import model_validator

from archspec.ir.attributes import Axis, Number, OptionalNumbers, wrong_value
from archspec.ir.conditions import Conditions
from archspec.ir.dims import Size
from archspec.ir.op import Arg, Example, Kept, KnownSign, Op, Result, Step, Weight
from archspec.ir.types import TensorType
from archspec.ops._shared import bytes_of, fixed, known_size, need_float32, need_rank_from, resolve_axis


class Scale(Op):
    """Multiply by a constant, as the residuals of Inception-ResNet are (Szegedy et al. 2016, section 3.3)."""

    name: ClassVar[str] = "scale"
    linear: ClassVar[bool] = True
    category: ClassVar[str] = "arithmetic"
    sight: ClassVar[Literal["here"]] = "here"
    shorthand: ClassVar[str | None] = "factor"

    factor: Number
    """The constant."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        must.be_floating(x, op=self.name)
        return x

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        return Kept()

    def gives_sign(self) -> KnownSign | None:
        return "kept" if self.factor >= 0 else None

    def does_nothing(self, x: TensorType) -> tuple[str, ...]:
        return ("factor",) if self.factor == 1 else ()

    def lower(self, x: TensorType) -> list[Step]:
        return [Step("function", "torch.mul", (Arg(0), self.factor))]


class Affine(Op):
    """`x * scale + shift` with constants, one for all or one for each channel (axis 1): how inputs are normalised."""

    name: ClassVar[str] = "affine"
    linear: ClassVar[bool] = True
    category: ClassVar[str] = "arithmetic"
    sight: ClassVar[Literal["here"]] = "here"

    scale: OptionalNumbers = None
    """What is multiplied by, first."""
    shift: OptionalNumbers = None
    """What is added, then."""

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if self.scale is None and self.shift is None:
            raise wrong_value("scale", "`scale`, `shift` or both")
        return self

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        must.be_floating(x, op=self.name)
        for attribute, constant in self._constants().items():
            if not isinstance(constant, tuple):
                continue
            need_float32(must, x, self.name)
            need_rank_from(must, x, 2, "[N, C, ...]")
            message = f"`{attribute}` has {len(constant)} numbers, one for each channel, but the input is {x}"
            must.be_equal(x.shape[1], len(constant), message, ports=(0,))
        return x

    def weights(self, x: TensorType) -> dict[str, Weight]:
        return {
            name: Weight((len(constant),) + (1,) * (x.rank - 2), "constant", value=constant)
            for name, constant in self._constants().items()
            if isinstance(constant, tuple)
        }

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        return Kept()

    def scratch(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        return bytes_of(outputs[0].elements, outputs[0]) if len(self._constants()) > 1 else 0

    def gives_sign(self) -> KnownSign | None:
        return "kept" if min(_numbers(self.scale) | _numbers(self.shift)) >= 0 else None

    def does_nothing(self, x: TensorType) -> tuple[str, ...]:
        return ("scale", "shift") if _numbers(self.scale) <= {1} and _numbers(self.shift) <= {0} else ()

    def lower(self, x: TensorType) -> list[Step]:
        steps: list[Step] = []
        value: Arg | Result = Arg(0)
        for name, constant in self._constants().items():
            operand: float | Result = 0.0
            if isinstance(constant, tuple):
                steps.append(Step("weight", args=(), name=name))
                operand = Result(len(steps) - 1)
            else:
                operand = constant
            steps.append(Step("function", _FUNCTIONS[name], (value, operand)))
            value = Result(len(steps) - 1)
        return steps

    def _constants(self) -> dict[str, float | tuple[float, ...]]:
        both = {"scale": self.scale, "shift": self.shift}
        return {name: constant for name, constant in both.items() if constant is not None}


def _numbers(constant: float | tuple[float, ...] | None) -> set[float]:
    """All that a constant is, which may be none or one for each channel."""
    return set() if constant is None else {*constant} if isinstance(constant, tuple) else {constant}


class LayerScale(Op):
    """Multiply every channel by a learned factor that starts small: how residual branches of deep transformers begin.

    Touvron et al. 2021, Going deeper with Image Transformers, section 2. Its key is the path of the item.
    """

    name: ClassVar[str] = "layer_scale"
    linear: ClassVar[bool] = True
    category: ClassVar[str] = "arithmetic"
    sight: ClassVar[Literal["here"]] = "here"
    shorthand: ClassVar[str | None] = "value"

    value: Number = 1e-6
    """What the factors start from."""
    axis: Axis = 1
    """The axis of the channels. The factors have its size, and a 1 for every later axis: [C, 1, 1] of an image."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        need_float32(must, x, self.name)
        known_size(must, x, resolve_axis(must, self.axis, x), self.name)
        return x

    def weights(self, x: TensorType) -> dict[str, Weight]:
        channels, *later = x.shape[self.axis % x.rank :]
        return {"": Weight((fixed(channels),) + (1,) * len(later), value=self.value)}

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        return Kept(inputs=(0,))

    def lower(self, x: TensorType) -> list[Step]:
        return [Step("weight", args=()), Step("function", "torch.mul", (Arg(0), Result(0)))]


_FUNCTIONS = {"scale": "torch.mul", "shift": "torch.add"}
_IMAGE = TensorType((2, 3, 4, 5))

Scale.examples = (
    Example({"factor": 2}, (TensorType((2,), "float64"),)),
    *(Example({"factor": factor}, (_IMAGE,)) for factor in (0.17, 1, -1)),
)
Affine.examples = (
    Example({"scale": [0.458, 0.448, 0.45], "shift": [-0.03, -0.088, -0.188]}, (_IMAGE,)),
    Example({"scale": 2, "shift": -1}, (_IMAGE,)),
    Example({"shift": [1, 2, 3]}, (TensorType((2, 3)),)),
    Example({"shift": 1}, (TensorType((2, 3), "float64"),)),
    Example({"scale": [1, 1, 1], "shift": 0}, (_IMAGE,)),
)
LayerScale.examples = (
    Example({}, (_IMAGE,)),
    Example({"value": 0.1, "axis": -1}, (TensorType((2, 5, 3)),)),
    Example({}, (TensorType((2, 3)),)),
)
