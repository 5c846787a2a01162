"""Matching: which parts of two networks are the same parts.

The lists of two networks are gone through together from the outermost inwards. What is left, because it moved to
another list, is recognised by its neighbourhood, and from there on by what reads it and what it reads.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeAlias

from archspec.analysis.diff.lists import in_lists
from archspec.analysis.diff.side import Member, Numbers, Side, as_written, is_positional, members, op_name, outer
from archspec.ir.graph import Graph, Node, Scope, Value

_ROUNDS: Final = 8
"""How often what is matched leads to more, at most."""
_ALIKE: Final = 0.5
"""The least share of nodes that two scopes have in common to be one and the same."""
_Users: TypeAlias = frozenset[tuple[str, int, int]]


@dataclass(frozen=True, slots=True)
class Pair:
    """A part of the one network, and the same part of the other."""

    before: Member
    after: Member


@dataclass(frozen=True)
class Matching:
    """The parts that two networks have in common, in the order of the first."""

    nodes: Mapping[str, str]
    """The paths of nodes in the second network by those in the first, inputs included."""
    scopes: Mapping[str, str]
    """The same of scopes; that of the whole is `""`."""
    pairs: tuple[Pair, ...]
    """All of them, outer before inner, without the whole."""

    @cached_property
    def nodes_back(self) -> Mapping[str, str]:
        """The paths of nodes in the first network by those in the second."""
        return {after: before for before, after in self.nodes.items()}

    @cached_property
    def scopes_back(self) -> Mapping[str, str]:
        """The same of scopes."""
        return {after: before for before, after in self.scopes.items()}


def match(before: Graph, after: Graph) -> Matching:
    """Match two inferred graphs, in nearly linear time; every node and scope has one partner at most.

    The other way round it is the same matching.
    """
    numbers = Numbers()
    is_turned = _text(after) < _text(before)
    ones, others = (after, before) if is_turned else (before, after)
    matcher = _Matcher(Side(ones, numbers), Side(others, numbers))
    matcher.match()
    partners = matcher.back if is_turned else matcher.partners
    pairs = tuple(Pair(member, partners[member]) for member in members(before.root) if member in partners)
    nodes = {pair.before.path: pair.after.path for pair in pairs if isinstance(pair.before, Node)}
    scopes = {pair.before.path: pair.after.path for pair in pairs if isinstance(pair.before, Scope)}
    return Matching(nodes, {"": "", **scopes}, pairs)


def _text(graph: Graph) -> list[str]:
    """All that a graph is matched by: the two are taken in the order of it, so that it is no matter which is first."""
    found = [f"{output.name} {output.value}" for output in graph.outputs.values()]
    for member in members(graph.root):
        what = member.block if isinstance(member, Scope) else (op_name(member), as_written(member), member.inputs)
        found.append(f"{member.path} {what}")
    return found


class _Matcher:
    def __init__(self, before: Side, after: Side) -> None:
        self.before, self.after = before, after
        self.partners: dict[Member, Member] = {}
        """Members of the first network with those of the second."""
        self.back: dict[Member, Member] = {}
        """The same the other way round."""

    def match(self) -> None:
        self._pair(self.before.graph.root, self.after.graph.root)
        if self._is_left():
            self._grow()
            self._recognise()
            matched = 0
            for _ in range(_ROUNDS):
                self._grow()
                self._settle()
                self._grow()
                self._replace()
                if matched == len(self.partners):
                    break
                matched = len(self.partners)
        self._settle()

    def _settle(self) -> None:
        """Keep whole what was paired node by node."""
        self._part_scopes()
        self._rejoin()
        self._part_torn()
        self._part_strangers()
        self._part_scopes()

    def _is_left(self) -> bool:
        """Whether both networks have nodes without a partner."""
        return any(self._left_before()) and any(self._left_after())

    def _left_before(self) -> Iterator[Node]:
        return (node for node in self.before.graph if node not in self.partners)

    def _left_after(self) -> Iterator[Node]:
        return (node for node in self.after.graph if node not in self.back)

    def _pair(self, one: Member, other: Member) -> None:
        self.partners[one] = other
        self.back[other] = one
        if isinstance(one, Scope) and isinstance(other, Scope):
            for pair in in_lists(self.before, one.members, self.after, other.members):
                self._pair(*pair)

    def _recognise(self) -> None:
        """Pair nodes by neighbourhoods that occur once in each network."""
        others = self.after.only_ones()
        for number, node in self.before.only_ones().items():
            other = others.get(number)
            if other is not None and node not in self.partners and other not in self.back:
                self._pair(node, other)

    def _grow(self) -> None:
        self._grow_down()
        self._grow_up()

    def _grow_down(self) -> None:
        """Pair nodes that are the same and read the same."""
        reading = self._waiting(lambda node: (self.after.contents[node], node.inputs) if node.inputs else None)
        for node in self._left_before():
            inputs = self._values(node)
            if inputs and (others := reading.get((self.before.contents[node], inputs))):
                self._pair(node, others.popleft())

    def _grow_up(self) -> None:
        """Pair nodes that are the same and that the same reads, the last first."""
        read = self._waiting(lambda node: (self.after.contents[node], frozenset(self.after.users[node.path])))
        for node in reversed([*self._left_before()]):
            users = self._users(node)
            if users and (others := read.get((self.before.contents[node], users))):
                self._pair(node, others.popleft())

    def _replace(self) -> None:
        """Pair nodes that stand in the same place, where they are of one op, or called alike.

        The same place is that of the same path, or between the same nodes.
        """
        named = [node for node in self._left_after() if not is_positional(node)]
        by_name: dict[tuple[Member | None, str], Node] = {(node.scope, node.name): node for node in named}
        for node in [*self._left_before()]:
            other = by_name.get((self.partners.get(node.scope), node.name))
            if other is not None and (node.op is None) == (other.op is None):
                self._pair(node, other)
        between = self._waiting(lambda node: (node.inputs, frozenset(self.after.users[node.path])))
        for node in self._left_before():
            inputs, users = self._values(node), self._users(node)
            others = between.get((inputs, users)) if inputs and users else None
            if others and (op_name(node) == op_name(others[0]) or (is_positional(node) and is_positional(others[0]))):
                self._pair(node, others.popleft())

    def _waiting(self, key: Callable[[Node], Hashable]) -> dict[Hashable, deque[Node]]:
        """The nodes of the second network without a partner, by a key."""
        found: defaultdict[Hashable, deque[Node]] = defaultdict(deque)
        for node in self._left_after():
            found[key(node)].append(node)
        return dict(found)

    def _values(self, node: Node) -> tuple[Value, ...] | None:
        """What a node of the first network reads, as values of the second; None where one of them is not there."""
        read = [(self.partners.get(self.before.graph[value.node]), value.port) for value in node.inputs]
        found = tuple(Value(partner.path, port) for partner, port in read if partner is not None)
        return found if len(found) == len(read) else None

    def _users(self, node: Node) -> _Users | None:
        """What reads a node of the first network, in the second; None where one of them is not there."""
        found: set[tuple[str, int, int]] = set()
        for user, index, port in self.before.users[node.path]:
            partner = self.partners.get(self.before.graph[user]) if user in self.before.graph else None
            if partner is None and user in self.before.graph:
                return None
            found.add((partner.path if partner is not None else user, index, port))
        return frozenset(found)

    def _part_scopes(self) -> None:
        """Part scopes that have nodes, but none in common."""
        common = {
            scope
            for one, other in self._shared()
            for scope in one.lineage()
            if self.partners.get(scope) in other.lineage()
        }
        for scope in self.before.graph.root.scopes():
            if scope in self.partners and scope not in common and any(scope.nodes()):
                self._unpair(scope)

    def _part_strangers(self) -> None:
        """Part nodes without weights that have neither a scope nor what they read in common."""
        for node in self.before.graph:
            other = self.partners.get(node)
            if isinstance(other, Node) and not node.weights and self.partners.get(node.scope) is not other.scope:
                reads = {(self.partners.get(self.before.graph[path]), port) for path, port in node.inputs}
                is_moved = any((self.after.graph[path], port) in reads for path, port in other.inputs)
                around = other.scope.lineage()
                if not is_moved and not any(self.partners.get(scope) in around for scope in node.scope.lineage()):
                    self._unpair(node)

    def _unpair(self, member: Member) -> None:
        del self.back[self.partners.pop(member)]

    def _shared(self) -> Counter[tuple[Scope, Scope]]:
        """How many nodes are in common of what lies directly in two scopes, where there are some."""
        pairs = self.partners.items()
        return Counter((node.scope, outer(other)) for node, other in pairs if isinstance(node, Node))

    def _rejoin(self) -> None:
        """Pair scopes that have most of their nodes in common and with no other more, the largest first."""
        shared = self._shared()
        sizes = _sizes(self.before.graph.root) | _sizes(self.after.graph.root)
        is_joined = True
        while is_joined:
            is_joined = False
            for one, other in sorted(self._closest(shared, sizes), key=lambda pair: -sizes[pair[0]]):
                if self._agree(outer(one), outer(other)):
                    self.partners[one] = other
                    self.back[other] = one
                    is_joined = True

    def _closest(
        self, shared: Mapping[tuple[Scope, Scope], int], sizes: Mapping[Scope, int]
    ) -> Iterator[tuple[Scope, Scope]]:
        """Scopes without a partner of which each has the largest share of nodes in common with the other."""
        counts: Counter[tuple[Scope, Scope]] = Counter()
        for (one, other), count in shared.items():
            around = [scope for scope in reversed(other.lineage()) if scope not in self.back]
            for scope in reversed(one.lineage()):
                if scope not in self.partners:
                    counts.update(dict.fromkeys(((scope, another) for another in around), count))
        share = {pair: 2 * count / (sizes[pair[0]] + sizes[pair[1]]) for pair, count in counts.items()}
        best: dict[Scope, tuple[Scope, Scope]] = {}
        for pair in share:
            for scope in pair:
                best[scope] = max(best.get(scope, pair), pair, key=share.__getitem__)
        return (pair for pair in share if share[pair] >= _ALIKE and best[pair[0]] == best[pair[1]] == pair)

    def _part_torn(self) -> None:
        """Part nodes of scopes that belong to different ones."""
        torn = {pair for pair in self._shared() if not self._agree(*pair)}
        for node in self.before.graph if torn else ():
            if node in self.partners and (node.scope, outer(self.partners[node])) in torn:
                self._unpair(node)

    def _agree(self, one: Scope, other: Scope) -> bool:
        """Whether two scopes and all around them belong together, as far as they have partners."""
        ones, others = one.lineage(), other.lineage()
        return all(self.partners.get(scope) in (None, *others) for scope in ones) and all(
            self.back.get(scope) in (None, *ones) for scope in others
        )


def _sizes(root: Scope) -> dict[Scope, int]:
    return dict(Counter(scope for node in root.nodes() for scope in node.scope.lineage()))
