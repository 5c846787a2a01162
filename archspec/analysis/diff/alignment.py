"""Two lists put beside each other."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Hashable, Sequence
from itertools import pairwise
from math import isqrt
from typing import Final, TypeAlias

Places: TypeAlias = tuple[int, int]
"""A place in the one list, and a place in the other."""
_EDITS: Final = 500
"""Edits that are looked for at most; the time is that of the square of them."""
_STEPS: Final = 1_000_000
"""The most that these squares come to, over all of two lists."""
_WINDOW: Final = 8
"""Items that are looked at as one where there are too many edits."""


def align(before: Sequence[Hashable], after: Sequence[Hashable]) -> list[Places]:
    """Places that hold the same, rising in both lists: as many as there can be, as far as that is found soon.

    What begins alike and what ends alike is paired. Of what is between them and in both, the fewest edits are looked
    for. Where they are too many, runs of a few items are: the first of each kind goes with the first, the second with
    the second, the most of these that rise are kept, and what lies between two of them is done likewise.
    """
    found: list[Places] = []
    gaps = [(0, len(before), 0, len(after))]
    steps = _STEPS
    while gaps:
        start, end, other_start, other_end = gaps.pop()
        while start < end and other_start < other_end and before[start] == after[other_start]:
            found.append((start, other_start))
            start, other_start = start + 1, other_start + 1
        while start < end and other_start < other_end and before[end - 1] == after[other_end - 1]:
            end, other_end = end - 1, other_end - 1
            found.append((end, other_end))
        common = set(before[start:end]) & set(after[other_start:other_end])
        ones = [place for place in range(start, end) if before[place] in common]
        others = [place for place in range(other_start, other_end) if after[place] in common]
        shared = [before[place] for place in ones], [after[place] for place in others]
        most = min(_EDITS, len(ones) + len(others), isqrt(steps))
        steps -= most**2
        kept = _fewest_edits(*shared, most)
        if kept is not None:
            found += [(ones[one], others[other]) for one, other in kept]
        elif rising := _rising(*shared, _WINDOW) or _rising(*shared, 1):
            places = [(ones[one], others[other]) for one, other in rising]
            found += places
            edges = [(start - 1, other_start - 1), *places, (end, other_end)]
            gaps += [(one + 1, last, other + 1, other_last) for (one, other), (last, other_last) in pairwise(edges)]
    return sorted(found)


def _fewest_edits(before: Sequence[Hashable], after: Sequence[Hashable], most: int) -> list[Places] | None:
    """What stays where the fewest are taken out and put in (Myers 1986); None where more than `most` are.

    After each number of edits it is known how far one gets on every diagonal, on which places are as far apart.
    """
    history: list[dict[int, int]] = []
    reached = {1: 0}
    for edits in range(most + 1):
        history.append(reached)
        reached = {}
        for diagonal in range(-edits, edits + 1, 2):
            place = _from(history[-1], diagonal, edits)[1]
            other = place - diagonal
            while place < len(before) and other < len(after) and before[place] == after[other]:
                place, other = place + 1, other + 1
            reached[diagonal] = place
            if place >= len(before) and other >= len(after):
                return _way_back(history, len(before), len(after))
    return None


def _from(reached: dict[int, int], diagonal: int, edits: int) -> tuple[int, int]:
    """The diagonal that one comes from with one edit more, and the place at which that leaves one."""
    below, above = reached.get(diagonal - 1, -1), reached.get(diagonal + 1, -1)
    if diagonal == -edits or (diagonal != edits and below < above):
        return diagonal + 1, above
    return diagonal - 1, below + 1


def _way_back(history: Sequence[dict[int, int]], place: int, other: int) -> list[Places]:
    """The places that the way to the ends of both lists goes through, from there to the beginning."""
    found: list[Places] = []
    for edits in range(len(history) - 1, -1, -1):
        diagonal, start = _from(history[edits], place - other, edits)
        while place > start and other > 0 and place > 0:
            place, other = place - 1, other - 1
            found.append((place, other))
        if edits:
            place = history[edits][diagonal]
            other = place - diagonal
    return found


def _rising(before: Sequence[Hashable], after: Sequence[Hashable], width: int) -> list[Places]:
    """The most that rises of what one gets by taking the first run of each kind with the first, and so on."""
    of_kind: defaultdict[Hashable, list[int]] = defaultdict(list)
    for other in range(len(after) - width + 1):
        of_kind[tuple(after[other : other + width])].append(other)
    waiting = {kind: iter(places) for kind, places in of_kind.items()}
    kinds = (tuple(before[place : place + width]) for place in range(len(before) - width + 1))
    pairs = ((place, next(waiting.get(kind, iter(())), None)) for place, kind in enumerate(kinds))
    return _most_that_rise([(place, other) for place, other in pairs if other is not None])


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
