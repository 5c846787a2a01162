"""Two lists put beside each other."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from itertools import pairwise
from typing import TypeAlias

Places: TypeAlias = tuple[int, int]
"""A place in the one list, and a place in the other."""


def align(before: Sequence[Hashable], after: Sequence[Hashable]) -> list[Places]:
    """Places that hold the same, rising in both lists: nearly as many as there can be, in nearly linear time.

    What begins alike and what ends alike is paired. Between them the first of each kind goes with the first, the second
    with the second; the most of these that rise are kept, and what lies between two of them is done likewise.
    """
    found: list[Places] = []
    gaps = [(-1, -1, len(before), len(after))]
    while gaps:
        start, other_start, end, other_end = gaps.pop()
        while start + 1 < end and other_start + 1 < other_end and before[start + 1] == after[other_start + 1]:
            start, other_start = start + 1, other_start + 1
            found.append((start, other_start))
        while start + 1 < end and other_start + 1 < other_end and before[end - 1] == after[other_end - 1]:
            end, other_end = end - 1, other_end - 1
            found.append((end, other_end))
        kept = _most_that_rise(_one_by_one(before, range(start + 1, end), after, range(other_start + 1, other_end)))
        found += kept
        if kept:
            edges = [(start, other_start), *kept, (end, other_end)]
            gaps += [(*left, *right) for left, right in pairwise(edges)]
    return sorted(found)


def _one_by_one(
    before: Sequence[Hashable], places: Iterable[int], after: Sequence[Hashable], others: Iterable[int]
) -> list[Places]:
    """The first of each kind with the first, the second with the second, in the order of the one list."""
    of_kind: defaultdict[Hashable, list[int]] = defaultdict(list)
    for other in others:
        of_kind[after[other]].append(other)
    waiting = {kind: iter(found) for kind, found in of_kind.items()}
    pairs = ((place, next(waiting.get(before[place], iter(())), None)) for place in places)
    return [(place, other) for place, other in pairs if other is not None]


def _most_that_rise(pairs: Sequence[Places]) -> list[Places]:
    """The longest of the lists of pairs, which rise on one side, that rise on the other."""
    lowest: list[int] = []
    ends: list[int] = []
    earlier: list[int | None] = []
    for at, (_, other) in enumerate(pairs):
        length = bisect_left(lowest, other)
        lowest[length : length + 1] = [other]
        ends[length : length + 1] = [at]
        earlier.append(ends[length - 1] if length else None)
    kept: list[Places] = []
    place = ends[-1] if ends else None
    while place is not None:
        kept.append(pairs[place])
        place = earlier[place]
    return kept[::-1]
