"""Phases: which nodes run when the network does."""

from __future__ import annotations

from archspec.ir.graph import PHASES, Graph, Phase


def running(graph: Graph) -> dict[Phase, set[str]]:
    """The paths of the nodes that run in each phase, inputs among them: whatever the outputs that exist in it need."""
    found: dict[Phase, set[str]] = {}
    for phase in PHASES:
        outputs = {output.value.node for output in graph.outputs.values()}
        found[phase] = needed(graph, outputs & _available(graph, phase))
    return found


def _available(graph: Graph, phase: Phase) -> set[str]:
    """The nodes that can run: not kept for the other phase, and all their inputs can."""
    others = [scope for scope in graph.root.scopes() if scope.phase not in (None, phase)]
    elsewhere = {node.path for scope in others for node in scope.nodes()}
    available: set[str] = set()
    for node in graph:
        here = node.phase in (None, phase) and node.path not in elsewhere
        if here and all(value.node in available for value in node.inputs):
            available.add(node.path)
    return available


def needed(graph: Graph, paths: set[str]) -> set[str]:
    """The paths of some nodes, and of all that they are computed from."""
    found = set(paths)
    for node in reversed(list(graph)):
        if node.path in found:
            found.update(value.node for value in node.inputs)
    return found
