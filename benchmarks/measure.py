"""Timing on a machine that is not ours alone: rounds in which the candidates take turns, medians and minima."""

from __future__ import annotations

import ctypes
import gc
import math
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One line of a table."""

    what: str
    number: float
    unit: str
    """`ms`, `s`, `x` for a ratio, or nothing."""
    most: float | None = None
    """The most it may be; None where nothing is promised."""
    detail: str = ""
    least: float | None = None
    """The least it may be."""

    @property
    def value(self) -> str:
        return self._shown(self.number)

    @property
    def bound(self) -> str:
        if self.least is not None and self.most is not None:
            return f"{self._shown(self.least)} to {self._shown(self.most)}"
        if self.least is not None:
            return f">= {self._shown(self.least)}"
        return "" if self.most is None else f"<= {self._shown(self.most)}"

    @property
    def verdict(self) -> str:
        if self.least is None and self.most is None:
            return ""
        low = -math.inf if self.least is None else self.least
        high = math.inf if self.most is None else self.most
        return "yes" if low <= self.number <= high else "no"

    def _shown(self, number: float) -> str:
        if not self.unit and 0 < number < 0.1:
            return f"{number:.1e}"
        digits = 0 if self.unit == "ms" and number >= 100 else 1 if self.unit == "ms" else 2
        return f"{number:.{digits}f}{'' if self.unit in ('x', '') else ' '}{self.unit}"


@dataclass(frozen=True)
class Times:
    """The seconds of each round of one candidate."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.seconds)

    @property
    def minimum(self) -> float:
        return min(self.seconds)

    def __str__(self) -> str:
        return f"{self.median * 1e3:.1f} ms (min {self.minimum * 1e3:.1f})"


def interleave(candidates: Mapping[str, Callable[[], Any]], rounds: int, *, warm_up: int = 1) -> dict[str, Times]:
    """Time every candidate once in each round, in an order that turns from round to round.

    What a candidate returns is dropped and collected outside of the time taken, and free memory is given back:
    what one candidate leaves behind would save the next one the cost of fresh pages, or not, as it happens to lie.
    """
    for _ in range(warm_up):
        for run in candidates.values():
            run()
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    names = list(candidates)
    for index in range(rounds):
        for name in names if index % 2 else reversed(names):
            _clean_up()
            start = perf_counter()
            result = candidates[name]()
            seconds[name].append(perf_counter() - start)
            del result
    return {name: Times(tuple(taken)) for name, taken in seconds.items()}


def _clean_up() -> None:
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it
        if trim is not None:
            trim(0)


def ratio(
    what: str,
    ours: Times,
    peer: Times,
    most: float,
    *,
    least: float | None = None,
    scale: float = 1.0,
    names: tuple[str, str] = ("", ""),
    by_round: bool = False,
) -> Figure:
    """The ratio of two medians as a figure, or the median of the ratios of all rounds.

    Args:
        what: the figure.
        ours: what is measured.
        peer: what it is measured against.
        most: the most that the ratio may be.
        least: the least, where less would mean that the measurement is wrong.
        scale: multiplies the ratio, for costs by unit of work: the peer's units over ours.
        names: of both, for the detail.
        by_round: whether the ratio is taken in each round: what slows both down for a while is not in it then.
    """
    rounds = zip(ours.seconds, peer.seconds, strict=True)
    found = median(mine / other for mine, other in rounds) if by_round else ours.median / peer.median
    detail = f"{names[0]} {ours} against {names[1]} {peer}; {scale * ours.minimum / peer.minimum:.2f}x by minima"
    return Figure(what, scale * found, "x", most, detail.strip(), least)


def speed_up(what: str, ours: Times, peer: Times, least: float | None, detail: str) -> Figure:
    """How many times as fast ours is as the peer, by medians."""
    by_minima = f"{peer.minimum / ours.minimum:.2f}x by minima"
    return Figure(what, peer.median / ours.median, "x", None, f"{detail}; {by_minima}", least)


def table(figures: Iterable[Figure]) -> str:
    """Figures as a Markdown table."""
    header = ("figure", "measured", "target", "reached", "detail")
    rows = [header, ("---",) * len(header), *((f.what, f.value, f.bound, f.verdict, f.detail) for f in figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("| " + " | ".join(map(_padded, row, widths)) + " |" for row in rows)


def _padded(cell: str, width: int) -> str:
    return cell.ljust(width, "-" if cell == "---" else " ")
