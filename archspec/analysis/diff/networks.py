"""The difference between two networks: its parts, found once, for text, data and pictures alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from archspec.analysis.diff.changes import Change, Comparison, OutputChange
from archspec.analysis.diff.kinds import Kind, Kinds, kinds
from archspec.analysis.diff.matching import Matching, Pair, match
from archspec.analysis.diff.side import Member, is_positional, members, outer
from archspec.analysis.diff.totals import Total, totals
from archspec.analysis.diff.weights import Carried, carried
from archspec.analysis.facts import Facts
from archspec.ir.collector import collector_paused
from archspec.ir.dims import Size, symbol
from archspec.ir.graph import Boundary, Graph, Node, Scope, boundaries
from archspec.ir.types import TensorType

Types: TypeAlias = tuple[tuple[TensorType | None, ...], tuple[TensorType | None, ...]]
"""What goes in, and what comes out."""


@dataclass(frozen=True)
class Diff:
    """The difference between two networks."""

    before: Facts
    after: Facts
    matching: Matching
    """Which parts of the two are the same parts, by path and both ways."""
    changes: tuple[Change, ...]
    """Nodes and scopes that are different in themselves, in the order of the first network."""
    outputs: tuple[OutputChange, ...]
    """The outputs of the network that are not the same."""

    @cached_property
    def removed(self) -> tuple[Member, ...]:
        """What only the first network has: the outermost scopes of which that is true as a whole, and nodes."""
        return tuple(_whole(self.before.graph.root, self.matching.nodes))

    @cached_property
    def added(self) -> tuple[Member, ...]:
        """What only the second network has, likewise."""
        return tuple(_whole(self.after.graph.root, self.matching.nodes_back))

    @cached_property
    def renamed(self) -> tuple[Pair, ...]:
        """What is called otherwise itself, or has moved to another scope: not what is in it."""
        return tuple(pair for pair in self._moved if not self._is_of_position(pair))

    @cached_property
    def shifted(self) -> tuple[Pair, ...]:
        """What has another position in the same list, and is called by it: consequences of what is before."""
        return tuple(pair for pair in self._moved if self._is_of_position(pair))

    @cached_property
    def reshaped(self) -> tuple[Pair, ...]:
        """The nodes that get or give other shapes or dtypes."""
        nodes = (pair for pair in self.matching.pairs if isinstance(pair.before, Node))
        return tuple(pair for pair in nodes if self.types_before(pair.before) != self.types_after(pair.after))

    @cached_property
    def reinitialized(self) -> tuple[Pair, ...]:
        """The nodes whose weights start from something else."""
        return tuple(pair for pair in self.matching.pairs if _starts(pair.before) != _starts(pair.after))

    @cached_property
    def reordered(self) -> tuple[str, ...]:
        """`inputs` or `outputs`, where those in common are in another order: who goes by positions gets others."""
        one, other, nodes = self.before.graph, self.after.graph, self.matching.nodes
        inputs = [nodes[name] for name in one.inputs if name in nodes]
        outputs = [name for name in one.outputs if name in other.outputs]
        now = [name for name in other.inputs if name in inputs], [name for name in other.outputs if name in outputs]
        return tuple(
            name for name, old, new in zip(("inputs", "outputs"), (inputs, outputs), now, strict=True) if old != new
        )

    @cached_property
    def places(self) -> Mapping[Member, tuple[int, int]]:
        """Where each part stands in the order of both networks.

        It is that of the second; what the first has stands behind what is before it there.
        """
        found = {member: (place, 0) for place, member in enumerate(members(self.after.graph.root))}
        partners = {pair.before: pair.after for pair in self.matching.pairs}
        last = -1
        for place, member in enumerate(members(self.before.graph.root), 1):
            last = found[partners[member]][0] if member in partners else last
            found[member] = (last, place)
        return found

    @cached_property
    def params(self) -> Mapping[str, tuple[Any, Any]]:
        """The parameters of the specs that have other values; None where there is no such parameter."""
        ones, others = self.before.graph.params, self.after.graph.params
        names = dict.fromkeys((*ones, *others))
        return {name: (ones.get(name), others.get(name)) for name in names if ones.get(name) != others.get(name)}

    @cached_property
    def has_other_recipe(self) -> bool:
        """Whether the two are trained otherwise, or only one says how: not a difference between the networks."""
        return bool(self.before.graph.training != self.after.graph.training)

    @cached_property
    def is_same(self) -> bool:
        """Whether there is no difference, names and shapes included."""
        parts = (self.removed, self.added, self.changes, self.outputs, self._moved, self.reshaped)
        return not any((*parts, self.reinitialized, self.reordered))

    @cached_property
    def totals(self) -> tuple[Total, ...]:
        """What both cost, see and take as a whole."""
        return totals(self.before, self.after)

    @cached_property
    def weights(self) -> Carried:
        """Which weights of the first network the second can go on with."""
        return carried(self.before.graph, self.after.graph, self.matching)

    @property
    def kinds_before(self) -> Mapping[str, Kind]:
        """What became of each node and scope of the first network, by path; those that are the same are left out."""
        return self._kinds[0]

    @property
    def kinds_after(self) -> Mapping[str, Kind]:
        """The same of the second network, where parts are added and not removed."""
        return self._kinds[1]

    @cached_property
    def _kinds(self) -> tuple[Kinds, Kinds]:
        changed = [change.pair for change in self.changes]
        by_rank: list[tuple[Kind, Iterable[Pair]]] = [
            ("reshaped", self.reshaped),
            ("renamed", self.renamed),
            ("changed", changed),
        ]
        return kinds(self.before.graph, self.after.graph, self.matching, by_rank)

    @cached_property
    def _moved(self) -> tuple[Pair, ...]:
        return tuple(pair for pair in self.matching.pairs if self._has_moved(pair))

    def _has_moved(self, pair: Pair) -> bool:
        return pair.before.name != pair.after.name or not self._is_in_same_scope(pair)

    def _is_in_same_scope(self, pair: Pair) -> bool:
        return self.matching.scopes.get(outer(pair.before).path) == outer(pair.after).path

    def _is_of_position(self, pair: Pair) -> bool:
        stems = {member.name.rpartition(".")[0] for member in (pair.before, pair.after)}
        positional = is_positional(pair.before) and is_positional(pair.after)
        return positional and len(stems) == 1 and self._is_in_same_scope(pair)

    def types_before(self, member: Member) -> Types:
        """What goes in and comes out of a node or scope of the first network."""
        return self._types(self.before.graph, self._crossing[0], member)

    def types_after(self, member: Member) -> Types:
        """The same in the second network."""
        return self._types(self.after.graph, self._crossing[1], member)

    def _types(self, graph: Graph, crossing: Mapping[str, Boundary], member: Member) -> Types:
        if isinstance(member, Scope):
            border = crossing[member.path]
            inputs, outputs = ([graph.type_of(value) for value in values] for values in (border.inputs, border.outputs))
        else:
            inputs, outputs = [graph.type_of(value) for value in member.inputs], list(member.types)
        return tuple(map(self._plain, inputs)), tuple(map(self._plain, outputs))

    def _plain(self, kind: TensorType | None) -> TensorType | None:
        if kind is None or not self._batches:
            return kind
        return kind.at(self._batches)

    @cached_property
    def _crossing(self) -> tuple[Mapping[str, Boundary], Mapping[str, Boundary]]:
        return boundaries(self.before.graph), boundaries(self.after.graph)

    @cached_property
    def _batches(self) -> Mapping[str, Size]:
        """What the symbols of first axes count as, where the two networks call them otherwise."""
        names = self.before.graph.batch_symbols, self.after.graph.batch_symbols
        return {} if names[0] == names[1] else dict.fromkeys(sorted(names[0] | names[1]), symbol("N"))


def diff(before: Graph, after: Graph) -> Diff:
    """Tell two inferred graphs apart, in nearly linear time.

    Args:
        before: an inferred graph without errors.
        after: another.
    """
    with collector_paused():
        matching = match(before, after)
        comparison = Comparison(before, after, matching)
        changes, outputs = tuple(comparison.changes()), tuple(comparison.outputs())
    return Diff(Facts(before), Facts(after), matching, changes, outputs)


def _whole(scope: Scope, partners: Mapping[str, str]) -> Iterator[Member]:
    """The outermost members that have nodes, none of which has a partner."""
    for member in scope.members:
        if isinstance(member, Node):
            if member.path not in partners:
                yield member
        elif any(node.path in partners for node in member.nodes()):
            yield from _whole(member, partners)
        elif any(member.nodes()):
            yield member


def _starts(member: Member) -> Mapping[str, Any]:
    """What the weights of a node start from, by name; nothing for a scope."""
    return member.init if isinstance(member, Node) else {}
