"""Branches: what stands side by side between a tensor and the `concat` that puts channels together."""

from __future__ import annotations

from dataclasses import dataclass

from archspec.analysis.factorization import Convolution, convolution
from archspec.ir.graph import Graph, Node, Value


@dataclass(frozen=True, slots=True)
class Branch:
    """A row of nodes, each read by the next alone, that ends at a join."""

    source: Value
    """What the first of them reads: something that others read too, or that is made of several."""
    nodes: tuple[str, ...]
    """Their paths, in order; empty where the source itself is joined."""
    channels: int
    """How many channels it gives."""


@dataclass(frozen=True, slots=True)
class Join:
    """A `concat` of channels, and its branches in order."""

    node: str
    branches: tuple[Branch, ...]

    @property
    def source(self) -> Value | None:
        """The tensor that all branches start from; None where they start from several."""
        sources = {branch.source for branch in self.branches}
        return sources.pop() if len(sources) == 1 else None


def joins(graph: Graph) -> tuple[Join, ...]:
    """Every `concat` of channels whose numbers are known, in order; in time linear in nodes and edges."""
    read_out = {output.value.node for output in graph.outputs.values()}
    found = []
    for node in graph.operations():
        if getattr(node.op, "name", "") == "concat" and getattr(node.op, "axis", None) == 1:
            branches = [_branch(graph, value, read_out) for value in node.inputs]
            if len(known := [branch for branch in branches if branch is not None]) == len(branches):
                found.append(Join(node.path, tuple(known)))
    return tuple(found)


def first_convolution(graph: Graph, branch: Branch) -> Convolution | None:
    """The first node of a branch that is more than an activation, a norm or a dropout, where it is a convolution."""
    first = next((graph[path] for path in branch.nodes if graph[path].resolved.category not in _PLAIN), None)
    return convolution(graph, first) if first is not None else None


_PLAIN = {"activation", "normalization", "regularization"}


def _branch(graph: Graph, end: Value, read_out: set[str]) -> Branch | None:
    kind = graph.type_of(end)
    channels = kind.shape[1] if kind is not None and kind.rank > 1 else None
    if not isinstance(channels, int):
        return None
    nodes: list[str] = []
    value = end
    while _is_in_a_row(graph, graph[value.node], read_out):
        nodes.append(value.node)
        value = graph[value.node].inputs[0]
    return Branch(value, tuple(reversed(nodes)), channels)


def _is_in_a_row(graph: Graph, node: Node, read_out: set[str]) -> bool:
    """Whether a node has one input and one reader."""
    return len(node.inputs) == 1 and graph.dag.out_degree(node.path) == 1 and node.path not in read_out
