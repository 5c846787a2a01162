"""What factorised convolutions cost: the shares that the paper names, and their laws."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archspec.analysis.cost import cost
from archspec.analysis.factorization import (
    Convolution,
    as_asymmetric,
    as_threes,
    behind_reduction,
    convolution,
    worthwhile_reduction,
)
from tests.graphs import Sketch

widths = st.integers(1, 64)


def square(side: int, inputs: int = 32, outputs: int = 32, **attributes: Any) -> Convolution:
    """A convolution on a grid of 17x17 that keeps it."""
    sketch = Sketch(image=("N", inputs, 17, 17))
    settings: dict[str, Any] = {"padding": "same", "bias": False} | attributes
    graph = sketch.graph(out=sketch.add("conv", "conv", "image", kernel=side, channels=outputs, **settings))
    found = convolution(graph, graph["conv"])
    assert found is not None
    assert (found.macs, found.parameters) == (cost(graph).total.macs, cost(graph).total.parameters)
    return found


def test_a_5x5_costs_25_ninths_of_a_3x3() -> None:
    assert square(5).macs * 9 == square(3).macs * 25


@pytest.mark.parametrize(
    ("side", "saved"), [(5, 1 - 18 / 25), (7, 1 - 27 / 49)], ids=["28 % of a 5x5", "44.9 % of a 7x7"]
)
def test_as_many_3x3_as_see_the_same_save(side: int, saved: float) -> None:
    found = as_threes(square(side))
    assert found is not None
    assert found.saving == pytest.approx(saved)
    assert found.kernels == ((3, 3),) * ((side - 1) // 2)


@pytest.mark.parametrize(("side", "saved"), [(3, 1 / 3), (7, 1 - 2 / 7)], ids=["33 % of a 3x3", "71.4 % of a 7x7"])
def test_1xn_and_nx1_save(side: int, saved: float) -> None:
    found = as_asymmetric(square(side))
    assert found is not None
    assert found.saving == pytest.approx(saved)
    assert str(found) == f"1x{side} and {side}x1"


def test_two_2x2_save_11_percent_of_a_3x3() -> None:
    two = 2 * square(2, padding="valid").parameters
    assert 1 - two / square(3).parameters == pytest.approx(1 / 9)


@given(st.sampled_from([3, 5, 7]), widths, widths)
def test_factors_cost_what_such_convolutions_cost(side: int, inputs: int, outputs: int) -> None:
    found = as_asymmetric(square(side, inputs, outputs), growing=False)
    assert found is not None
    sketch = Sketch(image=("N", inputs, 17, 17))
    settings: dict[str, Any] = {"padding": "same", "bias": False, "channels": outputs}
    sketch.add("a", "conv", "image", kernel=(1, side), **settings)
    sketch.add("b", "conv", "a", kernel=(side, 1), **settings)
    total = cost(sketch.graph(out="b")).total
    assert (found.macs, found.parameters) == (total.macs, total.parameters)


@given(st.sampled_from([3, 5, 7]), widths, widths, widths)
def test_a_reduction_saves_just_below_the_width_where_it_pays(side: int, inputs: int, outputs: int, to: int) -> None:
    whole = square(side, inputs, outputs)
    border = worthwhile_reduction(whole)
    if abs(to - border) > 1e-9:
        assert (behind_reduction(whole, to).saving > 0) == (to < border)


def test_widths_between_grow_by_equal_factors() -> None:
    found = as_threes(square(7, 8, 64))
    assert found is not None
    assert found.widths == (16, 32, 64)


@pytest.mark.parametrize("attributes", [{"groups": 4}, {"dilation": 2}, {"kernel": (1, 3)}], ids=str)
def test_convolutions_with_groups_dilation_or_long_kernels_are_left_alone(attributes: dict[str, Any]) -> None:
    sketch = Sketch(image=("N", 8, 17, 17))
    graph = sketch.graph(out=sketch.add("conv", "conv", "image", **{"channels": 8, "kernel": 3} | attributes))
    assert convolution(graph, graph["conv"]) is None


def test_even_kernels_and_3x3_are_no_3x3s() -> None:
    assert as_threes(square(4, padding="valid")) is None
    assert as_threes(square(3)) is None
    assert as_asymmetric(square(1)) is None
