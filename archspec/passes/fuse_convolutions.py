"""Fuse convolutions: a convolution, the sum it goes into and the activation behind become one call.

Legal: nothing else reads what the convolution gives, nor the sum; what is added has the very type of the convolution's
output, so that nothing is broadcast. It comes last: the passes that rewrite weights know convolutions only. Not kept is
NaN: `relu`, `relu6`, `hardtanh` and `hardsigmoid` of oneDNN make a number of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from archspec.ir.graph import Node, Value
from archspec.ops.activation import Gelu, Sigmoid, Silu, Tanh
from archspec.ops.convolution import Conv
from archspec.ops.merge import Add
from archspec.ops.rectifier import HardSigmoid, HardSwish, HardTanh, LeakyRelu, Relu, Relu6
from archspec.passes.filters import filters_of
from archspec.passes.fused_conv import FusedConv
from archspec.passes.pass_type import Pass
from archspec.passes.rewrite import Rewrite


class _Fusing(NamedTuple):
    """An activation as oneDNN has it."""

    activation: str
    numbers: tuple[float, ...] = ()
    form: str = ""


def _rewrite(rewrite: Rewrite) -> int:
    return sum(_fuse(rewrite, node) for node in rewrite.operations())


def _fuse(rewrite: Rewrite, node: Node) -> bool:
    """Make a convolution one with what follows it; alone it becomes a call of the same kind."""
    if not isinstance(node.op, Conv) or node.types[0].rank != 4 or node.types[0].dtype != "float32":
        return False
    filters = filters_of(rewrite, node)
    assert filters is not None
    last, other = _sum(rewrite, node)
    activation = rewrite.only_reader(last.path)
    fusing = _fusing(activation) if activation is not None else None
    if fusing is not None and (other is None or fusing.activation == "relu"):
        assert activation is not None
        last = activation
    else:
        fusing = _Fusing("none")
    op = FusedConv(conv=node.op, activation=fusing.activation, numbers=fusing.numbers, form=fusing.form)
    inputs = node.inputs if other is None else (*node.inputs, other)
    fused = rewrite.put(node.path, op, inputs, filters.values())
    if last is not node:
        rewrite.supplant(Value(last.path), Value(fused.path))
        rewrite.remove(last.path)
    return True


def _sum(rewrite: Rewrite, node: Node) -> tuple[Node, Value | None]:
    """The sum that a convolution alone goes into, and what else does; itself where there is none."""
    add = rewrite.only_reader(node.path)
    if add is None or not isinstance(add.op, Add) or len(add.inputs) != 2:
        return node, None
    (other,) = (value for value in add.inputs if value.node != node.path)
    return (add, other) if rewrite.nodes[other.node].types[other.port] == node.types[0] else (node, None)


def _fusing(node: Node) -> _Fusing | None:
    read = _FUSING.get(type(node.op))
    return read(node.op) if read is not None else None


_FUSING: Mapping[Any, Callable[[Any], _Fusing | None]] = {
    Relu: lambda op: _Fusing("relu"),
    Relu6: lambda op: _Fusing("hardtanh", (0.0, 6.0)),
    HardTanh: lambda op: _Fusing("hardtanh", (op.least, op.most)),
    LeakyRelu: lambda op: _Fusing("leaky_relu", (op.slope,)),
    HardSigmoid: lambda op: _Fusing("hardsigmoid"),
    HardSwish: lambda op: _Fusing("hardswish"),
    Silu: lambda op: _Fusing("swish"),
    Sigmoid: lambda op: _Fusing("sigmoid"),
    Tanh: lambda op: _Fusing("tanh"),
    Gelu: lambda op: _Fusing("gelu", (), op.approximate) if op.approximate != "sigmoid" else None,
}

PASS = Pass("fuse-convolutions", "makes convolutions, sums and activations one call", _rewrite)
