"""The graph: nodes joined by edges, kept as a networkx DAG, with the tree of scopes beside it.

The graph is flat: every node is one use of an op, its inputs explicit. Scopes (block instances, sequences, named
branches, repeats) say which nodes belong together: a scope becomes a submodule, a box in a figure, a row of a table.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from typing import Any, Literal, NamedTuple, TypeAlias

import networkx as nx

from archspec.ir.conditions import Condition
from archspec.ir.dims import symbols
from archspec.ir.op import Op, Weight
from archspec.ir.types import Shape, TensorType
from archspec.source.origin import Origin
from archspec.source.span import Source, Span

Phase: TypeAlias = Literal["training", "eval"]
PHASES: tuple[Phase, ...] = ("training", "eval")

_NOTEBOOK = "archspec.render.notebook"
"""What draws a graph in a notebook. It stands far above this, so it is named, and imported when somebody looks."""


class Value(NamedTuple):
    """A reference to an output of a node: the node's path and the index of the port."""

    node: str
    port: int = 0


@dataclass(slots=True, eq=False)
class Deferred:
    """An op whose attributes depend on dims, and so are known only once shapes are (`channels: $C`)."""

    op: type[Op] | None
    """None where an error made it unknowable."""
    attributes: dict[str, Any]
    """Each value is plain, or something with `evaluate(dims)`."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """Why a rule is silenced on an item."""

    reason: str
    span: Span | None = field(default=None, compare=False)
    """Where the rule is named; one allowance on a block counts for everything in all of its uses."""


@dataclass(frozen=True, slots=True)
class Definition:
    """Something that a spec defines for itself, and may forget to use."""

    kind: Literal["parameter", "block"]
    name: str
    owner: str | None
    """The block that a parameter is of; None for one of the spec's own."""
    is_used: bool
    span: Span


@dataclass(slots=True, eq=False)
class Node:
    """One use of an op."""

    path: str
    """Its name in the graph, the path of its module, and the prefix of its keys in the `state_dict`."""
    op: Op | Deferred | None
    """None for an input of the graph."""
    inputs: tuple[Value, ...]
    scope: Scope
    origin: Origin
    phase: Phase | None = None
    """The only phase it runs in; None for both."""
    share: str | None = None
    """The path of the node whose weights this one uses; it has none of its own."""
    ties: Mapping[str, str] = field(default_factory=dict)
    """Weight name to the key of the weight that it is one with: `{"weight": "wte.weight"}`."""
    init: Mapping[str, Any] = field(default_factory=dict)
    """Weight name to its initialiser."""
    allow: Mapping[str, Allowance] = field(default_factory=dict)
    """Rule name to why it is silenced here, or on something around it."""
    types: tuple[TensorType, ...] = ()
    """The type of each port, once inferred; empty where an error made it unknowable."""
    weights: Mapping[str, Weight] = field(default_factory=dict)
    """Its weights by name, once inferred."""
    conditions: tuple[Condition, ...] = ()
    """What must hold of the symbols in its inputs, beyond what holds at every size."""
    training_conditions: tuple[Condition, ...] = ()  # the same in training mode only
    deferred: Deferred | None = None
    """What `op` was made of, where attributes depend on dims."""
    varying: frozenset[str] = frozenset()
    """The attributes that another use of the same item may have other values of: those that an expression or an `each`
    gives, `branches` where an `if` took one away, and `if` where one might take the node itself away."""

    @property
    def name(self) -> str:
        """The last part of its path, below its scope: `conv`, or `inner_blocks.0` where the id is dotted."""
        return self.path[len(self.scope.path) + 1 :] if self.scope.path else self.path

    @property
    def is_weight(self) -> bool:
        """Whether what it gives is a weight itself, and so has memory already."""
        return self.op is not None and not self.inputs and self.resolved.lower()[-1].kind == "weight"

    @property
    def resolved(self) -> Op:
        """The op itself; call it on nodes of an inferred graph that are no inputs."""
        assert isinstance(self.op, Op), f"{self.path} has no op yet"
        return self.op


