"""Filters: the ops that multiply channels by learned numbers and add them up, and how these numbers are scaled."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from archspec.ir.graph import Node
from archspec.ir.op import Window
from archspec.ir.types import TensorType
from archspec.ops.convolution import Conv, ConvTranspose
from archspec.ops.linear import Linear
from archspec.passes.rewrite import Rewrite
from archspec.passes.weight_values import WeightValue, add, multiply, reshape, total

_DEEPEST = 90
"""Operations in a row that a weight may be made of, which is some thirty factors."""


@dataclass(frozen=True)
class Filters:
    """The weights of a `conv`, a `conv_transpose`, or a `linear` over [N, features]."""

    op: Conv | ConvTranspose | Linear
    weight: WeightValue
    bias: WeightValue | None
    shape: tuple[int, ...]
    """Of the weight."""

    @property
    def groups(self) -> int:
        """Into how many groups channels fall."""
        return 1 if isinstance(self.op, Linear) else self.op.groups

    @property
    def is_transposed(self) -> bool:
        """Whether the weight has the channels that are read first."""
        return isinstance(self.op, ConvTranspose)

    @property
    def outputs(self) -> int:
        """How many channels it gives."""
        return self.shape[1] * self.groups if self.is_transposed else self.shape[0]

    @property
    def inputs(self) -> int:
        """How many channels it reads."""
        return self.shape[0] if self.is_transposed else self.shape[1] * self.groups

    @property
    def takes_more(self) -> bool:
        """Whether another factor can be made part of them: values that are very deep cannot be walked."""
        return self.weight.depth < _DEEPEST

    def scaled(self, scale: WeightValue | None, shift: WeightValue | None) -> Filters:
        """Those that give `y * scale + shift` where these give y."""
        weight, bias = self.weight, self.bias
        if scale is not None:
            weight = self._times(scale, by_output=True)
            bias = None if bias is None else multiply(bias, scale)
        return Filters(self.op, weight, _sum(bias, shift), self.shape)

    def reading(self, scale: WeightValue | None, shift: WeightValue | None) -> Filters:
        """Those that give of x what these give of `x * scale + shift`, where no padding is among what they read."""
        weight = self.weight if scale is None else self._times(scale, by_output=False)
        added = None if shift is None else self._response(shift)
        return Filters(self.op, weight, _sum(self.bias, added), self.shape)

    def values(self) -> dict[str, WeightValue]:
        """What the weights are, by name."""
        return {"weight": self.weight} | ({"bias": self.bias} if self.bias is not None else {})

    def with_bias(self) -> Conv | ConvTranspose | Linear:
        """The op with these weights."""
        return self.op.model_copy(update={"bias": self.bias is not None})

    def _times(self, factors: WeightValue, *, by_output: bool) -> WeightValue:
        """The weight, with the filters of each channel multiplied by the number of that channel."""
        inner = reshape(factors, self._sides(of_output=by_output))
        return reshape(multiply(reshape(self.weight, self._grouped()), inner), self.shape)

    def _response(self, constants: WeightValue) -> WeightValue:
        """What is given of an input that has one number in every channel."""
        seen = multiply(reshape(self.weight, self._grouped()), reshape(constants, self._sides(of_output=False)))
        return reshape(total(seen, (self._axis(of_output=False), 3)), (self.outputs,))

    def _grouped(self) -> tuple[int, ...]:
        """The weight as groups, channels of one kind and of the other, and places."""
        first = self.shape[0] // self.groups
        return self.groups, first, self.shape[1], prod(self.shape[2:])

    def _sides(self, *, of_output: bool) -> tuple[int, ...]:
        axis, grouped = self._axis(of_output=of_output), self._grouped()
        return tuple(side if index in (0, axis) else 1 for index, side in enumerate(grouped))

    def _axis(self, *, of_output: bool) -> int:
        """The axis of `_grouped` that holds the channels of a group."""
        return 2 if of_output == self.is_transposed else 1


def filters_of(rewrite: Rewrite, node: Node) -> Filters | None:
    """The filters of a node; None where it has none, or they do not go over channels (axis 1)."""
    op = node.op
    if type(op) not in (Conv, ConvTranspose, Linear) or (type(op) is Linear and node.types[0].rank != 2):
        return None  # what a class derived from them computes is not known
    assert isinstance(op, Conv | ConvTranspose | Linear)
    bias = rewrite.value(node, "bias") if op.bias else None
    return Filters(op, rewrite.value(node, "weight"), bias, node.weights["weight"].shape)


def pads_nothing(op: Conv | ConvTranspose, given: TensorType) -> bool:
    """Whether no zeros are put around what is read."""
    return all(isinstance(window, Window) and window.before == 0 for window in op.sees(given))


def _sum(left: WeightValue | None, right: WeightValue | None) -> WeightValue | None:
    if left is None or right is None:
        return right if left is None else left
    return add(left, right)
