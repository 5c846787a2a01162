"""Which sizes of one symbol meet conditions: solved exactly, by arithmetic on residues, never by trying sizes.

A dim that is one floor is reduced to a bound: `floor((H - 1)/2) >= 3` says `H >= 7`. Along every progression of its
`stride` another dim of one symbol is a polynomial, mostly linear, whose sign changes are found by halving; so each
residue gives a few intervals, and their union is the answer.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import comb, lcm
from typing import Final, TypeAlias

from archspec.ir.conditions import Condition
from archspec.ir.dims import LIMIT, MAX_PERIOD, Dim, Floor, Size, degree, evaluate, stride

MAX_WORK: Final = 50_000
"""Values of dims that are computed, at most, to find the sizes of one symbol."""
_SHOWN: Final = 4

Interval: TypeAlias = tuple[int, int | None]
"""First and last; no last where there is no end below what a dim may be."""


class TooIrregular(ValueError):
    """The sizes repeat too late to be written down; the text says so."""


@dataclass(frozen=True, slots=True)
class Run:
    """Sizes in equal steps."""

    first: int
    last: int | None
    """None where there is no end."""
    step: int = 1

    def __contains__(self, size: int) -> bool:
        return self.first <= size <= (self.last or size) and (size - self.first) % self.step == 0

    def __str__(self) -> str:
        if self.first == self.last:
            return str(self.first)
        if self.step == 1:
            return f"{self.first} and up" if self.last is None else f"{self.first} to {self.last}"
        end = "" if self.last is None else f" to {self.last}"
        if self.first % self.step:
            return f"{self.first}{end or ' and up'} in steps of {self.step}"
        start = f" from {self.first}" if self.first != self.step or end else ""
        return f"multiples of {self.step}{start}{end}"


@dataclass(frozen=True)
class SizeSet:
    """A set of sizes from 1: for each residue modulo `period` some intervals, whose ends are of that residue."""

    period: int
    intervals: tuple[tuple[Interval, ...], ...]

    def __contains__(self, size: int) -> bool:
        each = self.intervals[size % self.period]
        return any(first <= size <= (size if last is None else last) for first, last in each)

    def __and__(self, other: SizeSet) -> SizeSet:
        length = _bounded(lcm(self.period, other.period))
        return SizeSet(
            length,
            tuple(
                _both(self.intervals[at % self.period], other.intervals[at % other.period], at, length)
                for at in range(length)
            ),
        )

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """The same as disjoint runs, in the order of their first sizes."""
        ends = {first for each in self.intervals for first, _ in each}
        ends |= {last + 1 for each in self.intervals for _, last in each if last is not None}
        edges: list[int] = sorted(ends)
        if len(edges) * self.period > 10 * MAX_WORK:
            raise TooIrregular("the sizes that fit are too irregular to be written down")
        found: list[Run] = []
        for start, end in zip(edges, [*edges[1:], None], strict=False):
            found += self._between(start, end)
        return tuple(_joined(_joined(sorted(found, key=lambda run: run.first), only=1)))

    def _between(self, start: int, end: int | None) -> Iterator[Run]:
        """The runs from one edge to the next, where which residues are in does not change."""
        if end is not None and end - start <= self.period:
            yield from (Run(size, size) for size in range(start, end) if size in self)
            return
        inside = [size in self for size in range(start, start + self.period)]
        step = next(n for n in range(1, self.period + 1) if self.period % n == 0 and inside == inside[n:] + inside[:n])
        for first in range(start, start + step):
            if inside[first - start]:
                yield Run(first, None if end is None else first + (end - 1 - first) // step * step, step)

    def __str__(self) -> str:
        texts = [str(run) for run in self.runs]
        if len(texts) > _SHOWN:
            texts[_SHOWN - 1 :] = [f"and {len(texts) - _SHOWN + 1} more ranges"]
        return ", ".join(texts) or "none"


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
        work += _bounded(stride(condition.dim)) * (degree(condition.dim) + 1)
        if work > MAX_WORK:
            raise TooIrregular("too many conditions on it depend on remainders")
        found &= _over_residues(condition, name)
    return found


def _bounded(length: int) -> int:
    if length > MAX_PERIOD:
        raise TooIrregular(f"the sizes that fit repeat only after {length}")
    return length


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


def _both(left: Sequence[Interval], right: Sequence[Interval], residue: int, length: int) -> tuple[Interval, ...]:
    """The sizes of a residue modulo `length` that lie in an interval of either; ends are moved onto the residue."""
    found: list[Interval] = []
    for a, b in left:
        for c, d in right:
            first = max(a, c)
            first += (residue - first) % length
            last = b if d is None else d if b is None else min(b, d)
            last = None if last is None else last - (last - residue) % length
            if last is None or first <= last:
                found.append((first, last))
    return tuple(found)


def _joined(runs: Iterable[Run], only: int | None = None) -> list[Run]:
    """Neighbouring runs that go on in the same step as one; of step `only` where it is given."""
    found: list[Run] = []
    for run in runs:
        before = found[-1] if found else None
        if before is None or before.last is None:
            found.append(run)
            continue
        gap = run.first - before.last
        alone = before.first == before.last, run.first == run.last
        steps = {one.step for one, single in zip((before, run), alone, strict=True) if not single} or {gap}
        if steps == {gap} and (only is None or gap == only) and not (all(alone) and gap > 1):
            found[-1] = Run(before.first, run.last, gap)
        else:
            found.append(run)
    return found