@dataclass(slots=True, eq=False)
class Scope:
    """A part of the graph with a path of its own: a use of a block, or a sequence (also a named branch, a repeat)."""

    path: str
    """Empty for the whole network."""
    kind: Literal["network", "block", "sequence"]
    parent: Scope | None
    origin: Origin | None
    block: str | None = None
    """The name of the block it is a use of."""
    title: str | None = None
    phase: Phase | None = None
    members: list[Node | Scope] = field(default_factory=list)
    """Nodes and scopes directly inside, in the order of the file, which is an order of execution."""
    signature: tuple[tuple[str, tuple[Any, ...] | None, Value], ...] = ()
    """A block's inputs: name, declared dims (None where it declares none), and the value that is passed."""
    outputs: tuple[tuple[str, Value], ...] = ()
    """What it gives, by name; the first is what the next item gets."""
    share: str | None = None
    """The path of the scope whose weights this one uses."""
    allow: Mapping[str, Allowance] = field(default_factory=dict)
    """Rule name to why it is silenced here, or on something around it."""
    register_after: dict[str, str] = field(default_factory=dict)
    """Names of members that are registered elsewhere than executed: member to the member it comes after."""

    @property
    def name(self) -> str:
        """The last part of its path, below its parent."""
        return self.path[len(self.parent.path) + 1 :] if self.parent and self.parent.path else self.path

    def lineage(self) -> list[Scope]:
        """The scopes around it and itself, outermost first; the whole network is not among them."""
        found: list[Scope] = []
        scope = self
        while scope.parent is not None:
            found.append(scope)
            scope = scope.parent
        return found[::-1]

    def registration_order(self) -> list[Node | Scope]:
        """The members in the order in which modules, and so keys of the `state_dict`, are registered."""
        if not self.register_after:
            return self.members
        order = [member for member in self.members if member.name not in self.register_after]
        for member in self.members:
            after = self.register_after.get(member.name)
            if after is not None:
                place = next(index for index, other in enumerate(order) if other.name == after)
                order.insert(place + 1, member)
        return order

    def nodes(self) -> Iterator[Node]:
        """All nodes inside, at any depth, in order."""
        for member in self.members:
            if isinstance(member, Scope):
                yield from member.nodes()
            else:
                yield member

    def scopes(self) -> Iterator[Scope]:
        """All scopes inside, at any depth, outer before inner."""
        for member in self.members:
            if isinstance(member, Scope):
                yield member
                yield from member.scopes()


@dataclass(frozen=True, slots=True)
class GraphInput:
    """An input of the network."""

    name: str
    type: TensorType
    """Its type with nominal sizes filled in."""
    symbols: Mapping[str, int] = field(default_factory=dict)
    """The nominal sizes of the symbols that have one: `{"H": 299}`."""
    declared: tuple[Any, ...] = ()
    """Its dims as declared, all symbols kept."""
    below: int | None = None
    """Integer inputs are drawn from 0 to this, exclusive."""
    constraints: tuple[Condition, ...] = ()
    """What the spec demands of its symbols (`T <= 1024`)."""
    where: tuple[str, ...] = ()
    """The same as written."""

    @property
    def shape(self) -> Shape:
        """Its dims as declared."""
        return self.declared or self.type.shape


@dataclass(frozen=True, slots=True)
class GraphOutput:
    """An output of the network."""

    name: str
    value: Value
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Contract:
    """Something the spec demands of the whole network under `expect`."""

    fact: str
    """`parameters`, `macs`, `receptive_field`, `peak_memory`, `outputs` or `min_input`."""
    subject: str | None
    """For `outputs`: the output's name. For `min_input`: the symbol; None for all of them."""
    expected: Any
    """A number; for `outputs` a shape."""
    span: Span
    phase: Phase | None = None
    """For `min_input`: the only phase it is said of; None for both."""


