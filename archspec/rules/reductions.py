"""What the rules about coarser grids look at: a pool that is the only way on, and the convolutions around it."""

from __future__ import annotations

from math import pow, prod
from typing import Final

from archspec.analysis.capacity_curve import GridChange
from archspec.analysis.factorization import Convolution, convolution
from archspec.analysis.facts import Facts
from archspec.ir.graph import Graph, Node

KEPT: Final = 0.24
"""The share of elements that a step to a coarser grid keeps at least; a pool of stride 2 keeps a quarter."""

WIDENING: Final = 1.5
"""From so many times the channels on, a convolution behind a pool is meant to make up for what the pool drops."""


def kept(facts: Facts, change: GridChange) -> float:
    """The share of elements that a grid change keeps, or would where sides are multiples of its stride.

    A pool of stride 2 takes 15 places to 7, which is no narrower by design than 16 to 8. In a volume the share is that
    of two of its three axes, so that a pool of stride 2 keeps a quarter there too.
    """
    before, after = (cut.values[0] for cut in (change.before, change.after))
    steps = list(zip(facts.receptive_fields[before.node], facts.receptive_fields[after.node], strict=True))
    channels = [facts.graph[value.node].types[value.port].shape[1] for value in (before, after)]
    if not isinstance(channels[0], int) or not isinstance(channels[1], int):
        return change.ratio
    share = max(change.ratio, channels[1] / channels[0] / prod(new.stride / old.stride for old, new in steps))
    return pow(share, min(1.0, 2 / len(steps)))


def is_of_image(graph: Graph, change: GridChange) -> bool:
    """Whether it is the input itself that is made smaller, be it normalised before."""
    node = graph[change.before.values[0].node]
    while node.op is not None and node.resolved.category == "arithmetic" and len(node.inputs) == 1:
        node = graph[node.inputs[0].node]
    return node.op is None


def pool_alone(graph: Graph, change: GridChange) -> Node | None:
    """The pool that a grid change consists of; None where it is something else, or where an image is made smaller."""
    if change.path not in graph or is_of_image(graph, change):
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
