"""Values that are never below 0, whatever the input and the weights are."""

from __future__ import annotations

from archspec.analysis.content import content
from archspec.ir.graph import Graph


def nonnegative(graph: Graph) -> dict[str, str]:
    """The nodes that give nothing below 0, each with the activation that sees to that: the nearest before it."""
    found: dict[str, str] = {}
    for node in graph.operations():
        sign = node.resolved.gives_sign()
        if sign == "never negative":
            found[node.path] = node.path
        elif sign == "kept" and (read := content(node)) and all(value.node in found for value in read):
            found[node.path] = found[read[0].node]
    return found
