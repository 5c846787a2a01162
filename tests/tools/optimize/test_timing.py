from __future__ import annotations

import time
from collections.abc import Callable

from archspec.tools.optimize.timing import SETTLING, interleaved


def test_each_call_is_timed_as_often_as_is_asked_and_settles_before() -> None:
    counts = {"quick": 0, "slow": 0}

    def run(name: str, seconds: float) -> None:
        counts[name] += 1
        time.sleep(seconds)

    found = interleaved({"quick": lambda: run("quick", 0.001), "slow": lambda: run("slow", SETTLING)}, rounds=7)
    assert {name: len(times) for name, times in found.items()} == {"quick": 7, "slow": 7}
    assert counts["quick"] > 2 * 7, "it is called for a while before it is timed"
    assert counts["slow"] == 2 * 7, "once, where one call takes as long as that"
    assert min(found["slow"]) > max(SETTLING, min(found["quick"]))


def test_of_a_long_call_only_the_first_is_not_timed() -> None:
    count = [0]

    def run() -> None:
        count[0] += 1
        time.sleep(0.11)

    assert len(interleaved({"long": run}, rounds=4)["long"]) == 4
    assert count == [5]
    assert len(interleaved({"long": run}, rounds=4, before={"long": 0.11})["long"]) == 4
    assert count == [9], "none, where it was called just before"


def test_where_the_time_is_up_each_has_been_timed_as_often_as_is_asked_at_least() -> None:
    for least in (2, 3):
        calls: dict[str, Callable[[], None]] = {"one": lambda: time.sleep(SETTLING), "other": lambda: None}
        found = interleaved(calls, rounds=100, budget=0, least=least)
        assert len(found["one"]) == least
        assert len(found["other"]) >= least
