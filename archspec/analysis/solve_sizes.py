"""Which sizes of one symbol meet conditions: solved exactly, by arithmetic on residues, never by trying sizes.

A dim that is one floor is reduced to a bound: `floor((H - 1)/2) >= 3` says `H >= 7`. Along every progression of its
`stride` another dim of one symbol is a polynomial, mostly linear, whose sign changes are found by halving; so each
residue gives a few intervals, and their union is the answer.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from math import comb
from typing import Final

from archspec.analysis.size_sets import Interval, SizeSet, TooIrregular, bounded
from archspec.ir.conditions import Condition
from archspec.ir.dims import LIMIT, Dim, Floor, Size, degree, evaluate, stride

_MAX_WORK: Final = 500_000
"""Symbols and floors that are evaluated, at most, to find the sizes of one symbol."""
_MAX_DEGREE: Final = 8


def solve(conditions: Iterable[Condition], name: str) -> SizeSet:
    """The sizes of a symbol, from 1 up, that meet all conditions; they hold no other symbol.

    Raises:
        TooIrregular: they repeat only after more sizes than can be looked at.
    """
    first, last, irregular = 1, LIMIT - 1, []
    waiting = list(conditions)
    while waiting:
        condition = waiting.pop()
        if isinstance(condition.dim, int):
            if not condition.holds({}):
                return SizeSet(1, ((),))
            continue
        simpler = _reduce(condition)
        if simpler is None:
            irregular.append(condition)
        elif isinstance(simpler, list):
            waiting += simpler
        else:
            first, last = max(first, simpler[0]), min(last, LIMIT if simpler[1] is None else simpler[1])
    bounds: Interval = (first, None if last >= LIMIT - 1 else last)
    found = SizeSet(1, ((bounds,) if first <= last else (),))
    work = 0
    for condition in sorted(dict.fromkeys(irregular), key=lambda one: stride(one.dim)):
        work += bounded(stride(condition.dim)) * (degree(condition.dim) + 1) * _atoms(condition.dim)
        if work > _MAX_WORK or degree(condition.dim) > _MAX_DEGREE:
            raise TooIrregular("too many conditions on it depend on remainders")
        found &= _over_residues(condition, name)
    return found


def _atoms(dim: Size) -> int:
    return dim.atoms if isinstance(dim, Dim) else 0


def _reduce(condition: Condition) -> Interval | list[Condition] | None:
    """A condition on one atom as bounds of the symbol, or as conditions on what is inside the floor; None on several.

    `c * atom + k >= 1` bounds the atom, and `floor(p / n) >= m` says `p >= m * n`.
    """
    assert isinstance(condition.dim, Dim)
    rest, constant = None, 0
    for monomial, count in condition.dim.terms:
        if not monomial:
            constant = count
        elif rest is None and len(monomial) == 1:
            rest = (monomial[0], count)
        else:
            return None
    assert rest is not None, "a dim has a symbol"
    atom, count = rest
    if condition.kind == "zero" and constant % count:
        return [Condition("zero", 1, condition.message)]
    least = -constant // count if condition.kind == "zero" else -((constant - 1) // count) if count > 0 else None
    most = -constant // count if condition.kind == "zero" else (1 - constant) // count if count < 0 else None
    if isinstance(atom, str):
        return least if least is not None else 1, most
    assert isinstance(atom, Floor)
    sides = [] if least is None else [atom.dim - least * atom.by + 1]
    sides += [] if most is None else [(most + 1) * atom.by - atom.dim]
    return [Condition("positive", side, condition.message) for side in sides]


def _over_residues(condition: Condition, name: str) -> SizeSet:
    length, samples = stride(condition.dim), degree(condition.dim) + 1
    residues: list[tuple[Interval, ...]] = []
    for residue in range(length):
        start = residue or length
        values = [_at(condition.dim, name, start + index * length) for index in range(samples)]
        end = (LIMIT - 1 - start) // length
        if condition.kind == "positive":
            turns = _at_least(_differences(values), 1, end)
        else:
            above = _at_least(_differences(values), 0, end)
            turns = _common(above, _at_least(_differences([-value for value in values]), 0, end))
        residues.append(tuple((start + a * length, None if b == end else start + b * length) for a, b in turns))
    return SizeSet(length, tuple(residues))


def _at(dim: Size, name: str, size: int) -> int:
    value = evaluate(dim, {name: size})
    assert isinstance(value, int), f"{dim} holds more than {name}"
    return value


def _differences(values: Sequence[int]) -> list[int]:
    """The coefficients over `comb(t, k)` of the polynomial with these values at 0, 1, ...: its forward differences."""
    row, found = list(values), []
    while row:
        found.append(row[0])
        row = [after - before for before, after in pairwise(row)]
    while len(found) > 1 and not found[-1]:
        found.pop()
    return found


def _at_least(differences: Sequence[int], bound: int, end: int) -> list[tuple[int, int]]:
    """The intervals within 0 to `end` in which a polynomial is at least `bound`."""
    if len(differences) == 1:
        return [(0, end)] if differences[0] >= bound else []
    if len(differences) == 2:
        value, slope = differences
        start, stop = (-((value - bound) // slope), end) if slope > 0 else (0, (value - bound) // -slope)
        return [(max(start, 0), min(stop, end))] if max(start, 0) <= min(stop, end) else []
    rising = _at_least(differences[1:], 0, end - 1) if end else [(0, 0)]
    found: list[tuple[int, int]] = []
    for first, last, up in _monotone(rising, end):
        inside = _part(differences, bound, first, last, up)
        if inside is None:
            continue
        if found and inside[0] <= found[-1][1] + 1:
            inside = (found.pop()[0], inside[1])
        found.append(inside)
    return found


def _monotone(rising: Sequence[tuple[int, int]], end: int) -> Iterator[tuple[int, int, bool]]:
    """The stretches over which a polynomial goes one way, each with whether that is up, from where its steps do."""
    place = 0
    for first, last in rising:
        if first > place:
            yield place, first, False
        yield first, min(last + 1, end), True
        place = min(last + 1, end)
    if place < end or not rising:
        yield place, end, False


def _part(differences: Sequence[int], bound: int, first: int, last: int, up: bool) -> tuple[int, int] | None:
    """Where a polynomial that goes one way from `first` to `last` is at least `bound`."""

    def holds(place: int) -> bool:
        return sum(count * comb(place, power) for power, count in enumerate(differences)) >= bound

    places = range(first, last + 1)
    if up:
        start = bisect_left(places, True, key=holds)
        return (places[start], last) if start < len(places) else None
    count = bisect_left(places, True, key=lambda place: not holds(place))
    return (first, places[count - 1]) if count else None


def _common(left: Sequence[tuple[int, int]], right: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """What lies in an interval of either."""
    both = ((max(a, c), min(b, d)) for a, b in left for c, d in right)
    return [(first, last) for first, last in both if first <= last]
