"""What can be drawn of a graph: a tree of parts, each either one box or a frame around its members.

Beside nodes and scopes there are parts that the spec does not write and readers see: a layer (a convolution with the
norm and activation after it) and a repeat (uses of one block in a row that differ in their numbers alone, or layers in
a row that do not differ).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal, TypeAlias

from archspec.ir.graph import Deferred, Graph, Node, Phase, Scope, Value
from archspec.render.layers import category_of, only_layer, op_of
from archspec.source.span import Span

Kind: TypeAlias = Literal["network", "block", "sequence", "branch", "repeat", "layer", "node"]

SIGNS: Final = {"add": "+", "multiply": "×"}
"""Joins that figures draw as a sign in a circle."""

LAYERS: Final = frozenset({"convolution", "pooling", "linear"})
"""Categories of the ops that layers are named after."""

_BEFORE: Final = frozenset({"convolution", "linear"})
_AFTER: Final = frozenset({"activation", "normalization"})
"""Categories of what is drawn as one layer, where the latter come after one of the former."""

_STACKED: Final = 4
"""Layers from which on equal ones are a repeat: papers stack two or three of them."""


@dataclass(slots=True, eq=False)
class Part:
    """Something that can be drawn as one box, or opened."""

    id: str
    """The path of its node or scope. A repeat that has no scope of its own goes from its first to its last turn
    (`features.6..9`), as does a layer that has none (`conv1+relu1`)."""
    kind: Kind
    """A `branch` is a sequence that ends in a join: it is never drawn, only what is in it."""
    members: tuple[Part, ...] = ()
    """What is inside, in an order of execution; of a repeat its turns."""
    scope: Scope | None = None
    node: Node | None = None
    """A node itself, or the one that a layer is named after; of a repeat of such things that of its first turn."""

    def nodes(self) -> Iterator[Node]:
        """All nodes inside, in order."""
        if not self.members and self.node is not None:
            yield self.node
        for member in self.members:
            yield from member.nodes()

    def parts(self) -> Iterator[Part]:
        """Itself and all parts inside, outer before inner."""
        yield self
        for member in self.members:
            yield from member.parts()

    def paths(self) -> Iterator[str]:
        """The paths of the nodes in it, then those of the scopes that it is or has inside."""
        yield from (node.path for node in self.nodes())
        yield from (part.scope.path for part in self.parts() if part.scope is not None)

    @property
    def phase(self) -> Phase | None:
        """The only phase that anything inside runs in; None for both."""
        phases = {node.phase for node in self.nodes()}
        return phases.pop() if len(phases) == 1 else None


def is_bar(part: Part) -> bool:
    """Whether it is a join that figures draw as a bar."""
    node = part.node
    if part.kind != "node" or node is None or len(node.inputs) < 2:
        return False
    return category_of(node) == "merge" and op_name(node) not in SIGNS


def parts_of(graph: Graph) -> Part:
    """The whole network as a part. Inputs and outputs of the network are none."""
    outputs = {output.value.node for output in graph.outputs.values()}
    return Part("", "network", _members(graph, graph.root, outputs), graph.root)


def _members(graph: Graph, scope: Scope, outputs: Set[str]) -> tuple[Part, ...]:
    """What is in a scope; `outputs` are the nodes that give those of the network."""
    members = [member for member in scope.members if isinstance(member, Scope) or member.op is not None]
    every = (_part(graph, member, outputs) for member in members)
    parts = [part for part in every if part.members or part.node is not None]
    return _with_repeats(graph, _with_layers(graph, parts, outputs), outputs)


def _part(graph: Graph, member: Node | Scope, outputs: Set[str]) -> Part:
    if isinstance(member, Node):
        return Part(member.path, "node", (), None, member)
    layer = only_layer(member, LAYERS)
    members = _members(graph, member, outputs)
    if layer is not None:
        return Part(member.path, "layer", _opened(members), member, layer)
    if member.kind == "sequence" and len(members) == 1 and members[0].kind == "repeat" and members[0].scope is None:
        return Part(member.path, "repeat", members[0].members, member, members[0].node)
    if member.kind == "block":
        return Part(member.path, "block", members, member)
    return Part(member.path, "branch" if _is_branch(graph, member) else "sequence", members, member)


def _opened(members: tuple[Part, ...]) -> tuple[Part, ...]:
    """What is in a layer: where that is one layer again, what is in it."""
    return members[0].members if len(members) == 1 and members[0].kind == "layer" else members


def _is_branch(graph: Graph, scope: Scope) -> bool:
    """Whether what a sequence gives goes into a join beside it."""
    readers = (graph[path] for _, value in scope.outputs[:1] for path in graph.users(value.node))
    return any(reader.scope is scope.parent and len(reader.inputs) > 1 for reader in readers)


def _with_layers(graph: Graph, parts: Sequence[Part], outputs: Set[str]) -> list[Part]:
    """The same with each layer that is written as several items put into one part."""
    found: list[list[Part]] = []
    for part in parts:
        if found and _belongs_to_layer(graph, found[-1], part) and found[-1][-1].id not in outputs:
            found[-1].append(part)
        else:
            found.append([part])
    return [run[0] if len(run) == 1 else _layer(run) for run in found]


def _belongs_to_layer(graph: Graph, run: Sequence[Part], part: Part) -> bool:
    first, last = run[0].node, run[-1].node
    if run[0].kind != "node" or part.kind != "node" or first is None or last is None or part.node is None:
        return False
    is_next = [value.node for value in part.node.inputs] == [last.path] and graph.users(last.path) == [part.id]
    return category_of(first) in _BEFORE and category_of(part.node) in _AFTER and is_next


def _layer(run: Sequence[Part]) -> Part:
    last = run[-1].node
    assert last is not None, "a layer is made of nodes"
    return Part(f"{run[0].id}+{last.name}", "layer", tuple(run), None, run[0].node)


def _with_repeats(graph: Graph, parts: Sequence[Part], outputs: Set[str]) -> tuple[Part, ...]:
    """The same with what is done several times in a row put into one part."""
    found: list[list[Part]] = []
    for part in parts:
        if found and _are_alike(found[-1][-1], part) and _is_next_turn(graph, found[-1][-1], part, outputs):
            found[-1].append(part)
        else:
            found.append([part])
    return tuple(part for run in found for part in _folded(run))


def _folded(run: list[Part]) -> list[Part]:
    least = 2 if run[0].node is None else _STACKED
    return run if len(run) < least else [_repeat(run)]


def _are_alike(turn: Part, part: Part) -> bool:
    """Whether two parts are uses of one block, turns of one sequence, or layers, and do the same."""
    if turn.kind != part.kind or _structure(turn) != _structure(part):
        return False
    if turn.node is not None:
        return all(one.op == other.op for one, other in zip(turn.nodes(), part.nodes(), strict=True))
    if turn.scope is None or part.scope is None:
        return False
    return turn.scope.block == part.scope.block if turn.kind == "block" else _item(turn.scope) == _item(part.scope)


def _item(scope: Scope) -> Span | None:
    """Where the item is written that made a scope: all turns of a repeat are made by one."""
    return scope.origin.span if scope.origin is not None else None


def _is_next_turn(graph: Graph, turn: Part, part: Part, outputs: Set[str]) -> bool:
    """Whether a part does to what the one before gives, which nothing else reads, what that does to what it reads.

    What else they read has to be the same: a skip connection to each of them is not seen where one stands for all.
    """
    before = {node.path for node in turn.nodes()}
    here = {node.path for node in part.nodes()}
    readers = {reader for path in before for reader in graph.users(path)}
    if outputs & before or not readers <= before | here:
        return False
    read = list(zip(_read(turn, before), _read(part, here), strict=True))
    return any(value.node in before for _, value in read) and all(
        value.node in before or value == earlier for earlier, value in read
    )


def _read(part: Part, inside: Set[str]) -> list[Value]:
    """What a part reads from outside, in order."""
    return [value for node in part.nodes() for value in node.inputs if value.node not in inside]


def _structure(part: Part) -> list[tuple[str, str | None, tuple[int | None, ...]]]:
    """What is in a part, the ops and how they are wired, whatever their numbers are."""
    places = {node.path: place for place, node in enumerate(part.nodes())}
    structure: list[tuple[str, str | None, tuple[int | None, ...]]] = []
    for inner in part.parts():
        structure.append((inner.kind, None, (len(inner.members),)))
        if inner.node is not None and not inner.members:
            read = tuple(places.get(value.node) for value in inner.node.inputs)
            structure.append((op_name(inner.node), inner.node.phase, read))
    return structure


def op_name(node: Node) -> str:
    """The name of a node's op; empty for an input or an unknown op."""
    op = op_of(node)
    return "" if op is None else op.name


