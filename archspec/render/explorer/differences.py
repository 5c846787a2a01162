"""The differences between two networks as the page lists them: what is alike in several places is one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from archspec.analysis.diff.matching import Pair
from archspec.analysis.diff.networks import Diff
from archspec.analysis.diff.side import Member
from archspec.ir.graph import Scope
from archspec.render.diff_lines import ARROW, POSITION, detail_text, nodes_text
from archspec.source.sanitize import visible

BEFORE: Final = "a:"
AFTER: Final = "b:"
"""What the ids of the parts of each network begin with."""

KINDS: Final = (
    {"name": "removed", "symbol": "\u2212", "shape": "square"},
    {"name": "added", "symbol": "+", "shape": "circle"},
    {"name": "changed", "symbol": "~", "shape": "diamond"},
    {"name": "renamed", "symbol": ">", "shape": "tag"},
)
"""The marks of differences: they differ in shape, not in colour alone."""


@dataclass(frozen=True, slots=True)
class _Difference:
    kind: str
    name: str
    what: str
    before: Sequence[str] = ()
    """The ids of the parts that it is about, in the first network."""
    after: Sequence[str] = ()

    @property
    def likeness(self) -> tuple[str, str, str]:
        """What it has in common with those that are told with it: all but the positions in its name."""
        return self.kind, POSITION.sub("*", self.name), self.what


def listed_differences(found: Diff, parts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The differences in the order of the networks, in the form of findings.

    Args:
        found: the difference.
        parts: those of both networks, as the page has them.
    """
    groups: dict[tuple[str, str, str], list[_Difference]] = {}
    for one in (*_of_parts(found, parts), *_of_whole(found, parts)):
        groups.setdefault(one.likeness, []).append(one)
    return [_told(group) for group in groups.values()]


def _told(alike: Sequence[_Difference]) -> dict[str, Any]:
    first = alike[0]
    places = f", in {len(alike):,} places" if len(alike) > 1 else ""
    return {
        "severity": first.kind,
        "name": visible(first.name),
        "message": visible(first.what) + places,
        "text": "",
        "parts": [*chain.from_iterable(one.after for one in alike), *chain.from_iterable(one.before for one in alike)],
    }


def _of_parts(found: Diff, parts: Mapping[str, Any]) -> list[_Difference]:
    """What was removed, added, renamed and changed, where it stands."""
    told: list[tuple[Member, _Difference]] = []
    for member in found.removed:
        ids = _ids(member, BEFORE, parts)
        told.append((member, _Difference("removed", member.path, _what(member, ids, parts), before=ids)))
    for member in found.added:
        ids = _ids(member, AFTER, parts)
        told.append((member, _Difference("added", member.path, _what(member, ids, parts), after=ids)))
    for pair in found.renamed:
        name = f"{pair.before.path} {ARROW} {pair.after.path}"
        what = _what(pair.after, _ids(pair.after, AFTER, parts), parts)
        told.append((pair.after, _of_pair("renamed", name, what, pair, parts)))
    for change in found.changes:
        what = ", ".join(map(detail_text, change.details))
        told.append((change.pair.after, _of_pair("changed", change.pair.after.path, what, change.pair, parts)))
    return [one for _, one in sorted(told, key=lambda item: found.places[item[0]])]


def _of_pair(kind: str, name: str, what: str, pair: Pair, parts: Mapping[str, Any]) -> _Difference:
    return _Difference(kind, name, what, _ids(pair.before, BEFORE, parts), _ids(pair.after, AFTER, parts))


def _of_whole(found: Diff, parts: Mapping[str, Any]) -> Iterator[_Difference]:
    """What is different in the outputs, the order of inputs and outputs, and what weights start from."""
    for output in found.outputs:
        kind = "added" if output.before is None else "removed" if output.after is None else "changed"
        what = f"from {f' {ARROW} '.join(filter(None, (output.before, output.after)))}"
        before = [f"{BEFORE}output:{output.name}"] if output.before is not None else []
        after = [f"{AFTER}output:{output.name}"] if output.after is not None else []
        yield _Difference(kind, f"output {output.name}", what, before, after)
    for name in found.reordered:
        yield _Difference("changed", name, "in another order")
    if nodes := len(found.reinitialized):
        before = [id_ for pair in found.reinitialized for id_ in _ids(pair.before, BEFORE, parts)]
        after = [id_ for pair in found.reinitialized for id_ in _ids(pair.after, AFTER, parts)]
        yield _Difference("changed", "initial weights", f"of {nodes_text(nodes)}", before, after)


def _ids(member: Member, side: str, parts: Mapping[str, Any]) -> list[str]:
    """The parts that a node or scope is drawn as: itself, or where it is not drawn what is in it."""
    for id_ in (f"{side}{member.path}", f"{side}input:{member.path}"):
        if id_ in parts:
            return [id_]
    inside = member.members if isinstance(member, Scope) else []
    return [id_ for inner in inside for id_ in _ids(inner, side, parts)]


def _what(member: Member, ids: Sequence[str], parts: Mapping[str, Any]) -> str:
    """What a node or scope is, and how large."""
    label = str(parts[ids[0]]["label"][0]) if len(ids) == 1 else "sequence"
    if not isinstance(member, Scope):
        return label
    return f"{label}, {nodes_text(sum(1 for _ in member.nodes()))}"
