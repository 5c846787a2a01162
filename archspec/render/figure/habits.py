"""What is known of a graph as a whole before anything of it is drawn, found once for each graph."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

from archspec.ir.graph import Graph, Node
from archspec.ir.op import Op
from archspec.render.layers import category_of


@dataclass(frozen=True, slots=True)
class Habits:
    """What goes without saying in a figure of a graph."""

    shuffled: frozenset[str]
    """The nodes whose axes behind the second are no places of the input: a figure says no height and width of them."""
    activates: bool
    """Whether most convolutions are followed by an activation: then it is said of the others that they are linear."""


_KNOWN: WeakKeyDictionary[Graph, Habits] = WeakKeyDictionary()


def habits(graph: Graph) -> Habits:
    """The habits of a graph."""
    known = _KNOWN.get(graph)
    if known is None:
        convolutions = [node for node in graph if category_of(node) == "convolution"]
        activated = sum(is_activated(graph, node) for node in convolutions)
        known = _KNOWN[graph] = Habits(frozenset(_shuffled(graph)), 2 * activated > len(convolutions))
    return known


def _shuffled(graph: Graph) -> set[str]:
    """Where places are no longer told apart, and what is made of that; what an error made unknowable is left out."""
    shuffled: set[str] = set()
    for node in graph.operations():
        if _loses_places(graph, node) or any(value.node in shuffled for value in node.inputs):
            shuffled.add(node.path)
    return shuffled


def _loses_places(graph: Graph, node: Node) -> bool:
    """Whether it does; of what an error was found in nothing is asked."""
    given = graph.input_types(node)
    if not isinstance(node.op, Op) or given is None or not node.types:
        return False
    return all(of.is_known for of in (*given, *node.types)) and node.op.sees(*given) is None


def is_activated(graph: Graph, node: Node) -> bool:
    """Whether what a node gives goes through an activation, with a norm before it or not, and nowhere else."""
    readers = [graph[path] for path in graph.users(node.path)]
    while len(readers) == 1 and category_of(readers[0]) == "normalization":
        readers = [graph[path] for path in graph.users(readers[0].path)]
    return bool(readers) and all(category_of(reader) == "activation" for reader in readers)
