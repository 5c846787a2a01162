"""Commute pooling: a convolution of kernel 1 goes before means of windows in front of it, which then have less to do.

Legal: both are linear, one over channels and one over places, so that they commute: the means of sums are the sums of
means, whatever the windows are and however they are padded. What is added to every channel is added behind, as a mean
that counts zeros of the padding is no mean of it. Not legal for maxima. Worth it where the convolution narrows, and the
windows move by one place.
"""

from __future__ import annotations

from archspec.ir.graph import Node, Value
from archspec.ir.op import Window
from archspec.ops.convolution import Conv
from archspec.ops.merge import Add
from archspec.ops.parameter import Parameter
from archspec.ops.pooling import AvgPool
from archspec.passes.filters import Filters, filters_of
from archspec.passes.pass_type import Pass
from archspec.passes.rewrite import Rewrite
from archspec.passes.weight_values import reshape


def _rewrite(rewrite: Rewrite) -> int:
    return sum(_commute(rewrite, node.path) for node in list(rewrite.operations()))


def _commute(rewrite: Rewrite, path: str) -> int:
    """Bring a convolution before all the means that are right in front of it, and count them."""
    count = 0
    while _pass_one(rewrite, rewrite.nodes[path]):
        count += 1
    return count


def _pass_one(rewrite: Rewrite, node: Node) -> bool:
    if not is_pointwise(node):
        return False
    pool, filters = rewrite.input(node), filters_of(rewrite, node)
    assert filters is not None
    if not _is_worth_it(pool, filters) or rewrite.only_reader(pool.path) is not node:
        return False
    narrowed = Filters(filters.op, filters.weight, None, filters.shape)
    rewrite.put(node.path, narrowed.with_bias(), pool.inputs, narrowed.values())
    last = rewrite.put(pool.path, pool.resolved, (Value(node.path),), {})
    if filters.bias is not None:
        sides = (filters.outputs, *(1,) * (node.types[0].rank - 2))
        path = rewrite.new_path(node.path, "bias")
        rewrite.put(path, Parameter(shape=sides), (), {"": reshape(filters.bias, sides)}, like=node)
        last = rewrite.put(rewrite.new_path(node.path, "sum"), Add(), (Value(pool.path), Value(path)), {})
    rewrite.supplant(Value(node.path), Value(last.path), but=pool.path)
    return True


def is_pointwise(node: Node) -> bool:
    """Whether a node convolves with a kernel of 1 that moves by one place, and pads nothing."""
    return type(node.op) is Conv and {*node.op.sees(node.types[0])} == {Window(1)}


def _is_worth_it(pool: Node, filters: Filters) -> bool:
    if type(pool.op) is not AvgPool or filters.outputs >= filters.inputs:
        return False
    return all(isinstance(window, Window) and window.stride == 1 for window in pool.op.sees(pool.types[0]))


PASS = Pass("commute-pooling", "convolves with kernels of 1 before means instead of behind them", _rewrite, True)
