"""Partners: which parts of two networks are the same part, and what differs between the two."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.analysis.cost import Counts
from archspec.analysis.diff.matching import Pair
from archspec.analysis.diff.networks import Diff
from archspec.analysis.facts import Facts
from archspec.ir.graph import Node, Scope
from archspec.render.diff_lines import ARROW, detail_text, types_text
from archspec.render.explorer.details import Pairs
from archspec.render.explorer.network import drawn, members_of
from archspec.render.figure.parts import Part
from archspec.render.layout import value_text
from archspec.render.table import count_text
from archspec.source.sanitize import visible

_TOLD_WHOLE = frozenset({"inputs", "order of inputs", "phase"})
"""Details whose text says what they are about."""


def partners_of(found: Diff, before: Part, after: Part) -> dict[Part, Part]:
    """The parts of the second network by those of the first.

    Nodes and scopes are matched. What is drawn as one without being either, a layer or a repeat, goes with what is
    drawn so around the partner of its first member.
    """
    names = {**found.matching.nodes, **found.matching.scopes}
    others = {part.id: part for part in drawn(after)}
    nameless = {member: part for part in others.values() if _member_of(part) is None for member in members_of(part)}
    partners: dict[Part, Part] = {}
    taken: set[Part] = set()
    for part in reversed(list(drawn(before))):  # inner ones first
        member = _member_of(part)
        if member is not None:
            other = others.get(names[member.path]) if member.path in names else None
        else:
            first = partners.get(members_of(part)[0])
            other = nameless.get(first) if first is not None else None
        if other is not None and other not in taken and (member is not None or other.kind == part.kind):
            partners[part] = other
            taken.add(other)
    return partners


def _member_of(part: Part) -> Node | Scope | None:
    """The node or scope that a part is."""
    return part.scope if part.members or part.scope is not None else part.node


class Changes:
    """What differs between partners."""

    def __init__(self, found: Diff) -> None:
        self._found = found
        self._details = {change.pair.before.path: change.details for change in found.changes}
        self._pairs = {pair.before.path: pair for pair in found.matching.pairs}
        self._moved = {*found.renamed, *found.shifted}
        self._reinitialized = set(found.reinitialized)

    def between(self, before: Part, after: Part) -> Pairs:
        """What is not the same, from what to what: the part itself, what goes in and comes out, and what it costs."""
        member = _member_of(before)
        pair = self._pairs.get(member.path) if member is not None else None
        return [*(self.of(pair) if pair is not None else []), *self._costs(before, after)]

    def of(self, pair: Pair) -> Pairs:
        """What is not the same of a node or scope, from what to what: itself, what goes in and what comes out."""
        return [(visible(word), visible(text)) for word, text in self._of(pair)]

    def _of(self, pair: Pair) -> Iterator[tuple[str, str]]:
        if pair in self._moved:
            yield "path", f"{pair.before.path} {ARROW} {pair.after.path}"
        for detail in self._details.get(pair.before.path, ()):
            if detail.what in _TOLD_WHOLE:
                yield "", detail_text(detail)
            else:
                yield detail.what, f"{value_text(detail.before)} {ARROW} {value_text(detail.after)}"
        if pair in self._reinitialized:
            yield "", "weights start from other values"
        shapes = zip(self._found.types_before(pair.before), self._found.types_after(pair.after), strict=True)
        for word, (ones, others) in zip(("input", "output"), shapes, strict=True):
            if ones != others:
                yield word, f"{types_text(ones)} {ARROW} {types_text(others)}"

    def _costs(self, before: Part, after: Part) -> Iterator[tuple[str, str]]:
        ones, others = _counts(self._found.before, before), _counts(self._found.after, after)
        for word, one, other in (
            ("parameters", ones.parameters, others.parameters),
            ("MACs per sample", ones.macs, others.macs),
        ):
            if one != other:
                yield word, f"{count_text(one) or 0} {ARROW} {count_text(other) or 0}"


def _counts(facts: Facts, part: Part) -> Counts:
    return sum((facts.cost.nodes[node.path] for node in part.nodes()), Counts())
