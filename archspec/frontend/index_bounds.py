"""Rows of tables are looked up by number: what an input allows has to stay below the number of rows."""

from __future__ import annotations

from archspec.frontend.instances import Expansion
from archspec.ir.graph import Graph, Node
from archspec.ir.op import Op
from archspec.source.diagnostic import Diagnostics, Label


def check_index_bounds(graph: Graph, expansion: Expansion, found: Diagnostics) -> None:
    """Report every op that is given numbers which may lie beyond its last row.

    Followed through ops that only move values. An input without `below` says nothing, and is trusted.
    """
    below = {given.name: (given.below, given.name) for given in graph.inputs.values() if given.below is not None}
    if not below:
        return
    for node in graph.operations():
        given_bounds = [below[value.node] for value in node.inputs if value.node in below]
        if not isinstance(node.op, Op) or not given_bounds or len(given_bounds) < len(node.inputs):
            continue
        largest, name = max(given_bounds)
        if node.op.keeps_values:
            below[node.path] = (largest, name)
        rows = node.op.index_bound()
        if rows is not None and largest > rows:
            _report(node, rows, largest, name, graph, expansion, found)


def _report(
    node: Node, rows: int, largest: int, name: str, graph: Graph, expansion: Expansion, found: Diagnostics
) -> None:
    message = f"`{node.resolved.name}` has rows 0 to {rows - 1}, but `{name}` may be up to {largest - 1}"
    labels = (Label(graph[name].origin.span, f"below {largest}"),)
    help_text = f"let `{name}` stay `below: {rows}`, or have {largest} rows"
    span = expansion.items[node.path].span
    found.error("index-out-of-range", message, span, labels=labels, help=help_text, origin=node.origin)
