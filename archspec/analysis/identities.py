"""Identities: ops whose attributes make them give back what they read."""

from __future__ import annotations

from archspec.ir.graph import Graph


def identities(graph: Graph) -> dict[str, tuple[str, ...]]:
    """The nodes that give back what they read at all sizes, with the attributes that make them do so."""
    found: dict[str, tuple[str, ...]] = {}
    for node in graph.operations():
        types = graph.input_types(node)
        if node.types and types is not None and (because := node.resolved.does_nothing(*types)):
            found[node.path] = because
    return found