def _repeat(turns: Sequence[Part]) -> Part:
    last = turns[-1].id
    common = last.rpartition(".")[0]
    name = last[len(common) + 1 :] if common and turns[0].id.startswith(f"{common}.") else last
    return Part(f"{turns[0].id}..{name}", "repeat", tuple(turns), None, turns[0].node)


@dataclass(frozen=True, slots=True)
class Difference:
    """An attribute that differs between the turns of a repeat."""

    path: str
    """That of the node or layer, below a turn."""
    attribute: str
    values: tuple[object, ...]
    """One a turn."""


def differences(turns: Sequence[Part]) -> list[Difference]:
    """What differs between the turns of a repeat, in the order of the nodes."""
    layers = {part.node.path: part.id for part in turns[0].parts() if part.kind == "layer" and part.node is not None}
    found = []
    for alike in zip(*(turn.nodes() for turn in turns), strict=True):
        ops = [node.op for node in alike]
        if any(isinstance(op, Deferred) for op in ops) or all(op == other for op, other in pairwise(ops)):
            continue
        path = layers.get(alike[0].path, alike[0].path).removeprefix(f"{turns[0].id}.")
        for field in type(ops[0]).model_fields if ops[0] is not None and not isinstance(ops[0], Deferred) else ():
            values = tuple(getattr(op, field) for op in ops)
            if any(value != values[0] for value in values):
                found.append(Difference(path, field, values))
    return found
