"""Sizes that meet conditions are found exactly: whatever is said of a size is what its numbers say."""

from __future__ import annotations

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from archspec.analysis.size_sets import Run, SizeSet, TooIrregular
from archspec.analysis.solve_sizes import solve
from archspec.ir.conditions import Condition
from archspec.ir.dims import DimTooLarge, Size, symbol

H = symbol("H")


def positive(dim: Size) -> Condition:
    return Condition("positive", dim, "too small")


def zero(dim: Size) -> Condition:
    return Condition("zero", dim, "not equal")


def sizes(*conditions: Condition) -> SizeSet:
    return solve(conditions, "H")


@st.composite
def dims(draw: st.DrawFn, depth: int = 4) -> Size:
    if not depth:
        return H + draw(st.integers(-5, 5))
    inner = dims(depth=depth - 1)
    match draw(st.integers(0, 5)):
        case 0:
            return (draw(inner) + draw(st.integers(-9, 9))) // draw(st.integers(1, 5))
        case 1:
            return draw(inner) + draw(st.sampled_from([-2, -1, 1, 2])) * draw(inner)
        case 2:
            return draw(inner) % draw(st.integers(2, 5))
        case 3:
            return draw(inner) * draw(inner)
    return H + draw(st.integers(-30, 30))


@given(st.lists(st.tuples(st.sampled_from([positive, zero]), dims(), st.integers(-60, 60)), max_size=3))
@settings(max_examples=200, deadline=None)
def test_a_size_fits_where_all_conditions_hold_and_stands_in_one_run(drawn: list[tuple[object, Size, int]]) -> None:
    conditions = [(positive if make is positive else zero)(dim + more) for make, dim, more in drawn]
    try:
        found = sizes(*conditions)
        runs = found.runs
    except (TooIrregular, DimTooLarge):
        reject()
    for size in range(1, 400):
        truth = all(condition.holds({"H": size}) for condition in conditions)
        assert (size in found, sum(size in run for run in runs)) == (truth, int(truth)), (conditions, size)
    assert list(runs) == sorted(runs, key=lambda run: run.first)


@pytest.mark.parametrize(
    ("conditions", "text"),
    [
        ([], "1 and up"),
        ([positive(H - 74)], "75 and up"),
        ([positive((H - 75) // 32 + 1)], "75 and up"),
        ([positive(H - 298), positive(555 - H)], "299 to 554"),
        ([zero((H - 299) // 256)], "299 to 554"),
        ([zero(H - 7)], "7"),
        ([zero(3 * (H // 4) - 3)], "4 to 7"),
        ([zero(3 * (H // 4) - 4)], "none"),
        ([positive(5 - H), positive(H - 5)], "none"),
        ([zero(H % 32)], "multiples of 32"),
        ([zero(H % 32), positive(H - 200)], "multiples of 32 from 224"),
        ([zero(H % 32), positive(513 - H)], "multiples of 32 from 32 to 512"),
        ([zero(H % 2 - 1)], "1 and up in steps of 2"),
        ([zero(H % 2), zero(H % 3)], "multiples of 6"),
        ([zero((H + 1) // 2 - H // 2), positive(H - 10)], "multiples of 2 from 12"),
        ([positive((H - 5) * (H - 9))], "1 to 4, 10 and up"),
        ([zero(H * H - 64)], "8"),
        ([positive(H % 5 - 1)], "2 to 4, 7 to 9, 12 to 14, ... (3 of every 5)"),
        ([positive(H % 5 - 1), positive(101 - H)], "2 to 4, 7 to 9, 12 to 14, ... up to 99"),
        ([positive(H + 3 * (H % 4) - 6)], "2 to 3, 5 and up"),
        ([positive(H + 9 * (H % 2) - 9)], "1, 3, 5, ..., 10 and up"),
    ],
)
def test_sizes_are_said_in_few_words(conditions: list[Condition], text: str) -> None:
    assert str(sizes(*conditions)) == text


def test_a_long_way_to_the_end_takes_no_time() -> None:
    assert sizes(positive(10**9 - H), zero(H % 2)).runs == (Run(2, 10**9 - 2, 2),)
    assert sizes(positive(10**6 * H - H * H)).runs == (Run(1, 10**6 - 1),)


def test_what_repeats_too_late_is_not_looked_for() -> None:
    with pytest.raises(TooIrregular, match="repeat only after 4757"):
        sizes(zero(H % 67), zero(H % 71))
    with pytest.raises(TooIrregular, match="repeat only after 5003"):
        sizes(positive(H % 5003))
    with pytest.raises(TooIrregular, match="remainders"):
        sizes(*(positive(H % 2048 - number) for number in range(200)))
