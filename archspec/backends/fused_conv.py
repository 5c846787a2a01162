"""Fused convolution: oneDNN's convolution with a sum and an activation behind, its weights laid out once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from archspec.backends.program import resolve


class FusedConv(nn.Module):
    """`activation(conv(x) + other)`, step by step until it is packed, in one call of oneDNN from then on."""

    weight: Tensor
    bias: Tensor | None

    def __init__(
        self,
        convolution: str,
        activation: str = "none",
        numbers: tuple[float, ...] = (),
        form: str = "",
        **settings: Any,
    ) -> None:
        """Make one.

        Args:
            convolution: the name of the class of the convolution.
            activation: what oneDNN calls it.
            numbers: what it takes.
            form: how it is computed, where there are several ways.
            settings: those of the convolution.
        """
        super().__init__()
        made = resolve(convolution)(**settings)
        self.weight, self.bias = made.weight, made.bias
        self.stride, self.padding, self.dilation = list(made.stride), list(made.padding), list(made.dilation)
        self.groups = made.groups
        self.activation, self.numbers, self.form = activation, list(numbers), form
        self.packed: Tensor | None = None

    def pack(self, sides: Sequence[int]) -> None:
        """Lay the weights out as oneDNN reads them, best for inputs of some sides, and right for all others."""
        weight = self.weight.detach().contiguous()
        self.packed = torch.ops.mkldnn._reorder_convolution_weight(
            weight, self.padding, self.stride, self.dilation, self.groups, list(sides)
        )
        self.bias = None if self.bias is None else nn.Parameter(self.bias.detach(), requires_grad=False)
        self.weight = nn.Parameter(weight.new_empty(0), requires_grad=False)  # the layout holds it now

    def forward(self, x: Tensor, other: Tensor | None = None) -> Tensor:
        """The output, channels last; `other` has its shape."""
        x = x.contiguous(memory_format=torch.channels_last)
        if self.packed is None:
            return self._in_steps(x, other)
        settings = (self.padding, self.stride, self.dilation, self.groups)
        call = torch.ops.mkldnn._convolution_pointwise
        if other is None:
            found: Tensor = call(x, self.packed, self.bias, *settings, self.activation, self.numbers, self.form)
            return found
        unary = None if self.activation == "none" else self.activation
        found = call.binary(x, other, self.packed, self.bias, *settings, "add", None, unary, self.numbers, self.form)
        return found

    def _in_steps(self, x: Tensor, other: Tensor | None) -> Tensor:
        settings = (self.stride, self.padding, self.dilation, self.groups)
        found = functional.conv2d(x, self.weight, self.bias, *settings)
        found = found if other is None else found + other
        return _ACTIVATIONS[self.activation](found, *self.numbers, **({"approximate": self.form} if self.form else {}))


_ACTIVATIONS: Mapping[str, Callable[..., Tensor]] = {
    "none": lambda x: x,
    "relu": functional.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "swish": functional.silu,
    "hardsigmoid": functional.hardsigmoid,
    "hardswish": functional.hardswish,
    "hardtanh": functional.hardtanh,
    "leaky_relu": functional.leaky_relu,
    "gelu": functional.gelu,
}
