"""Rows of tables are looked up by number: what an input allows has to stay below the number of rows."""

from __future__ import annotations

from collections.abc import Mapping

from archspec.frontend.instances import Expansion
from archspec.ir.graph import Graph, Node
from archspec.ir.op import Op
from archspec.source.diagnostic import Diagnostics, Label


def check_index_bounds(graph: Graph, expansion: Expansion, found: Diagnostics) -> None:
    """Report every op that is given numbers which may lie beyond its last row.

    Followed through ops that only move values. An input without `below` says nothing, and is trusted.
    """
    below = {given.name: (given.below, given.name) for given in graph.inputs.values() if given.below is not None}
    for node in graph.operations():
        if not isinstance(node.op, Op):
            continue
        given = _largest(node, below)
        rows, made = node.op.index_bound(), node.op.gives_below()
        if made is not None:
            below[node.path] = made, node.path
        elif given is not None and node.op.keeps_values:
            below[node.path] = given
        if rows is not None and given is not None and given[0] > rows:
            _report(node, rows, *given, graph, expansion, found)


def _largest(node: Node, below: Mapping[str, tuple[int, str]]) -> tuple[int, str] | None:
    """What all numbers that a node is given stay below, and what says so; None where one of its inputs is trusted."""
    bounds = [below[value.node] for value in node.inputs if value.node in below]
    return max(bounds) if bounds and len(bounds) == len(node.inputs) else None


def _report(
    node: Node, rows: int, largest: int, name: str, graph: Graph, expansion: Expansion, found: Diagnostics
) -> None:
    message = f"`{node.resolved.name}` has rows 0 to {rows - 1}, but `{name}` may be up to {largest - 1}"
    labels = (Label(graph[name].origin.span, f"below {largest}"),)
    help_text = f"let `{name}` stay `below: {rows}`, or have {largest} rows"
    span = expansion.items[node.path].span
    found.error("index-out-of-range", message, span, labels=labels, help=help_text, origin=node.origin)
