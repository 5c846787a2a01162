"""Inputs that are joined have to agree, and the odd one is named."""

from __future__ import annotations

from typing import Any

import pytest

from archspec.ir.dims import UNKNOWN, Size, symbol
from archspec.ir.types import TensorType
from tests.ops.runner import infer, made

N, H = symbol("N"), symbol("H")


def join(name: str, *shapes: tuple[Size, ...], **attributes: Any) -> Any:
    types, must = infer(made(name, **attributes), *(TensorType(shape) for shape in shapes))
    return (str(types[0]) if types else None), must


def test_concat_names_the_axes_and_both_shapes() -> None:
    shape, must = join("concat", (N, 64, 35, 35), (N, 64, 31, 31))
    (failure,) = must.failures
    assert failure.name == "shape-mismatch"
    assert failure.message == (
        "`concat` needs equal height and width on every branch, "
        "but input 2 is [N, 64, 31, 31] where input 1 is [N, 64, 35, 35]"
    )
    assert failure.ports == (1, 0)
    assert "padding: same" in failure.help
    assert shape == "[N, 128, ?, ?]"


def test_the_odd_one_is_the_one_that_differs_from_most() -> None:
    _, must = join("concat", (N, 64, 31, 35), (N, 64, 35, 35), (N, 32, 35, 35), (N, 8, 35, 35))
    (failure,) = must.failures
    assert failure.ports == (0, 1)
    assert "equal height on every branch" in failure.message


def test_two_odd_inputs_are_two_failures() -> None:
    _, must = join("concat", (N, 64, 35, 35), (N, 64, 35, 35), (N, 64, 31, 35), (N, 64, 17, 17))
    assert [failure.ports for failure in must.failures] == [(2, 0), (3, 0)]


def test_concat_sums_what_is_known_when_a_side_is_not() -> None:
    shape, must = join("concat", (N, 64, UNKNOWN, 35), (N, 32, 35, 35))
    assert shape == "[N, 96, 35, 35]"
    assert not must.failures
    assert must.skipped


def test_sides_that_are_equal_at_some_sizes_only_are_a_condition() -> None:
    shape, must = join("concat", (N, 64, (H - 1) // 2 + 1, 35), (N, 64, H // 2, 35))
    assert shape is not None
    (condition,) = must.pending
    assert condition.holds({"H": 34})
    assert condition.holds({"H": 35}) is False
    assert "equal height" in condition.message


def test_sides_that_are_equal_at_no_size_are_a_failure() -> None:
    _, must = join("add", (N, 64, H, 35), (N, 64, H - 2, 35))
    (failure,) = must.failures
    assert "input 2 is [N, 64, H - 2, 35] where input 1 is [N, 64, H, 35]" in failure.message


@pytest.mark.parametrize(
    ("shapes", "joined"),
    [
        (((N, 64, H, H), (N, 64, H, H)), "[N, 64, H, H]"),
        (((N, 64, H, H), (N, 64, 1, 1)), "[N, 64, H, H]"),
        (((64,), (N, 1, 64)), "[N, 1, 64]"),
        (((N, 64, UNKNOWN, 4), (N, 64, 4, 4), (1, 64, 4, 1)), "[N, 64, 4, 4]"),
        (((N, 1, 1), (N, 1, UNKNOWN)), "[N, 1, ?]"),
    ],
)
def test_a_literal_one_and_missing_axes_go_with_any_size(shapes: tuple[tuple[Size, ...], ...], joined: str) -> None:
    shape, must = join("add", *shapes)
    assert shape == joined
    assert not must.failures


def test_adding_other_channels_is_refused() -> None:
    shape, must = join("add", (N, 64, H, H), (N, 32, H, H))
    (failure,) = must.failures
    assert failure.message.startswith("`add` needs equal channels on every branch")
    assert shape == "[N, ?, H, H]"


def test_matmul_needs_as_many_rows_as_columns() -> None:
    shape, must = join("matmul", (N, 4, 8), (N, 7, 5))
    (failure,) = must.failures
    assert failure.name == "shape-mismatch"
    assert shape == "[N, 4, 5]"


@pytest.mark.parametrize("name", ["subtract", "divide"])
def test_what_takes_two_takes_no_more(name: str) -> None:
    shape, must = join(name, (N, 4), (N, 4), (N, 4))
    assert shape is None
    assert must.failures[0].message == f"`{name}` joins 2 inputs, but there are 3"


def test_what_is_stacked_is_of_one_shape() -> None:
    shape, must = join("stack", (N, 4, H), (N, 4, H), (N, 5, H), axis=-1)
    (failure,) = must.failures
    assert (
        failure.message
        == "`stack` needs equal axis 1 on every branch, but input 3 is [N, 5, H] where input 1 is [N, 4, H]"
    )
    assert shape == "[N, ?, H, 3]"
    _, must = join("stack", (N, 4), (N, 4), axis=3)
    assert must.failures[0].message == "there is no axis 3 in an output of 3 axes: they are 0 to 2, or -3 to -1"


def test_dtypes_are_not_mixed() -> None:
    _, must = infer(made("add"), TensorType((2, 3)), TensorType((2, 3), "int64"))
    assert must.failures[0].message == "`add` needs one dtype, but input 2 is int64[2, 3] where input 1 is [2, 3]"
