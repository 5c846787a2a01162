"""Timing: how long calls take, side by side in one process, so that what else the machine does hits all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from time import perf_counter
from typing import TypeVar

Name = TypeVar("Name")


def interleaved(
    calls: Mapping[Name, Callable[[], object]], *, rounds: int, budget: float = float("inf")
) -> dict[Name, list[float]]:
    """Seconds of every round for each call, in an order drawn anew for each round, after one that is not timed.

    Args:
        calls: by name.
        rounds: how often each is timed, at most.
        budget: the seconds after which no further round begins; there are three at least.
    """
    order, random, started = list(calls), Random(0), perf_counter()  # noqa: S311 - the order need not be secret
    found: dict[Name, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for turn in range(rounds):
        if turn >= 3 and perf_counter() - started > budget:
            break
        random.shuffle(order)
        for name in order:
            calls[name]()  # the caches are another's
            began = perf_counter()
            calls[name]()
            found[name].append(perf_counter() - began)
    return found
