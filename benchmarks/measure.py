"""Timing on a machine that is not ours alone: rounds in which the candidates take turns, medians and minima."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Callable, Mapping
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
    target: float | None = None
    """The most it may be; None where nothing is promised."""
    detail: str = ""

    @property
    def value(self) -> str:
        return self._shown(self.number)

    @property
    def bound(self) -> str:
        return "" if self.target is None else f"<= {self._shown(self.target)}"

    @property
    def verdict(self) -> str:
        return "" if self.target is None else "yes" if self.number <= self.target else "no"

    def _shown(self, number: float) -> str:
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
    what: str, ours: Times, peer: Times, target: float, *, scale: float = 1.0, names: tuple[str, str] = ("", "")
) -> Figure:
    """The ratio of two medians as a figure.

    Args:
        what: the figure.
        ours: what is measured.
        peer: what it is measured against.
        target: the most that the ratio may be.
        scale: multiplies the ratio, for costs by unit of work: the peer's units over ours.
        names: of both, for the detail.
    """
    detail = f"{names[0]} {ours} against {names[1]} {peer}; {scale * ours.minimum / peer.minimum:.2f}x by minima"
    return Figure(what, scale * ours.median / peer.median, "x", target, detail.strip())
