"""Differences as marks: what became of each node, block and sequence of two networks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from archspec.analysis.diff.matching import Pair
from archspec.analysis.diff.networks import Diff
from archspec.ir.graph import Node
from archspec.render.diff_lines import detail_text, types_text
from archspec.render.figure.style import Mark

Marks: TypeAlias = Mapping[str, tuple[Mark, ...]]


def marks_of_difference(found: Diff) -> tuple[Marks, Marks]:
    """The marks of the first network and of the second, by path.

    A scope is marked for what it is itself: what is in it has marks of its own.
    """
    before = {path: (Mark("removed", "removed"),) for path, kind in found.kinds_before.items() if kind == "removed"}
    after = {path: (Mark("added", "added"),) for path, kind in found.kinds_after.items() if kind == "added"}
    for pair, mark in _of_pairs(found):
        before[pair.before.path] = after[pair.after.path] = (mark,)
    return before, after


def _of_pairs(found: Diff) -> Iterator[tuple[Pair, Mark]]:
    changes = {change.pair: change.details for change in found.changes}
    renamed = set(found.renamed)
    for pair in found.matching.pairs:
        kind = found.kinds_before.get(pair.before.path)
        details = [detail_text(detail) for detail in changes.get(pair, ())]
        if pair in renamed:
            details.append(f"{pair.before.path} is called {pair.after.path}")
        if kind == "reshaped" and isinstance(pair.before, Node):
            details.append(_shapes(found, pair))
        if kind is not None and details:
            yield pair, Mark(kind, f"{kind}: {'; '.join(details)}")


def _shapes(found: Diff, pair: Pair) -> str:
    """The shapes that are not what they were: those of the inputs where what comes out is the same."""
    ones, others = found.types_before(pair.before), found.types_after(pair.after)
    place, verb = (1, "gives") if ones[1] != others[1] else (0, "gets")
    return f"{verb} {types_text(others[place])} instead of {types_text(ones[place])}"
