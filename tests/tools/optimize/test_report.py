"""Reports: what the timings of runs come to, and how they read."""

from __future__ import annotations

from archspec.tools.optimize.report import Report, Timing


def test_what_else_the_machine_did_is_not_held_against_a_candidate() -> None:
    disturbed = Timing("disturbed", (1.0, 1.0, 1.0, 3.0, 3.0, 3.0, 3.0), 0.0)
    even = Timing("even", (2.0,) * 7, 0.0)
    assert disturbed.median > even.median
    assert disturbed.lower_quartile < even.lower_quartile
    assert Timing("few", (3.0, 1.0), 0.0).lower_quartile == 1.0


def test_the_ratio_is_of_what_the_choice_went_by() -> None:
    timings = (Timing("a", (0.1, 0.1, 0.1, 0.4, 0.4), 1e-7), Timing("b", (0.2,) * 5, 2e-7))
    text = str(Report("Net", "a", {}, {"N": 1}, 1e-7, 1.0, False, timings))
    assert "tried  lower quartile     median  spread  ratio  difference" in text
    assert "a           100.00 ms  100.00 ms    150%  2.00x     1.0e-07" in text
    assert "b           200.00 ms  200.00 ms      0%  1.00x     2.0e-07" in text
