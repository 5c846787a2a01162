"""What is known of a graph as a whole before anything of it is drawn, found once for each graph."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

from archspec.analysis.receptive_field import receptive_fields
from archspec.ir.graph import Graph, Node
from archspec.render.layers import category_of


@dataclass(frozen=True, slots=True)
class Habits:
    """What goes without saying in a figure of a graph."""

    spatial: frozenset[str]
    """The nodes whose axes behind the second are places of the input: of them a figure says height and width."""
    activates: bool
    """Whether most convolutions are followed by an activation: then it is said of the others that they are linear."""


_KNOWN: WeakKeyDictionary[Graph, Habits] = WeakKeyDictionary()


def habits(graph: Graph) -> Habits:
    """The habits of a graph."""
    known = _KNOWN.get(graph)
    if known is None:
        convolutions = [node for node in graph if category_of(node) == "convolution"]
        activated = sum(is_activated(graph, node) for node in convolutions)
        known = _KNOWN[graph] = Habits(frozenset(receptive_fields(graph)), 2 * activated > len(convolutions))
    return known


def is_activated(graph: Graph, node: Node) -> bool:
    """Whether what a node gives goes through an activation, with a norm before it or not, and nowhere else."""
    readers = [graph[path] for path in graph.users(node.path)]
    while len(readers) == 1 and category_of(readers[0]) == "normalization":
        readers = [graph[path] for path in graph.users(readers[0].path)]
    return bool(readers) and all(category_of(reader) == "activation" for reader in readers)
