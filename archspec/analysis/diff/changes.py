"""Changes: what is different in two parts that are the same part of two networks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from archspec.analysis.diff.matching import Matching, Pair
from archspec.analysis.diff.side import Member, attributes_of, expressions_of, op_name, outer
from archspec.ir.graph import Graph, GraphInput, Node, Phase, Value

_MOST: Final = 16
"""Nodes that are looked for behind one that has no partner, at most."""


@dataclass(frozen=True, slots=True)
class Detail:
    """One thing that is different."""

    what: str
    """`op`, the name of an attribute, `phase`, `share`, `tie.weight`, `inputs`, `order of inputs`; of an input of the
    network `dims`, `dtype`, `below`, `where`."""
    before: Any
    """For `inputs` the paths that are read no more; None where there was nothing."""
    after: Any


@dataclass(frozen=True, slots=True)
class Change:
    """A part that is different in itself, not just because of what goes in."""

    pair: Pair
    details: tuple[Detail, ...]


@dataclass(frozen=True, slots=True)
class OutputChange:
    """An output of the network that only one has, or that comes from elsewhere."""

    name: str
    before: str | None
    """The path of the node that gives it; None where there is no such output."""
    after: str | None


class Comparison:
    """Two networks whose parts are matched."""

    def __init__(self, before: Graph, after: Graph, matching: Matching) -> None:
        self.before, self.after, self.matching = before, after, matching
        self._behind_removed = _behind(before, matching.nodes)
        self._behind_added = _behind(after, matching.nodes_back)

    def changes(self) -> Iterator[Change]:
        """The parts that are different in themselves, in the order of the first network."""
        for pair in self.matching.pairs:
            if details := tuple(self._details(pair.before, pair.after)):
                yield Change(pair, details)

    def outputs(self) -> Iterator[OutputChange]:
        """The outputs of the network that are not the same, in order, those of the second network last."""
        for name in dict.fromkeys((*self.before.outputs, *self.after.outputs)):
            one, other = self.before.outputs.get(name), self.after.outputs.get(name)
            if one is None or other is None or any(self._rewired([one.value], [other.value])):
                paths = (output.value.node if output is not None else None for output in (one, other))
                yield OutputChange(name, *paths)

    def _details(self, one: Member, other: Member) -> Iterator[Detail]:
        if isinstance(one, Node) and isinstance(other, Node):
            yield from self._of_nodes(one, other)
        yield from self._phase(one, other)
        if self._partner(one.share) != other.share:
            yield Detail("share", one.share, other.share)

    def _of_nodes(self, one: Node, other: Node) -> Iterator[Detail]:
        if op_name(one) != op_name(other):
            yield Detail("op", op_name(one), op_name(other))
        if one.op is None and other.op is None:
            yield from _differing(_of_input(self.before.inputs[one.path]), _of_input(self.after.inputs[other.path]))
        yield from self._attributes(one, other)
        ties = {name: self._partner_of_key(key) for name, key in one.ties.items()}
        yield from _differing(ties, other.ties, "tie.")
        yield from self._rewired(one.inputs, other.inputs)

    def _attributes(self, one: Node, other: Node) -> Iterator[Detail]:
        """The attributes, of another op those that both have; what depends on inputs alike only follows from those."""
        follows = dict(expressions_of(one).items() & expressions_of(other).items())
        is_same_op = op_name(one) == op_name(other)
        for detail in _differing(attributes_of(one), attributes_of(other), only_common=not is_same_op):
            if detail.what not in follows:
                yield detail

    def _phase(self, one: Member, other: Member) -> Iterator[Detail]:
        """The phase, where that of what is around does not change alike."""
        phases = _phase_of(one), _phase_of(other)
        around = _phase_of(outer(one)), _phase_of(outer(other))
        if phases[0] != phases[1] and phases != around:
            yield Detail("phase", *phases)

    def _partner(self, path: str | None) -> str | None:
        """The path of a node or scope in the second network; what has none there keeps its own."""
        if path is None:
            return None
        return self.matching.nodes.get(path, self.matching.scopes.get(path, path))

    def _partner_of_key(self, key: str) -> str:
        """The key of a weight in the second network."""
        path, _, name = key.rpartition(".")
        return f"{self._partner(path)}.{name}" if path else str(self._partner(name))

    def _rewired(self, ones: Sequence[Value], others: Sequence[Value]) -> Iterator[Detail]:
        """What is read no more and what is read instead, where that is not just what stands between the two.

        A node without a partner, that was removed or added, stands for what is behind it.
        """
        carried = [Value(self.matching.nodes.get(value.node, ""), value.port) for value in ones]
        lost, gained = Counter(carried) - Counter(others), Counter(others) - Counter(carried)
        removed = {value.node for value in ones if value.node not in self.matching.nodes}
        added = {value.node for value in gained if value.node not in self.matching.nodes_back}
        behind_removed = {self.matching.nodes[path] for at in removed for path in self._behind_removed[at]}
        behind_added = {path for at in added for path in self._behind_added[at]}
        gone = [value for value in lost if value.node and value.node not in behind_added]
        came = [value for value in gained if value.node not in added and value.node not in behind_removed]
        if gone or came:
            back = self.matching.nodes_back
            yield Detail("inputs", _texts(Value(back[node], port) for node, port in gone), _texts(came))
        elif not lost and not gained and carried != list(others):
            yield Detail("order of inputs", _texts(ones), _texts(others))


def _behind(graph: Graph, partners: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """The nearest nodes with partners that each node without one is computed from, the first of them."""
    found: dict[str, tuple[str, ...]] = {}
    for node in graph:
        if node.path not in partners:
            paths = (value.node for value in node.inputs)
            each = (path for read in paths for path in ((read,) if read in partners else found[read]))
            found[node.path] = tuple(islice(dict.fromkeys(each), _MOST))
    return found


def _differing(
    ones: Mapping[str, Any], others: Mapping[str, Any], prefix: str = "", *, only_common: bool = False
) -> Iterator[Detail]:
    """The names whose values differ; of those that one side does not have the value there is None."""
    for name in dict.fromkeys((*ones, *others)):
        if only_common and not (name in ones and name in others):
            continue
        one, other = ones.get(name), others.get(name)
        if one != other:
            yield Detail(f"{prefix}{name}", one, other)


def _of_input(given: GraphInput) -> dict[str, Any]:
    """What an input of the network demands of what is given to it."""
    dims = [f"{dim}={given.symbols[str(dim)]}" if str(dim) in given.symbols else str(dim) for dim in given.shape]
    return {"dims": dims, "dtype": given.type.dtype, "below": given.below, "where": list(given.where)}


def _phase_of(member: Member) -> Phase | None:
    """The only phase that something runs in, whether that is said of it or around it."""
    said = (scope.phase for scope in reversed(outer(member).lineage()))
    return member.phase or next(filter(None, said), None)


def _texts(values: Iterable[Value]) -> list[str]:
    return [f"{value.node}:{value.port}" if value.port else value.node for value in values]
