"""Side outputs: what a network gives beside its main output, and what is computed for it alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from archspec.analysis.linear_runs import is_layer
from archspec.ir.graph import Graph, GraphOutput, Node, Scope, outermost


@dataclass(frozen=True, slots=True)
class SideOutput:
    """One output that leaves the way to the main output somewhere."""

    output: GraphOutput
    nodes: tuple[Node, ...]
    """What is computed for it and not for the main output, in order."""
    leaves: Node
    """The last node of the main way that it reads."""
    layers: int
    """The most layers that lie one after the other before it."""

    def member(self, graph: Graph) -> Node | Scope:
        """What the network has all of it in: the head, or the last node where there is no such part."""
        return outermost(graph[self.output.value.node], {node.path for node in self.nodes})


@dataclass(frozen=True, slots=True)
class Ways:
    """The main output, and those beside it."""

    main: GraphOutput
    nodes: frozenset[str]
    """Everything that the main output needs."""
    layers: int
    """The most layers that lie one after the other before it."""
    sides: tuple[SideOutput, ...]


def ways(graph: Graph, running: set[str]) -> Ways | None:
    """The outputs by the way that they take; None where there are not several.

    The main output is the deepest of those that exist in eval mode, the first of equally deep ones. A node is counted
    for one side output alone, the first that needs it, so that time is linear in nodes.

    Args:
        graph: the network.
        running: the nodes that run in eval mode.
    """
    present = [output for output in graph.outputs.values() if output.value.node in running]
    if len(graph.outputs) < 2 or not present:
        return None
    layers = _layers_before(graph)
    main = max(present, key=lambda output: layers[output.value.node])
    needed = set(_needed(graph, main, frozenset()))
    sides = tuple(_sides(graph, main, frozenset(needed), layers))
    return Ways(main, frozenset(needed), layers[main.value.node], sides)


def _sides(graph: Graph, main: GraphOutput, needed: frozenset[str], layers: dict[str, int]) -> Iterator[SideOutput]:
    place = {node.path: index for index, node in enumerate(graph)}
    counted = set(needed)
    for output in graph.outputs.values():
        if output is main:
            continue
        own = sorted(_needed(graph, output, counted), key=place.__getitem__)
        counted.update(own)
        read = {value.node for path in own for value in graph[path].inputs} & needed
        if read:
            leaves = max(read, key=place.__getitem__)
            nodes = tuple(graph[path] for path in own)
            yield SideOutput(output, nodes, graph[leaves], layers[output.value.node])


def _needed(graph: Graph, output: GraphOutput, without: frozenset[str] | set[str]) -> list[str]:
    """What an output is computed from, but for some nodes and what is behind them."""
    found: dict[str, None] = {}
    pending = [output.value.node]
    while pending:
        path = pending.pop()
        if path not in found and path not in without:
            found[path] = None
            pending += [value.node for value in graph[path].inputs]
    return list(found)


def _layers_before(graph: Graph) -> dict[str, int]:
    found: dict[str, int] = {}
    for node in graph:
        found[node.path] = max((found[value.node] for value in node.inputs), default=0) + is_layer(node)
    return found
