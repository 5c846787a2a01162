"""Fuse linears: a linear layer and the activation behind become one call.

Legal: nothing else reads what the layer gives. It comes last, as for convolutions. A sum behind stays by itself: oneDNN
is not faster with it. Not kept is NaN: `relu`, `relu6`, `hardtanh` and `hardsigmoid` of oneDNN make a number of it.
"""

from __future__ import annotations

from archspec.ir.graph import Node
from archspec.ops.linear import Linear
from archspec.passes.fused_ops import FusedLinear
from archspec.passes.fusing import activation_behind, fuse
from archspec.passes.pass_type import Pass
from archspec.passes.rewrite import Rewrite


def _rewrite(rewrite: Rewrite) -> int:
    return sum(_fuse(rewrite, node) for node in rewrite.operations())


def _fuse(rewrite: Rewrite, node: Node) -> bool:
    """Make a linear layer one with the activation behind; alone it becomes a call of the same kind."""
    if type(node.op) is not Linear:
        return False
    last, activation = activation_behind(rewrite, node)
    fuse(rewrite, node, last, FusedLinear(layer=node.op, **activation._asdict()), node.inputs)
    return True


PASS = Pass("fuse-linears", "makes linear layers and activations one call", _rewrite)
