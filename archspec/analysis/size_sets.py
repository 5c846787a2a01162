"""Sets of sizes: for each residue some intervals; written down as runs in equal steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from math import lcm
from typing import Final, TypeAlias

from archspec.ir.dims import MAX_PERIOD

_SHOWN: Final = 3
"""Stretches of sizes that are listed, at most."""
_MAX_EDGES: Final = 500_000
"""Edges of intervals times residues, at most, that are looked at to write a set down."""

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
        length = bounded(lcm(self.period, other.period))
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
        if len(edges) * self.period > _MAX_EDGES:
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
        runs = self.runs
        if len(runs) == 1 or (len(runs) <= _SHOWN and all(run.step == 1 for run in runs)):
            return ", ".join(map(str, runs)) or "none"
        listed = [str(Run(first, last)) for first, last in islice(self._stretches(), _SHOWN + 1)]
        endless = [run.step for run in runs if run.last is None]
        if len(listed) <= _SHOWN:
            return ", ".join(listed)
        if not endless:
            return f"{', '.join(listed[:_SHOWN])}, ... up to {max(run.last or 0 for run in runs)}"
        if endless == [1]:
            return f"{', '.join(listed[:_SHOWN])}, ..., {runs[-1]}"
        turn = lcm(*endless)
        return f"{', '.join(listed[:_SHOWN])}, ... ({sum(turn // step for step in endless)} of every {turn})"

    def _stretches(self) -> Iterator[Interval]:
        """Neighbouring sizes, from the first to the last of them."""
        size = self.after(0)
        while size is not None:
            first: int = size
            last: int | None = size
            while last is not None and last + 1 in self:
                last = self.end_of_run(last + 1)
            yield first, last
            size = None if last is None else self.after(last)

    def after(self, size: int) -> int | None:
        """The next larger size; None where there is none."""
        each = (run.first + max(0, -((run.first - size - 1) // run.step)) * run.step for run in self.runs)
        return min((after for after in each if after in self), default=None)

    def end_of_run(self, size: int) -> int | None:
        """How far it goes on from a size without looking at each."""
        return next((run.last for run in self.runs if run.step == 1 and size in run), size)


def bounded(length: int) -> int:
    """A number of residues, unless it is larger than what is looked at; raises `TooIrregular`."""
    if length > MAX_PERIOD:
        raise TooIrregular(f"the sizes that fit repeat only after {length}")
    return length


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
