"""One of two networks that are compared, with all that its parts are recognised by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator
from functools import cached_property
from typing import Final, TypeAlias

from archspec.ir.graph import Graph, Node, Scope

Member: TypeAlias = Node | Scope
_REACH: Final = 3
"""Edges that a neighbourhood goes up and down."""


class Numbers:
    """Whole numbers for things, equal for equal ones: so that to compare large ones is to compare numbers."""

    def __init__(self) -> None:
        self._given: dict[Hashable, int] = {}

    def of(self, thing: Hashable) -> int:
        """The number of a thing."""
        return self._given.setdefault(thing, len(self._given))


class Side:
    """One of two networks; both number their parts alike."""

    def __init__(self, graph: Graph, numbers: Numbers) -> None:
        self.graph = graph
        self._numbers = numbers
        self.contents: dict[Member, int] = {}
        """What each member is, with the attributes and all that is inside; not what it is called or reads."""
        self.skeletons: dict[Member, int] = {}
        """The same without attributes."""
        self._number(graph.root)

    def _number(self, member: Member) -> None:
        if isinstance(member, Scope):
            for inner in member.members:
                self._number(inner)
            for numbers in (self.contents, self.skeletons):
                numbers[member] = self._numbers.of(("scope", *(numbers[inner] for inner in member.members)))
        else:
            self.skeletons[member] = self._numbers.of(op_name(member))
            self.contents[member] = self._numbers.of((op_name(member), *map(repr, as_written(member).items())))

    @cached_property
    def users(self) -> dict[str, list[tuple[str, int, int]]]:
        """What reads each node, by path: the reader, which of its inputs it is, and the port; outputs read, too."""
        found: dict[str, list[tuple[str, int, int]]] = {path: [] for path in (node.path for node in self.graph)}
        for node in self.graph:
            for index, value in enumerate(node.inputs):
                found[value.node].append((node.path, index, value.port))
        for name, output in self.graph.outputs.items():
            found[output.value.node].append((f"output {name}", 0, output.value.port))
        return found

    @cached_property
    def neighbourhoods(self) -> dict[str, int]:
        """What each node is with the shapes of its weights, and what stands around it, by path."""
        found = {node.path: self._numbers.of((self.contents[node], _weights(node))) for node in self.graph}
        for _ in range(_REACH):
            found = {node.path: self._numbers.of(self._around(node, found)) for node in self.graph}
        return found

    def _around(self, node: Node, known: dict[str, int]) -> Hashable:
        above = tuple((known[value.node], value.port) for value in node.inputs)
        below = sorted((known.get(user, -1), index, port) for user, index, port in self.users[node.path])
        return known[node.path], above, tuple(below)

    def only_ones(self) -> dict[int, Node]:
        """The nodes whose neighbourhoods no other node has, by that."""
        found: defaultdict[int, list[Node]] = defaultdict(list)
        for node in self.graph:
            found[self.neighbourhoods[node.path]].append(node)
        return {number: nodes[0] for number, nodes in found.items() if len(nodes) == 1}


def op_name(node: Node) -> str:
    """The name of a node's op; `input` for an input of the network."""
    return node.resolved.name if node.op is not None else "input"


def attributes_of(node: Node) -> dict[str, object]:
    """The attributes of a node's op by name; none for an input."""
    return {name: getattr(node.op, name) for name in type(node.resolved).model_fields} if node.op is not None else {}


def expressions_of(node: Node) -> dict[str, str]:
    """The attributes of a node that depend on its inputs, as they are written: `$C`."""
    given = node.deferred.attributes if node.deferred is not None else {}
    return {name: _text(value) for name, value in given.items() if _waits(value)}


def as_written(node: Node) -> dict[str, object]:
    """The attributes of a node's op, those that depend on its inputs by what they are written as."""
    return attributes_of(node) | expressions_of(node)


def _waits(value: object) -> bool:
    return any(map(_waits, value)) if isinstance(value, list | tuple) else hasattr(value, "evaluate")


def _text(value: object) -> str:
    return f"[{', '.join(map(_text, value))}]" if isinstance(value, list | tuple) else str(value)


def members(scope: Scope) -> Iterator[Member]:
    """The nodes and scopes inside of a scope, at any depth, outer ones before inner ones."""
    for member in scope.members:
        yield member
        if isinstance(member, Scope):
            yield from members(member)


def outer(member: Member) -> Scope:
    """The scope that a node or scope lies in; the whole network itself for that."""
    return member.scope if isinstance(member, Node) else member.parent or member


def is_positional(member: Member) -> bool:
    """Whether a member is called by its position: `3`, `features.6`."""
    return member.name.rpartition(".")[2].isdigit()


def _weights(node: Node) -> Hashable:
    return tuple((name, weight.kind, weight.shape, weight.dtype) for name, weight in node.weights.items())
