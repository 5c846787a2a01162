"""What the rules about coarser grids look at: a pool that is the only way on, and the convolutions around it."""

from __future__ import annotations

from typing import Final

from archspec.analysis.capacity_curve import GridChange
from archspec.analysis.factorization import Convolution, convolution
from archspec.ir.graph import Graph, Node

KEPT: Final = 0.24
"""The share of elements that a step to a coarser grid keeps at least: a pool of stride 2 keeps a quarter, a little less
on odd sizes, reductions with branches a third and more."""

WIDENING: Final = 1.5
"""From so many times the channels on, a convolution behind a pool is meant to make up for what the pool drops."""


def pool_alone(graph: Graph, change: GridChange) -> Node | None:
    """The pool that a grid change consists of; None where it is something else, or where an image is made smaller."""
    if change.path not in graph or graph[change.before.values[0].node].op is None:
        return None
    node = graph[change.path]
    return node if node.resolved.category == "pooling" else None


def next_convolution(graph: Graph, node: Node) -> Convolution | None:
    """The convolution that alone reads what a node gives, perhaps behind ops that look at one place at a time."""
    while len(readers := graph.users(node.path)) == 1:
        node = graph[readers[0]]
        if node.resolved.name == "conv":
            return convolution(graph, node)
        if not _looks_at_one_place(graph, node):
            return None
    return None


def previous_convolution(graph: Graph, node: Node) -> Convolution | None:
    """The convolution whose output, perhaps behind ops that look at one place at a time, a node alone reads."""
    while len(node.inputs) == 1 and graph.dag.out_degree(node.inputs[0].node) == 1:
        node = graph[node.inputs[0].node]
        if node.op is None:
            return None
        if node.resolved.name == "conv":
            return convolution(graph, node)
        if not _looks_at_one_place(graph, node):
            return None
    return None


def _looks_at_one_place(graph: Graph, node: Node) -> bool:
    return len(node.inputs) == 1 and node.resolved.sees(*(graph.input_types(node) or ())) == "here"
