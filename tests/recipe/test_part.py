from __future__ import annotations

from typing import Any

import pytest

from archspec.recipe.part import Duration, read_duration


@pytest.mark.parametrize(
    ("written", "amount", "unit"),
    [
        ("2 epochs", 2, "epochs"),
        ("1 epoch", 1, "epochs"),
        ("2.4 epochs", 2.4, "epochs"),
        ("320000 steps", 320000, "steps"),
    ],
)
def test_a_length_of_training_is_epochs_or_steps(written: str, amount: float, unit: Any) -> None:
    assert read_duration(written) == Duration(amount, unit)


@pytest.mark.parametrize(
    "written",
    [2, "2", "epochs", "0 epochs", "0 steps", "1.5 steps", "-1 epochs", "2 hours", "2  epochs", "1e3 steps", None],
)
def test_nothing_else_is_one(written: Any) -> None:
    assert read_duration(written) is None


@pytest.mark.parametrize(
    ("written", "steps"), [("2 epochs", 20), ("2.4 epochs", 24), ("0.01 epochs", 1), ("7 steps", 7), ("1 step", 1)]
)
def test_it_is_whole_steps_and_at_least_one(written: str, steps: int) -> None:
    duration = read_duration(written)
    assert duration is not None
    assert duration.steps(10) == steps


@pytest.mark.parametrize("written", ["2 epochs", "2.4 epochs", "0.000001 epochs", "320000 steps"])
def test_it_prints_as_what_reads_as_the_same(written: str) -> None:
    assert read_duration(str(read_duration(written))) == read_duration(written)
