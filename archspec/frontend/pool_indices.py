"""Indices of a pool mean places of what that pool read: nothing else may be filled by them."""

from __future__ import annotations

from archspec.frontend.instances import Expansion
from archspec.ir.graph import Graph, Node, Value
from archspec.ir.op import Op
from archspec.source.diagnostic import Diagnostics, Label

_FINDS = "max_pool_with_indices"
_INDICES = 1
"""The port of the pool that gives them."""


def check_pool_indices(graph: Graph, expansion: Expansion, found: Diagnostics) -> None:
    """Report every `max_unpool` whose indices may lie outside of the space that it fills.

    They lie inside at all sizes where they come straight from a pool, and the space is that of what the pool read.
    """
    for node in graph.operations():
        if node.types and isinstance(node.op, Op) and node.op.name == "max_unpool":
            _check(graph, node, expansion, found)


def _check(graph: Graph, node: Node, expansion: Expansion, found: Diagnostics) -> None:
    _, indices, like = node.inputs
    pool = graph[indices.node]
    if not isinstance(pool.op, Op) or pool.op.name != _FINDS or indices.port != _INDICES:
        message = f"`max_unpool` needs the `indices` of a `{_FINDS}`, but its second input is {_told(graph, indices)}"
        help_text = f"let the pool be a `{_FINDS}` with an `id`, such as `pool`, and read `pool.indices`"
        labels: tuple[Label, ...] = ()
    elif pool.inputs[0] != like:
        read = _told(graph, pool.inputs[0])
        given = _told(graph, like)
        message = f"the indices are places of what `{pool.path}` read, {read}, but the third input is {given}"
        help_text = f"give {read} as the third input, or the indices of another pool as the second"
        labels = (Label(pool.origin.span, f"reads {read}"),)
    else:
        return
    span = expansion.items[node.path].span
    found.error("foreign-indices", message, span, labels=labels, help=help_text, origin=node.origin)


def _told(graph: Graph, value: Value) -> str:
    op = graph[value.node].op
    port = op.output_names()[value.port] if isinstance(op, Op) else ""
    return f"`{value.node}.{port}`" if port else f"`{value.node}`"
