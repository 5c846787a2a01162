"""Fusing: the activations that oneDNN has, and how a layer and what is behind it become one node."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from archspec.ir.graph import Node, Value
from archspec.ops.activation import Gelu, Sigmoid, Silu, Tanh
from archspec.ops.rectifier import HardSigmoid, HardSwish, HardTanh, LeakyRelu, Relu, Relu6
from archspec.passes.fused_ops import Fused
from archspec.passes.rewrite import Rewrite


class Activation(NamedTuple):
    """An activation as oneDNN has it."""

    activation: str = "none"
    numbers: tuple[float, ...] = ()
    form: str = ""


def activation_behind(rewrite: Rewrite, node: Node) -> tuple[Node, Activation]:
    """The activation that alone reads a node, and as oneDNN has it; the node itself and `none` where it has not."""
    reader = rewrite.only_reader(node.path)
    read = _ACTIVATIONS.get(type(reader.op)) if reader is not None else None
    if reader is None or read is None:
        return node, Activation()
    found = read(reader.op)
    return (reader, found) if found is not None else (node, Activation())


def fuse(rewrite: Rewrite, node: Node, last: Node, op: Fused, inputs: tuple[Value, ...]) -> None:
    """Let an op stand for all from a node to the last one, with the weights of the first."""
    values = {name: rewrite.value(node, name) for name in node.weights}
    fused = rewrite.put(node.path, op, inputs, values)
    if last is not node:
        rewrite.supplant(Value(last.path), Value(fused.path))
        rewrite.remove(last.path)


_ACTIVATIONS: Mapping[Any, Callable[[Any], Activation | None]] = {
    Relu: lambda op: Activation("relu"),
    Relu6: lambda op: Activation("hardtanh", (0.0, 6.0)),
    HardTanh: lambda op: Activation("hardtanh", (op.least, op.most)),
    LeakyRelu: lambda op: Activation("leaky_relu", (op.slope,)),
    HardSigmoid: lambda op: Activation("hardsigmoid"),
    HardSwish: lambda op: Activation("hardswish"),
    Silu: lambda op: Activation("swish"),
    Sigmoid: lambda op: Activation("sigmoid"),
    Tanh: lambda op: Activation("tanh"),
    Gelu: lambda op: Activation("gelu", (), op.approximate) if op.approximate != "sigmoid" else None,
}
