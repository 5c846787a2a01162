"""The lines of a difference: one for each thing that is no longer the same, alike ones in one, in network order."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from math import prod
from typing import Final, Literal, TypeAlias

from archspec.analysis.diff.changes import Detail
from archspec.analysis.diff.matching import Pair
from archspec.analysis.diff.networks import Diff
from archspec.analysis.diff.side import Member, op_name, outer
from archspec.ir.graph import Node, Scope
from archspec.ir.types import TensorType
from archspec.render.layout import value_text
from archspec.render.table import size_text
from archspec.source.sanitize import visible

Sign: TypeAlias = Literal["-", "+", ">", "~"]
"""Removed, added, renamed, changed."""
ARROW: Final = "\u2192"
POSITION: Final = re.compile(r"(?<![^.\s])\d+(?![^.\s])")
"""A position within a path."""
_RUNS: Final = 8
"""Runs of positions that are named, at most."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line."""

    sign: Sign
    path: str
    """Of the second network, if it is there; `a → b` where it is called otherwise; `repeat.0..4` for several."""
    what: str
    shape: str = ""
    """What comes out; `a → b` where that changed."""
    place: tuple[int, int] = (0, 0)
    """Where it stands in the order of both networks."""


@dataclass(frozen=True, slots=True)
class _Event:
    """A line, and what it counts as where it is told of the block around it."""

    line: Line
    at: Member
    kind: Literal["removed", "added", "renamed", "changed"]
    nodes: int = 1
    attributes: tuple[str, ...] = ()


def lines(found: Diff, depth: int) -> list[Line]:
    """The lines, with blocks opened to a depth: in deeper ones it is counted what is different, unless it is one."""
    return _Lines(found, depth).written()


class _Lines:
    def __init__(self, found: Diff, depth: int) -> None:
        self.found, self.depth = found, depth
        self.pairs = {pair.before: pair for pair in found.matching.pairs}
        self.back = {pair.after: pair for pair in found.matching.pairs}
        self.place = found.places
        self.told: set[Member] = set()
        """What lines are about, and all that it lies in, as members of the second network."""

    def written(self) -> list[Line]:
        written, inside = list[Line](), defaultdict[Pair, list[_Event]](list)
        for event in self._events():
            block = self._block(event.at)
            if block is not None:
                inside[block].append(event)
            else:
                written.append(event.line)
                self._tell(event.at)
        for block, events in inside.items():
            written.append(self._of_block(block, events) if len(events) > 1 else events[0].line)
            self._tell(block.after if len(events) > 1 else events[0].at)
        written += self._shifted()
        written += self._reshaped()
        return _alike(
            [*sorted(written, key=lambda line: line.place), *self._outputs(), *self._reordered(), *self._initial()]
        )

    def _outputs(self) -> Iterator[Line]:
        for output in self.found.outputs:
            sign: Sign = "+" if output.before is None else "-" if output.after is None else "~"
            paths = filter(None, (output.before, output.after))
            yield Line(sign, f"output {output.name}", f"from {f' {ARROW} '.join(paths)}")

    def _reordered(self) -> Iterator[Line]:
        return (Line("~", name, "in another order") for name in self.found.reordered)

    def _initial(self) -> Iterator[Line]:
        nodes = len(self.found.reinitialized)
        if nodes:
            yield Line("~", "initial weights", f"of {nodes_text(nodes)}")

    def _events(self) -> Iterator[_Event]:
        found = self.found
        for member in found.removed:
            shape = size_text(found.types_before(member)[1])
            line = Line("-", member.path, _label_and_size(member), shape, self.place[member])
            yield _Event(line, member, "removed", _nodes(member))
        for member in found.added:
            shape = size_text(found.types_after(member)[1])
            line = Line("+", member.path, _label_and_size(member), shape, self.place[member])
            yield _Event(line, member, "added", _nodes(member))
        for pair in found.renamed:
            path = f"{pair.before.path} {ARROW} {pair.after.path}"
            yield _Event(Line(">", path, _label(pair.after), "", self.place[pair.after]), pair.after, "renamed")
        for change in found.changes:
            what = ", ".join(map(detail_text, change.details))
            line = Line("~", change.pair.after.path, what, self._shape(change.pair), self.place[change.pair.after])
            yield _Event(line, change.pair.after, "changed", 1, tuple(detail.what for detail in change.details))

    def _blocks(self, member: Member) -> list[Pair]:
        """The blocks around a member that both networks have, outermost first."""
        around = (self.pairs.get(scope) or self.back.get(scope) for scope in outer(member).lineage())
        return [pair for pair in around if pair is not None and _is_block(pair)]

    def _block(self, member: Member) -> Pair | None:
        """The block that a member is counted in; None where it is told for itself."""
        blocks = self._blocks(member)
        return blocks[self.depth - 1] if len(blocks) >= self.depth else None

    def _of_block(self, block: Pair, events: Sequence[_Event]) -> Line:
        """What is different in a block, counted."""
        counts, attributes = Counter[str](), dict[str, None]()
        for event in events:
            counts[event.kind] += event.nodes
            attributes |= dict.fromkeys(event.attributes)
        said = [f"{counts[kind]:,} {kind}" for kind in ("removed", "added", "renamed", "changed") if counts[kind]]
        what = ", ".join(said) + (f" ({', '.join(attributes)})" if attributes else "")
        label = _change(_label(block.before), _label(block.after))
        of = f" of {_nodes(block.before):,} nodes"
        return Line("~", block.after.path, f"{label}: {what}{of}", self._shape(block), self.place[block.after])

    def _shifted(self) -> Iterator[Line]:
        """The positions of a list that moved on, in one line, where its members are told."""
        lists: defaultdict[tuple[Scope, str, int], list[Pair]] = defaultdict(list)
        for pair in self.found.shifted:
            if self._block(pair.after) is None:
                (stem, one), (_, other) = (_split(member) for member in (pair.before, pair.after))
                lists[outer(pair.after), stem, other - one].append(pair)
        for (scope, stem, by_places), pairs in lists.items():
            old = [_split(pair.before)[1] for pair in pairs]
            begin = ".".join(filter(None, (scope.path, stem)))
            each = [_numbered(begin, numbers) for numbers in (old, [number + by_places for number in old])]
            what = f"{len(pairs):,} items by their positions" if len(pairs) > 1 else "by its position"
            yield Line(">", f" {ARROW} ".join(each), what, "", self.place[pairs[0].after])

    def _reshaped(self) -> Iterator[Line]:
        """What gives another shape and is not told of otherwise: nodes, and blocks that are not opened."""
        for pair in self.found.matching.pairs:
            if pair.after not in self.told and self._is_row(pair) and (shape := self._shape(pair)):
                yield Line("~", pair.after.path, _label(pair.after), shape, self.place[pair.after])

    def _is_row(self, pair: Pair) -> bool:
        """Whether something is a node in what is opened, or a block that is not."""
        around = len(self._blocks(pair.after))
        return around < self.depth if isinstance(pair.after, Node) else _is_block(pair) and around + 1 == self.depth

    def _shape(self, pair: Pair) -> str:
        """What comes out of a part, before and after; empty where that is the same."""
        one, other = self.found.types_before(pair.before)[1], self.found.types_after(pair.after)[1]
        if one == other:
            return ""
        texts = size_text(one), size_text(other)
        return _change(*texts) if texts[0] != texts[1] else _change(types_text(one), types_text(other))

    def _tell(self, member: Member) -> None:
        """Keep that there is a line about something, and so about what it lies in."""
        for told in (member, *outer(member).lineage()):
            pair = self.pairs.get(told)
            self.told.add(pair.after if pair is not None else told)