class Graph:
    """A network: its nodes in an order of execution, its inputs and outputs, and its scopes."""

    def __init__(
        self,
        name: str,
        root: Scope,
        inputs: Iterable[GraphInput],
        outputs: Iterable[GraphOutput],
        title: str | None = None,
    ) -> None:
        self.name = name
        self.title = title
        self.root = root
        self.inputs = {given.name: given for given in inputs}
        self.outputs = {output.name: output for output in outputs}
        self.source: Source | None = None
        """The file it was read from; None for a graph that a program made."""
        self.params: dict[str, Any] = {}
        """The values of the spec's parameters."""
        self.is_as_published = True
        """Whether every parameter has its default."""
        self.contracts: list[Contract] = []
        self.severities: dict[str, str] = {}
        """Rule name to `error`, `warning`, `note` or `off`, where the spec sets it."""
        self.thresholds: dict[str, dict[str, float]] = {}
        """Rule name to its settings that the spec gives other values."""
        self.definitions: tuple[Definition, ...] = ()
        """The parameters and blocks that the spec's own file defines, in the order of the file."""
        self.weight_maps: dict[str, Any] = {}
        """By name, how published files of weights fit: `archspec.recipe.weights.WeightMap`s."""
        self.training: Any = None
        """How it is trained, an `archspec.recipe.training.Training`; None where the spec does not say."""
        self.dag: nx.MultiDiGraph[str] = nx.MultiDiGraph()
        """Node paths joined by edges `source -> target` with keys `(input index, source port)`; attribute `node`."""
        self._nodes = {node.path: node for node in root.nodes()}
        for node in self._nodes.values():
            self.dag.add_node(node.path, node=node)
            for index, value in enumerate(node.inputs):
                self.dag.add_edge(value.node, node.path, key=(index, value.port))

    def __getitem__(self, path: str) -> Node:
        """The node at a path; KeyError when there is none."""
        return self._nodes[path]

    def __contains__(self, path: object) -> bool:
        return path in self._nodes

    def __len__(self) -> int:
        return len(self._nodes)

    def __repr__(self) -> str:
        return f"<Graph {self.name}: {len(self)} nodes>"

    def _repr_svg_(self) -> str | None:
        """The figure, for notebooks; None where no layout engine is installed."""
        shown: str | None = import_module(_NOTEBOOK).svg_of(self)
        return shown

    def _repr_html_(self) -> str | None:
        """The same in a frame that scrolls."""
        shown: str | None = import_module(_NOTEBOOK).html_of(self)
        return shown

    def __iter__(self) -> Iterator[Node]:
        """Inputs first, then all nodes in the order of the file, which is topological."""
        return iter(self._nodes.values())

    @cached_property
    def batch_symbols(self) -> frozenset[str]:
        """The symbols of the inputs' first axes."""
        return frozenset(name for given in self.inputs.values() for dim in given.shape[:1] for name in symbols(dim))

    @property
    def size_symbols(self) -> tuple[str, ...]:
        """The symbols of the inputs that are no batch, in the order of their declaration."""
        dims = (dim for given in self.inputs.values() for dim in given.shape)
        every, batch = dict.fromkeys(name for dim in dims for name in sorted(symbols(dim))), self.batch_symbols
        return tuple(name for name in every if name not in batch)

    def operations(self) -> Iterator[Node]:
        """The nodes that are no inputs."""
        return (node for node in self if node.op is not None)

    def type_of(self, value: Value) -> TensorType | None:
        """The type of a value; None where an error made it unknowable."""
        types = self._nodes[value.node].types
        return types[value.port] if types else None

    def input_types(self, node: Node) -> tuple[TensorType, ...] | None:
        """The types of a node's inputs; None where one is unknowable."""
        types = [found for value in node.inputs if (found := self.type_of(value)) is not None]
        return tuple(types) if len(types) == len(node.inputs) else None

    def users(self, path: str) -> list[str]:
        """The paths of the nodes that read a node, in order, each once."""
        return list(self.dag.successors(path))


def outermost(node: Node, paths: Container[str]) -> Node | Scope:
    """The outermost member of a graph that holds a node, and no node but those at some paths."""
    found: Node | Scope = node
    for scope in reversed(node.scope.lineage()):
        if any(inside.path not in paths for inside in scope.nodes()):
            break
        found = scope
    return found


@dataclass(frozen=True, slots=True)
class Boundary:
    """What crosses the border of a scope."""

    inputs: tuple[Value, ...]
    """Outer values that are read inside: the declared inputs first, then captures, in order of first use."""
    outputs: tuple[Value, ...]
    """Inner values that are read outside, or declared: declared outputs first, then taps."""


def boundaries(graph: Graph) -> dict[str, Boundary]:
    """The boundary of every scope, by path; time is edges times depth."""
    inputs: dict[str, dict[Value, None]] = {"": {}}
    outputs: dict[str, dict[Value, None]] = {"": {}}
    for scope in graph.root.scopes():
        inputs[scope.path] = dict.fromkeys(value for _, _, value in scope.signature)
        outputs[scope.path] = dict.fromkeys(value for _, value in scope.outputs)
    chains: dict[str, tuple[str, ...]] = {"": ()}
    for scope in graph.root.scopes():
        parent = scope.parent.path if scope.parent else ""
        chains[scope.path] = (*chains[parent], scope.path)
    for node in graph.operations():
        for value in node.inputs:
            _cross(value, chains[graph[value.node].scope.path], chains[node.scope.path], inputs, outputs)
    for output in graph.outputs.values():
        _cross(output.value, chains[graph[output.value.node].scope.path], (), inputs, outputs)
    _pass_through(graph, inputs, outputs, chains)
    return {path: Boundary(tuple(inputs[path]), tuple(outputs[path])) for path in inputs}


def _cross(
    value: Value,
    source: tuple[str, ...],
    target: tuple[str, ...],
    inputs: dict[str, dict[Value, None]],
    outputs: dict[str, dict[Value, None]],
) -> None:
    common = 0
    while common < len(source) and common < len(target) and source[common] == target[common]:
        common += 1
    for path in source[common:]:
        outputs[path].setdefault(value)
    for path in target[common:]:
        inputs[path].setdefault(value)


def _pass_through(
    graph: Graph,
    inputs: dict[str, dict[Value, None]],
    outputs: dict[str, dict[Value, None]],
    chains: dict[str, tuple[str, ...]],
) -> None:
    """Declared inputs of a scope must reach it, and its declared outputs must leave what makes them."""
    for scope in graph.root.scopes():
        for value in [*inputs[scope.path], *outputs[scope.path]]:
            _cross(value, chains[graph[value.node].scope.path], chains[scope.path], inputs, outputs)
