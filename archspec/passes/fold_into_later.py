"""Fold into later: a factor and a shift of channels become part of the weights of all that reads these channels.

Legal: every reader is a `conv` or a `linear` over [N, features], or a `conv_transpose` where nothing is shifted, and
pads nothing where something is: a padding of zeros is not shifted. It folds as often as there is something in front, up
to some thirty times. Weights of float32 take it up in float64.
"""

from __future__ import annotations

from archspec.ir.graph import Node
from archspec.ops.convolution import Conv
from archspec.ops.linear import Linear
from archspec.passes.channel_affine import ChannelAffine, channel_affine
from archspec.passes.filters import Filters, filters_of, pads_nothing
from archspec.passes.pass_type import Pass
from archspec.passes.rewrite import Rewrite


def _rewrite(rewrite: Rewrite) -> int:
    return sum(_fold(rewrite, node) for node in reversed(list(rewrite.operations())))


def _fold(rewrite: Rewrite, node: Node) -> bool:
    affine = channel_affine(rewrite, node)
    if affine is None or rewrite.is_output(node.path):
        return False
    readers = rewrite.readers(node.path)
    found = [(reader, filters_of(rewrite, reader)) for reader in readers]
    taking = [(reader, filters) for reader, filters in found if filters and _can_take(filters, reader, affine)]
    if len(taking) < len(readers) or not readers:
        return False
    for reader, filters in taking:
        folded = filters.reading(*affine)
        rewrite.put(reader.path, folded.with_bias(), node.inputs, folded.values())
    rewrite.remove(node.path)
    return True


def _can_take(filters: Filters, reader: Node, affine: ChannelAffine) -> bool:
    if not filters.takes_more:
        return False
    if affine.shift is None or isinstance(filters.op, Linear):
        return True
    return isinstance(filters.op, Conv) and pads_nothing(filters.op, reader.types[0])


PASS = Pass("fold-into-later", "makes factors and shifts part of the layers behind them", _rewrite)