def detail_text(detail: Detail) -> str:
    """What is different, and from what to what."""
    one, other = detail.before, detail.after
    if detail.what == "inputs":
        return _reading_text(", ".join(one), ", ".join(other))
    if detail.what == "order of inputs":
        return f"reads {', '.join(other)} in another order"
    if detail.what == "phase":
        return f"phase {one or 'both'} {ARROW} {other or 'both'}"
    change = f"{value_text(one)} {ARROW} {value_text(other)}"
    return change if detail.what == "op" else f"{detail.what} {change}"


def _reading_text(old: str, new: str) -> str:
    if old and new:
        return f"reads {new} instead of {old}"
    return f"reads {new}, too" if new else f"reads {old} no more"


def nodes_text(nodes: int) -> str:
    """How many nodes there are: `1 node`, `1,234 nodes`."""
    return f"{nodes:,} node{'' if nodes == 1 else 's'}"


def types_text(types: Iterable[TensorType | None]) -> str:
    """Types as specs write them; a question mark for one that is not known."""
    return ", ".join(str(of or "?") for of in types)


def _alike(written: Iterable[Line]) -> list[Line]:
    """Lines that differ in the positions in their paths alone are one, at the place of the first."""
    groups: dict[tuple[str, ...], list[Line]] = {}
    for line in written:
        groups.setdefault((line.sign, POSITION.sub("*", line.path), line.what, line.shape), []).append(line)
    return [line for group in groups.values() for line in _together(group)]


def _together(group: Sequence[Line]) -> Sequence[Line]:
    """One line for several: `repeat.0..4.conv`, 5 times; all of them where that would say more than they do."""
    first = group[0]
    columns = [set(map(int, column)) for column in zip(*(POSITION.findall(line.path) for line in group), strict=True)]
    if len(group) == 1 or (ARROW not in first.path and prod(map(len, columns)) != len(group)):
        return group
    numbers = map(_ranges, map(sorted, columns))
    path = "".join(text + number for text, number in zip(POSITION.split(first.path), [*numbers, ""], strict=True))
    often = f"{len(group):,} times" if first.sign in "+-" else f"in {len(group):,} places"
    return [replace(first, path=path, what=f"{first.what}, {often}")]


def _ranges(numbers: Sequence[int]) -> str:
    """Rising numbers: `0..4`, `0..2,5`; dots for those behind several runs."""
    runs = groupby(enumerate(numbers), key=lambda item: item[1] - item[0])
    each = [[number for _, number in run] for _, run in runs]
    texts = [str(run[0]) if len(run) == 1 else f"{run[0]}..{run[-1]}" for run in each]
    return ",".join(texts if len(texts) <= _RUNS else [*texts[: _RUNS - 1], "..."])


def _numbered(begin: str, numbers: Sequence[int]) -> str:
    return ".".join(filter(None, (begin, _ranges(sorted(numbers)))))


def _split(member: Member) -> tuple[str, int]:
    """What a positional name begins with, and its position."""
    stem, _, number = member.name.rpartition(".")
    return stem, int(number)


def _is_block(pair: Pair) -> bool:
    return any(isinstance(member, Scope) and member.kind == "block" for member in (pair.before, pair.after))


def _label(member: Member) -> str:
    if isinstance(member, Node):
        return op_name(member)
    return visible(member.title or member.block or "sequence")


def _label_and_size(member: Member) -> str:
    return _label(member) if isinstance(member, Node) else f"{_label(member)}, {nodes_text(_nodes(member))}"


def _nodes(member: Member) -> int:
    return 1 if isinstance(member, Node) else sum(1 for _ in member.nodes())


def _change(one: str, other: str) -> str:
    return one if one == other else f"{one} {ARROW} {other}"
