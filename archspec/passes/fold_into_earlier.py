"""Fold into earlier: a factor and a shift of channels become part of the weights of what gives these channels.

Legal: batch norm over running averages, a constant factor or a learned one are `y * scale + shift` by channel, and so
are part of a `conv`, a `conv_transpose` or a `linear` over [N, features] that nothing else reads (Jacob et al. 2018,
Quantization and training of neural networks, section 3.2). It folds as often as there is something behind,
up to some thirty times.
"""

from __future__ import annotations

from archspec.ir.graph import Node, Value
from archspec.passes.channel_affine import channel_affine
from archspec.passes.filters import filters_of
from archspec.passes.pass_type import Pass
from archspec.passes.rewrite import Rewrite


def _rewrite(rewrite: Rewrite) -> int:
    return sum(_fold(rewrite, node) for node in rewrite.operations())


def _fold(rewrite: Rewrite, node: Node) -> bool:
    affine = channel_affine(rewrite, node)
    earlier = rewrite.input(node) if affine is not None else node
    if affine is None or rewrite.only_reader(earlier.path) is not node:
        return False
    filters = filters_of(rewrite, earlier)
    if filters is None or not filters.takes_more:
        return False
    folded = filters.scaled(*affine)
    rewrite.put(earlier.path, folded.with_bias(), earlier.inputs, folded.values())
    rewrite.supplant(Value(node.path), Value(earlier.path))
    rewrite.remove(node.path)
    return True


PASS = Pass("fold-into-earlier", "makes batch norms and factors part of the layers before them", _rewrite)
