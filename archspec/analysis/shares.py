"""Shares: whose weights a node or a scope uses."""

from __future__ import annotations

from archspec.ir.graph import Graph, Node, Scope


def owners(graph: Graph) -> dict[str, str]:
    """The path of the node or scope that owns the weights, for everything that shares them; chains are followed.

    What lies in a scope that shares is included: it uses what lies at the same place in the owner.
    """
    direct: dict[str, str] = {}

    def visit(scope: Scope, like: str | None) -> None:
        for member in scope.members:
            place = None if like is None else f"{like}.{member.name}"
            target = member.share or place
            if target is not None:
                direct[member.path] = target
            if isinstance(member, Scope):
                visit(member, target)

    visit(graph.root, None)
    return {path: _last(direct, path) for path in direct}


def _last(direct: dict[str, str], path: str) -> str:
    while path in direct:
        path = direct[path]
    return path


def tied_node(graph: Graph, key: str) -> Node:
    """The node that has a weight, by the weight's key in the `state_dict`."""
    path = key
    while path not in graph:
        path = path.rpartition(".")[0]
        assert path, f"no node has the weight {key}"
    return graph[path]
