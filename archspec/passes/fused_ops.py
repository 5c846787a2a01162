"""Fused ops: a layer and the activation behind in one call, as engines have it that lay weights out."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from collections.abc import Sequence
from typing import Any, ClassVar

from archspec.ir.conditions import Conditions
from archspec.ir.dims import Size
from archspec.ir.op import Arg, Op, Step, Weight
from archspec.ir.types import TensorType
from archspec.ops.convolution import Conv
from archspec.ops.linear import Linear


class Fused(Op):
    """`activation(layer(x))`: what passes make of nodes for engines that run it as one; no spec can name it."""

    layer: Op
    """What has the weights."""
    activation: str = "none"
    """As oneDNN calls it: `relu`, `swish`, ..."""
    numbers: tuple[float, ...] = ()
    """What the activation takes: a slope, or bounds."""
    form: str = ""
    """How it is computed, where there are several ways: `tanh` for a GELU."""

    def infer(self, must: Conditions, x: TensorType, *added: TensorType) -> Any:
        return self.layer.infer(must, x)

    def weights(self, x: TensorType, *added: TensorType) -> dict[str, Weight]:
        return self.layer.weights(x)

    def macs(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        return self.layer.macs(inputs[:1], outputs)

    def lower(self, x: TensorType, *added: TensorType) -> list[Step]:
        (layer,) = self.layer.lower(x)
        settings: dict[str, Any] = {
            "layer": layer.target,
            "activation": self.activation,
            "numbers": self.numbers,
            "form": self.form,
            **layer.settings,
        }
        args = tuple(map(Arg, range(1 + len(added))))
        return [Step("module", f"archspec.backends.fused.{type(self).__name__}", args, settings)]


class FusedConv(Fused):
    """`activation(conv(x) + other)`."""

    name: ClassVar[str] = "fused_conv"
    category: ClassVar[str] = "convolution"
    inputs: ClassVar[tuple[str, ...]] = ("x", "other")

    layer: Conv

    def infer(self, must: Conditions, x: TensorType, *added: TensorType) -> TensorType:
        found: TensorType = super().infer(must, x)
        if added and added[0] != found:
            must.fail("shape-mismatch", f"`fused_conv` adds {found} and {added[0]}", ports=(1,))
        return found


class FusedLinear(Fused):
    """`activation(linear(x))`."""

    name: ClassVar[str] = "fused_linear"
    category: ClassVar[str] = "linear"

    layer: Linear
