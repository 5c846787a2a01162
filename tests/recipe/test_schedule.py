from __future__ import annotations

from math import cos, pi
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archspec.recipe.part import Duration
from archspec.recipe.schedule import SCHEDULES, Clock, Constant, Cosine, Exponential, Polynomial, Schedule, Step, Warmup

lengths = st.integers(1, 30).map(lambda amount: Duration(amount, "epochs")) | st.integers(1, 300).map(
    lambda amount: Duration(amount, "steps")
)
factors = st.floats(0.01, 1)
warmups = st.builds(Warmup, over=lengths, start=st.floats(0, 1))


def each(kind: type[Schedule], *left_out: str, **settings: st.SearchStrategy[Any]) -> st.SearchStrategy[Schedule]:
    """Schedules of a kind, with or without the settings that may be left out; a warm-up is one of these."""
    settings["warmup"] = warmups
    optional = {name: settings.pop(name) for name in (*left_out, "warmup")}
    return st.fixed_dictionaries(settings, optional=optional).map(kind.model_validate)


schedules = st.one_of(
    each(Constant),
    each(Exponential, "staircase", gamma=factors, every=lengths, staircase=st.booleans()),
    each(Step, "gamma", gamma=factors, at=st.lists(lengths, min_size=1, max_size=3)),
    each(Cosine, "over", "final", over=lengths, final=st.floats(0, 1)),
    each(Polynomial, "over", "final", over=lengths, final=st.floats(0, 1), power=st.floats(0.1, 4)),
)
clocks = st.builds(Clock, st.integers(1, 20), st.integers(1, 50))


def begin_of(schedule: Schedule, clock: Clock) -> int:
    return schedule.warmup.over.steps(clock.steps_per_epoch) if schedule.warmup is not None else 0


@given(schedules, clocks, st.integers(0, 2000))
def test_a_factor_is_from_0_to_1_and_never_grows_once_warm(schedule: Schedule, clock: Clock, step: int) -> None:
    factor = schedule.factor(step, clock)
    assert 0 <= factor <= 1
    if step >= begin_of(schedule, clock):
        assert schedule.factor(step + 1, clock) <= factor


@given(schedules.filter(lambda schedule: schedule.warmup is not None), clocks)
def test_warming_up_is_linear_and_ends_where_the_schedule_begins(schedule: Schedule, clock: Clock) -> None:
    begin, warmup = begin_of(schedule, clock), schedule.warmup
    assert warmup is not None
    end = schedule.factor(begin, clock)
    assert schedule.factor(0, clock) == pytest.approx(warmup.start * end)
    rise = (end - warmup.start * end) / begin
    for step in {0, begin // 2, begin - 1}:
        assert schedule.factor(step + 1, clock) - schedule.factor(step, clock) == pytest.approx(rise, abs=1e-12)


@given(schedules, clocks, st.integers(0, 500))
def test_warming_up_delays_a_schedule_and_changes_nothing_else(schedule: Schedule, clock: Clock, step: int) -> None:
    if isinstance(schedule, Step) or schedule.lacks_end(None):
        return  # these go by times since training began, or until its end
    begin = begin_of(schedule, clock)
    cold = schedule.model_copy(update={"warmup": None})
    assert schedule.factor(begin + step, clock) == cold.factor(step, clock)


@given(st.integers(1, 50), st.integers(1, 12), factors, st.integers(0, 5000))
def test_a_staircase_falls_at_the_end_of_each_time_and_nowhere_else(
    steps_per_epoch: int, epochs: int, gamma: float, step: int
) -> None:
    schedule = Exponential(gamma=gamma, every=Duration(epochs, "epochs"))
    clock = Clock(steps_per_epoch)
    stairs = step // (steps_per_epoch * epochs)
    assert schedule.factor(step, clock) == gamma**stairs
    smooth = schedule.model_copy(update={"staircase": False})
    assert smooth.factor(stairs * steps_per_epoch * epochs, clock) == pytest.approx(gamma**stairs)


@given(st.integers(1, 50), st.integers(1, 50), st.floats(0, 1), st.floats(0.1, 4))
def test_what_goes_to_an_end_begins_with_1_and_stays_at_its_end(
    steps_per_epoch: int, epochs: int, final: float, power: float
) -> None:
    clock = Clock(steps_per_epoch, epochs)
    for schedule in (Cosine(final=final), Polynomial(final=final, power=power)):
        assert schedule.factor(0, clock) == 1
        assert schedule.factor(epochs * steps_per_epoch, clock) == pytest.approx(final)
        assert schedule.factor(epochs * steps_per_epoch + 7, clock) == pytest.approx(final)


def test_half_way_the_cosine_is_half_down_and_a_quarter_as_the_formula_says() -> None:
    schedule, clock = Cosine(final=0.2), Clock(10, 10)
    assert schedule.factor(50, clock) == pytest.approx(0.6)
    assert schedule.factor(25, clock) == pytest.approx(0.2 + 0.8 * (1 + cos(pi / 4)) / 2)


def test_a_polynomial_is_what_caffe_calls_poly() -> None:
    schedule = Polynomial(power=0.5, over=Duration(2_400_000, "steps"))
    assert schedule.factor(600_000, Clock(1)) == pytest.approx((1 - 600_000 / 2_400_000) ** 0.5)


def test_steps_are_counted_since_training_began_warm_or_not() -> None:
    schedule = Step(
        at=(Duration(30, "epochs"), Duration(60, "epochs")), gamma=0.1, warmup=Warmup(over=Duration(5, "epochs"))
    )
    clock = Clock(4)
    assert [schedule.factor(step, clock) for step in (20, 119, 120, 239, 240)] == pytest.approx([1, 1, 0.1, 0.1, 0.01])


def test_a_schedule_to_the_end_says_where_it_has_none() -> None:
    assert Cosine().lacks_end(None)
    assert not Cosine().lacks_end(90)
    assert not Cosine(over=Duration(9, "steps")).lacks_end(None)
    assert not Exponential(gamma=0.5, every=Duration(1, "steps")).lacks_end(None)
    with pytest.raises(ValueError, match=r"`cosine` has no end"):
        Cosine().factor(0, Clock(1))


@pytest.mark.parametrize(
    ("kind", "settings", "place", "message"),
    [
        (Exponential, {"gamma": 0, "every": "1 epoch"}, "gamma", "expected a number above 0, of at most 1"),
        (Exponential, {"gamma": 2, "every": "1 epoch"}, "gamma", "expected a number above 0, of at most 1"),
        (Step, {"at": []}, "at", "expected a time such as `30 epochs`, or a list of them"),
        (Step, {"at": ["1 epoch", 2]}, "at", "expected a time such as `30 epochs`, or a list of them"),
        (Polynomial, {"power": 0}, "power", "expected a number above 0"),
        (Cosine, {"final": -0.1}, "final", "expected a number from 0 to 1"),
    ],
)
def test_a_wrong_setting_is_one_message(kind: type[Schedule], settings: Any, place: str, message: str) -> None:
    with pytest.raises(ValueError, match="expected") as caught:
        kind.model_validate(settings)
    assert [(error["loc"], error["msg"]) for error in getattr(caught.value, "errors")()] == [((place,), message)]  # noqa: B009


def test_every_schedule_says_what_it_is() -> None:
    assert all(kind.name == name and kind.__doc__ for name, kind in SCHEDULES.items())
