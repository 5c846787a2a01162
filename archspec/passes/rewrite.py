"""Rewrite: a network under change, and what passes ask of it and do to it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property

from archspec.ir.conditions import Conditions, RuleStopped
from archspec.ir.graph import Node, Scope, Value
from archspec.ir.op import Op
from archspec.ir.types import TensorType
from archspec.passes.network import Network, flat_graph, key_of
from archspec.passes.weight_values import WeightValue


class Rewrite:
    """A network whose nodes can be replaced and removed; `finish` gives what it has become."""

    def __init__(self, network: Network) -> None:
        self.graph = network.graph
        self.nodes = {node.path: node for node in network.graph}
        self.values = dict(network.values)
        self.outputs = {name: output.value for name, output in network.graph.outputs.items()}
        # The names of the outputs that nodes give, by path.
        self._given: dict[str, set[str]] = defaultdict(set)
        for name, value in self.outputs.items():
            self._given[value.node].add(name)
        self._readers: dict[str, dict[tuple[str, int], None]] = {path: {} for path in self.nodes}
        for node in self.nodes.values():
            self._note(node)

    def operations(self) -> Iterator[Node]:
        """The nodes that are there now and are no inputs, in order."""
        for path in list(self.nodes):
            if path in self.nodes and self.nodes[path].op is not None:
                yield self.nodes[path]

    def readers(self, path: str) -> list[Node]:
        """The nodes that read a node, each once."""
        return [self.nodes[reader] for reader in dict.fromkeys(reader for reader, _ in self._readers[path])]

    def is_output(self, path: str) -> bool:
        """Whether the network gives what a node gives."""
        return bool(self._given.get(path))

    def only_reader(self, path: str) -> Node | None:
        """The node that reads a node, once, where nothing else needs what it gives."""
        if self.is_output(path) or len(self._readers[path]) != 1:
            return None
        ((reader, _),) = self._readers[path]
        return self.nodes[reader]

    def input(self, node: Node, index: int = 0) -> Node:
        """The node that a node reads."""
        return self.nodes[node.inputs[index].node]

    def input_types(self, node: Node) -> tuple[TensorType, ...]:
        """The types of what a node reads."""
        return tuple(self.nodes[value.node].types[value.port] for value in node.inputs)

    def value(self, node: Node, name: str) -> WeightValue:
        """What a weight of a node is."""
        return self.values[key_of(node.path, name)]

    def put(
        self, path: str, op: Op, inputs: tuple[Value, ...], values: Mapping[str, WeightValue], like: Node | None = None
    ) -> Node:
        """Put a node at a path, in the place of the one that is there.

        Args:
            path: where.
            op: what it does; its types and weights follow from it.
            inputs: what it reads.
            values: what its parameters and buffers are, by name.
            like: whose place in the file a node at a new path has.
        """
        given = tuple(self.nodes[value.node].types[value.port] for value in inputs)
        before = self.nodes.get(path)
        origin = (before or like or self.nodes[inputs[0].node]).origin
        types, weights = infer(op, given), op.weights(*given)
        node = Node(path, op, inputs, self.graph.root, origin, types=types, weights=weights)
        if before is not None:
            self._forget(before)
        self.nodes[path] = node
        self._readers.setdefault(path, {})
        self._note(node)
        self.values |= {key_of(path, name): value for name, value in values.items()}
        return node

    def reconnect(self, node: Node, inputs: tuple[Value, ...]) -> None:
        """Let a node read other values, of the same types."""
        self._unread(node)
        self.nodes[node.path] = changed = replace(node, inputs=inputs)
        self._note(changed)

    def supplant(self, old: Value, new: Value, but: str | None = None) -> None:
        """Let all that reads a value read another one, but for the node at a path."""
        for reader in self.readers(old.node):
            if reader.path != but:
                self.reconnect(reader, tuple(new if value == old else value for value in reader.inputs))
        for name in [name for name in self._given.get(old.node, ()) if self.outputs[name] == old]:
            self._given[old.node].remove(name)
            self._given[new.node].add(name)
            self.outputs[name] = new

    def new_path(self, beside: str, word: str) -> str:
        """A path that no node has, and that is above none: another one's, with a word behind."""
        path = f"{beside}_{word}"
        while path in self.nodes or path in self._scopes:
            path += "_"
        return path

    @cached_property
    def _scopes(self) -> set[str]:
        """What the paths of nodes are below of."""
        return {path[: dot.start()] for path in self.nodes for dot in re.finditer(r"\.", path)}

    def remove(self, path: str) -> None:
        """Take out a node that nothing reads, and what was needed for it alone, inputs of the network aside."""
        waiting = [path]
        while waiting:
            node = self.nodes.get(waiting.pop())
            if node is None or node.op is None or self._readers[node.path] or self.is_output(node.path):
                continue
            self._forget(node)
            del self.nodes[node.path], self._readers[node.path]
            waiting += [value.node for value in node.inputs]

    def finish(self) -> Network:
        """The network as it is now."""
        root = Scope("", "network", None, None)
        root.members += [replace(node, scope=root) for node in _in_order(self.nodes)]
        outputs = [replace(output, value=self.outputs[name]) for name, output in self.graph.outputs.items()]
        return Network(flat_graph(self.graph, root, outputs), self.values)

    def _note(self, node: Node) -> None:
        for index, value in enumerate(node.inputs):
            self._readers[value.node][node.path, index] = None

    def _unread(self, node: Node) -> None:
        for index, value in enumerate(node.inputs):
            self._readers[value.node].pop((node.path, index), None)

    def _forget(self, node: Node) -> None:
        """Take out what is known of a node but for who reads it."""
        self._unread(node)
        for name in node.weights:
            self.values.pop(key_of(node.path, name), None)


def infer(op: Op, given: tuple[TensorType, ...]) -> tuple[TensorType, ...]:
    """The types that an op gives for those that it reads.

    Raises:
        ValueError: it cannot read them.
    """
    must = Conditions()
    try:
        types = op.infer(must, *given)
    except RuleStopped:
        types = ()
    if must.failures:
        raise ValueError(f"`{op.name}` cannot read {', '.join(map(str, given))}: {must.failures[0].message}")
    return types if isinstance(types, tuple) else (types,)


def _in_order(nodes: Mapping[str, Node]) -> Iterator[Node]:
    """Every node after all that it reads, and otherwise in the order in which they are."""
    done: set[str] = set()
    for path in nodes:
        waiting = [path]
        while waiting:
            node = nodes[waiting[-1]]
            missing = [value.node for value in node.inputs if value.node not in done]
            if missing and node.path not in done:
                waiting += missing
                continue
            waiting.pop()
            if node.path not in done:
                done.add(node.path)
                yield node
