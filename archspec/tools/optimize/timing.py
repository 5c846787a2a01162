"""Timing: how long calls take, side by side in one process, so that what else the machine does hits all of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from random import Random
from time import perf_counter
from typing import TypeVar

Name = TypeVar("Name")


SETTLING = 0.02
"""Seconds in which what ran before gives the processor back: runtimes keep their threads spinning for a while."""
_LONG = 0.1
"""Seconds of a call which what ran before no longer matters to."""
_MOST = 5
"""Calls that are timed in a turn."""


def interleaved(
    calls: Mapping[Name, Callable[[], object]],
    *,
    rounds: int,
    budget: float = float("inf"),
    least: int = 3,
    before: Mapping[Name, float] | None = None,
) -> dict[Name, list[float]]:
    """Seconds of the calls of each, which take turns in an order drawn anew for each round.

    A turn begins with calls that are not timed, one at least, until what ran before has settled; then come one or, of
    those that are quick, up to five that are. Of a call that takes long, what ran before is little: only its first turn
    begins so, and that not where it was called before.

    Args:
        calls: by name.
        rounds: how often each is timed, at most.
        budget: the seconds after which no further turns begin.
        least: how often each is timed whatever that takes.
        before: the seconds of the last calls, of what was called already.
    """
    order, random, started = list(calls), Random(0), perf_counter()  # noqa: S311 - the order need not be secret
    found: dict[Name, list[float]] = {name: [] for name in calls}
    last = dict(before or {})
    while (done := min(map(len, found.values()), default=rounds)) < rounds:
        if done >= least and perf_counter() - started > budget:
            break
        random.shuffle(order)
        for name in (each for each in order if len(found[each]) < rounds):
            if last.get(name, 0.0) < _LONG:
                _for_a_while(calls[name], sys.maxsize)
            found[name] += _for_a_while(calls[name], min(_MOST, rounds - len(found[name])))
            last[name] = found[name][-1]
    return found


def _for_a_while(call: Callable[[], object], most: int) -> list[float]:
    """Seconds of one call after the other."""
    found: list[float] = []
    started = now = perf_counter()
    while len(found) < most and now - started < SETTLING:
        call()
        before, now = now, perf_counter()
        found.append(now - before)
    return found
