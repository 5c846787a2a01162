"""Merge convolutions: those of kernel 1 that read one tensor become one, whose channels are split behind.

Legal: they have one kernel, stride, padding and dilation, and no groups, so that the filters of all side by side are
those of each; where the same activation is behind each, and alone reads it, one goes before the split.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archspec.ir.graph import Node, Value
from archspec.ir.op import Op
from archspec.ops._pointwise import Activation
from archspec.ops.selection import Split
from archspec.passes.commute_pooling import is_pointwise
from archspec.passes.filters import filters_of
from archspec.passes.pass_type import Pass
from archspec.passes.rewrite import Rewrite
from archspec.passes.weight_values import Constant, concat


def _rewrite(rewrite: Rewrite) -> int:
    return sum(_merge(rewrite, convolutions, activation) for convolutions, activation in list(_groups(rewrite)))


def _groups(rewrite: Rewrite) -> Iterator[tuple[list[Node], Op | None]]:
    """Convolutions that can be merged, and the activation that is behind each."""
    found: dict[tuple[Value, Op | None], list[Node]] = {}
    for node in rewrite.operations():
        if is_pointwise(node) and node.resolved.groups == 1:  # type: ignore[attr-defined]
            found.setdefault((node.inputs[0], _activation(rewrite, node)), []).append(node)
    yield from ((group, activation) for (_, activation), group in found.items() if len(group) > 1)


def _activation(rewrite: Rewrite, node: Node) -> Op | None:
    reader = rewrite.only_reader(node.path)
    return reader.resolved if reader is not None and isinstance(reader.op, Activation) else None


def _merge(rewrite: Rewrite, convolutions: Sequence[Node], activation: Op | None) -> int:
    first, every = rewrite.nodes[convolutions[0].path], [filters_of(rewrite, node) for node in convolutions]
    filters = [each for each in every if each is not None]
    lasts = [rewrite.only_reader(node.path) or node if activation is not None else node for node in convolutions]
    channels = tuple(each.outputs for each in filters)
    values = {"weight": concat(tuple(each.weight for each in filters))}
    if any(each.bias is not None for each in filters):
        values["bias"] = concat(tuple(each.bias or Constant((each.outputs,)) for each in filters))
    op = first.resolved.model_copy(update={"channels": sum(channels), "bias": "bias" in values})
    path = rewrite.new_path(first.path, "merged")
    value = Value(rewrite.put(path, op, first.inputs, values, like=first).path)
    if activation is not None:
        value = Value(rewrite.put(rewrite.new_path(path, activation.name), activation, (value,), {}).path)
    parts = rewrite.put(rewrite.new_path(path, "split"), Split(sections=channels), (value,), {})
    for port, last in enumerate(lasts):
        rewrite.supplant(Value(last.path), Value(parts.path, port))
        rewrite.remove(last.path)
    return len(convolutions)


PASS = Pass("merge-convolutions", "makes convolutions of kernel 1 that read one tensor one", _rewrite, True)
