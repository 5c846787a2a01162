"""Fuse convolutions: a convolution, the sum it goes into and the activation behind become one call.

Legal: nothing else reads what the convolution gives, nor the sum; what is added has the very type of the convolution's
output, so that nothing is broadcast. It comes last: the passes that rewrite weights know convolutions only. Not kept is
NaN: `relu`, `relu6`, `hardtanh` and `hardsigmoid` of oneDNN make a number of it.
"""

from __future__ import annotations

from archspec.ir.graph import Node, Value
from archspec.ops.convolution import Conv
from archspec.ops.merge import Add
from archspec.passes.fused_ops import FusedConv
from archspec.passes.fusing import Activation, activation_behind, fuse
from archspec.passes.pass_type import Pass
from archspec.passes.rewrite import Rewrite


def _rewrite(rewrite: Rewrite) -> int:
    return sum(_fuse(rewrite, node) for node in rewrite.operations())


def _fuse(rewrite: Rewrite, node: Node) -> bool:
    """Make a convolution one with what follows it; alone it becomes a call of the same kind."""
    if type(node.op) is not Conv or node.types[0].rank != 4 or node.types[0].dtype != "float32":
        return False
    added, other = _sum(rewrite, node)
    last, activation = activation_behind(rewrite, added)
    if other is not None and activation.activation != "relu":
        last, activation = added, Activation()
    inputs = node.inputs if other is None else (*node.inputs, other)
    fuse(rewrite, node, last, FusedConv(layer=node.op, **activation._asdict()), inputs)
    return True


def _sum(rewrite: Rewrite, node: Node) -> tuple[Node, Value | None]:
    """The sum that a convolution alone goes into, and what else does; itself where there is none."""
    add = rewrite.only_reader(node.path)
    if add is None or type(add.op) is not Add or len(add.inputs) != 2:
        return node, None
    (other,) = (value for value in add.inputs if value.node != node.path)
    return (add, other) if rewrite.nodes[other.node].types[other.port] == node.types[0] else (node, None)


PASS = Pass("fuse-convolutions", "makes convolutions, sums and activations one call", _rewrite)
