"""Linear layers whose input still has its channels at axis 1, so that they mix the places of its last axis."""

from __future__ import annotations

from archspec.ir.graph import Graph, Node


def linear_over_space(graph: Graph) -> dict[str, str]:
    """Every `linear` of that kind by path, with the convolution or pool that laid its input out so."""
    layouts: dict[str, str] = {}
    found: dict[str, str] = {}
    for node in graph.operations():
        layout = next((layouts[value.node] for value in node.inputs if value.node in layouts), None)
        if node.resolved.name == "linear" and layout is not None:
            found[node.path] = layout
        elif _is_of_places(graph, node):
            if node.resolved.category in ("convolution", "pooling"):
                layouts[node.path] = node.path
            elif layout is not None:
                layouts[node.path] = layout
    return found


def _is_of_places(graph: Graph, node: Node) -> bool:
    """Whether it gives [N, C, ...places] as it is given it."""
    inputs = graph.input_types(node)
    if not inputs or not node.types or {given.rank for given in (*inputs, *node.types)} != {node.types[0].rank}:
        return False
    return node.types[0].rank > 2 and node.resolved.sees(*inputs) is not None
