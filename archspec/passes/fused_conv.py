"""Fused convolution: one call that convolves, adds another tensor and applies an activation."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from collections.abc import Sequence
from typing import Any, ClassVar

from archspec.ir.conditions import Conditions
from archspec.ir.dims import Size
from archspec.ir.op import Arg, Op, Step, Weight
from archspec.ir.types import TensorType
from archspec.ops.convolution import Conv


class FusedConv(Op):
    """`activation(conv(x) + other)`: what passes make of nodes for engines that run it as one; no spec can name it."""

    name: ClassVar[str] = "fused_conv"
    category: ClassVar[str] = "convolution"
    inputs: ClassVar[tuple[str, ...]] = ("x", "other")

    conv: Conv
    """The convolution."""
    activation: str = "none"
    """As oneDNN calls it: `relu`, `swish`, ..."""
    numbers: tuple[float, ...] = ()
    """What the activation takes: a slope, or bounds."""
    form: str = ""
    """How it is computed, where there are several ways: `tanh` for a GELU."""

    def infer(self, must: Conditions, x: TensorType, other: TensorType | None = None) -> TensorType:
        found = self.conv.infer(must, x)
        if other is not None and other != found:
            must.fail("shape-mismatch", f"`fused_conv` adds {found} and {other}", ports=(1,))
        return found

    def weights(self, x: TensorType, other: TensorType | None = None) -> dict[str, Weight]:
        return self.conv.weights(x)

    def macs(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        return self.conv.macs(inputs[:1], outputs)

    def lower(self, x: TensorType, other: TensorType | None = None) -> list[Step]:
        (convolution,) = self.conv.lower(x)
        settings: dict[str, Any] = {
            "convolution": convolution.target,
            "activation": self.activation,
            "numbers": self.numbers,
            "form": self.form,
            **convolution.settings,
        }
        args = (Arg(0),) if other is None else (Arg(0), Arg(1))
        return [Step("module", "archspec.backends.fused_conv.FusedConv", args, settings)]
