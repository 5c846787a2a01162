"""Fused layers: a layer and its activation as one call of oneDNN, the weights laid out once."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from math import prod
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from archspec.backends.program import resolve


class Fused(nn.Module):
    """`activation(layer(x))`, step by step until it is packed, in one call of oneDNN from then on."""

    weight: Tensor
    bias: Tensor | None

    def __init__(
        self, layer: str, activation: str = "none", numbers: tuple[float, ...] = (), form: str = "", **settings: Any
    ) -> None:
        """Make one.

        Args:
            layer: the name of the class of the layer.
            activation: what oneDNN calls it.
            numbers: what it takes.
            form: how it is computed, where there are several ways.
            settings: those of the layer.
        """
        super().__init__()
        self._take(resolve(layer)(**settings))
        self.activation, self.numbers, self.form = activation, list(numbers), form
        self.packed: Tensor | None = None

    def _take(self, made: Any) -> None:
        """Take over what a layer has."""
        self.weight, self.bias = made.weight, made.bias

    def pack(self, packed: Tensor) -> None:
        """Take the weights as they are laid out, by this layer or by another one that has the same."""
        self.packed = packed
        self.bias = None if self.bias is None else nn.Parameter(self.bias.detach(), requires_grad=False)
        self.weight = nn.Parameter(self.weight.new_empty(0), requires_grad=False)  # the layout holds it now

    @property
    @abstractmethod
    def layout(self) -> Hashable:
        """What the layout depends on besides weights and sides."""

    @abstractmethod
    def laid_out(self, sides: Sequence[int]) -> Tensor:
        """The weights as oneDNN reads them, best for inputs of some sides, and right for all others."""

    def gains(self, sides: Sequence[int]) -> bool:
        """Whether oneDNN helps at inputs of some sides."""
        return True

    def _activated(self, found: Tensor) -> Tensor:
        """What the activation makes of a tensor that nothing else reads, in its place."""
        form = {"approximate": self.form} if self.form else {}
        return _ACTIVATIONS[self.activation](found, *self.numbers, **form)


class FusedConv(Fused):
    """`activation(conv(x) + other)`, channels last."""

    def _take(self, made: Any) -> None:
        super()._take(made)
        self.stride, self.padding, self.dilation = list(made.stride), list(made.padding), list(made.dilation)
        self.groups = made.groups

    @property
    def layout(self) -> Hashable:
        """The settings of the convolution."""
        return (*self.stride, *self.padding, *self.dilation, self.groups)

    def laid_out(self, sides: Sequence[int]) -> Tensor:
        """For [N, C, H, W]."""
        reorder, weight = torch.ops.mkldnn._reorder_convolution_weight, self.weight.detach().contiguous()
        found: Tensor = reorder(weight, self.padding, self.stride, self.dilation, self.groups, list(sides))
        return found

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
        return self._activated(found if other is None else found.add_(other))


class FusedLinear(Fused):
    """`activation(linear(x))`."""

    few: ClassVar[int] = 2**20
    """Multiply-accumulates that take no longer than what oneDNN does around them, some 15 µs."""

    def gains(self, sides: Sequence[int]) -> bool:
        """Not where so few rows are given that the call itself takes longer than it saves."""
        return prod(sides) * self.weight.shape[0] > self.few

    @property
    def layout(self) -> Hashable:
        """Nothing."""
        return None

    def laid_out(self, sides: Sequence[int]) -> Tensor:
        """For as many rows as [..., features] has."""
        weight = self.weight.detach().contiguous()
        found: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight, prod(sides[:-1]))
        return found

    def forward(self, x: Tensor) -> Tensor:
        """The output."""
        if self.packed is None:
            return self._activated(functional.linear(x, self.weight, self.bias))
        call = torch.ops.mkldnn._linear_pointwise
        found: Tensor = call(x, self.packed, self.bias, self.activation, self.numbers, self.form)
        return found


_ACTIVATIONS: Mapping[str, Callable[..., Tensor]] = {
    "none": lambda x: x,
    "relu": torch.relu_,
    "sigmoid": torch.sigmoid_,
    "tanh": torch.tanh_,
    "swish": partial(functional.silu, inplace=True),
    "hardsigmoid": partial(functional.hardsigmoid, inplace=True),
    "hardswish": partial(functional.hardswish, inplace=True),
    "hardtanh": partial(functional.hardtanh, inplace=True),
    "leaky_relu": partial(functional.leaky_relu, inplace=True),
    "gelu": torch.ops.aten.gelu_,
}
