"""Rows of tables are looked up by number: what a table is given has to stay below the number of its rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from archspec.frontend.instances import Expansion
from archspec.ir.graph import Graph, Node
from archspec.ir.op import Op
from archspec.source.diagnostic import Diagnostics, Label


class _Bound(NamedTuple):
    """What whole numbers are known to stay below; they are 0 or more where that is known."""

    by: str
    """The path of what says so."""
    below: int | None
    """None where they may be any."""


def check_index_bounds(graph: Graph, expansion: Expansion, found: Diagnostics) -> None:
    """Report every op that is given numbers which are none of its rows, or may be others.

    Followed through ops that only move values. An input without `below` says nothing, and is trusted, as is what an
    error was reported about: as if they gave 0 alone.
    """
    bounds: dict[str, _Bound] = {given.name: _Bound(given.name, given.below or 1) for given in graph.inputs.values()}
    for node in graph.operations():
        if not isinstance(node.op, Op) or not node.types:
            bounds[node.path] = _Bound(node.path, 1)
            continue
        widest = _widest(node, bounds)
        rows = node.op.index_bound()
        if rows is not None and widest.below is None:
            _report_computed(node, rows, widest.by, graph, expansion, found)
        elif rows is not None and widest.below is not None and widest.below > rows:
            _report(node, rows, widest.below, widest.by, graph, expansion, found)
        bounds[node.path] = widest if node.op.keeps_values else _Bound(node.path, node.op.gives_below())


def _widest(node: Node, bounds: Mapping[str, _Bound]) -> _Bound:
    """What all numbers that a node is given stay below."""
    given = [bounds[value.node] for value in node.inputs]
    unknown = next((bound for bound in given if bound.below is None), None)
    return unknown or max(given, key=lambda bound: bound.below or 0, default=_Bound(node.path, None))


def _report_computed(node: Node, rows: int, by: str, graph: Graph, expansion: Expansion, found: Diagnostics) -> None:
    message = f"`{node.resolved.name}` has rows 0 to {rows - 1}, but `{by}` computes numbers that may be any"
    labels = (Label(graph[by].origin.span, "computed here"),)
    help_text = f"read an input that stays `below: {rows}`, or `positions`, by ops that only move values"
    _say(node, message, labels, help_text, expansion, found)


def _report(
    node: Node, rows: int, largest: int, name: str, graph: Graph, expansion: Expansion, found: Diagnostics
) -> None:
    message = f"`{node.resolved.name}` has rows 0 to {rows - 1}, but `{name}` may be up to {largest - 1}"
    labels = (Label(graph[name].origin.span, f"below {largest}"),)
    _say(node, message, labels, f"let `{name}` stay `below: {rows}`, or have {largest} rows", expansion, found)


def _say(
    node: Node, message: str, labels: tuple[Label, ...], help_text: str, expansion: Expansion, found: Diagnostics
) -> None:
    span = expansion.items[node.path].span
    found.error("index-out-of-range", message, span, labels=labels, help=help_text, origin=node.origin)
