"""Other grids have the size that torch gives them, at fixed sides and by formula; what is cut out is the middle."""

from __future__ import annotations

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch.nn import functional

from archspec.ir.dims import evaluate, symbol
from archspec.ir.types import TensorType
from tests.ops.runner import infer, made, run

SCALES = st.one_of(
    st.integers(1, 300).map(lambda hundredths: hundredths / 100),
    st.tuples(st.integers(1, 20), st.integers(1, 20)).map(lambda pair: pair[0] / pair[1]),
    st.floats(0.01, 3),
)


@settings(max_examples=300, deadline=None)
@given(SCALES, st.integers(1, 400), st.sampled_from(["nearest", "linear", "area"]))
def test_a_side_is_scaled_as_torch_scales_it(scale: float, side: int, mode: str) -> None:
    types, must = infer(made("interpolate", scale=scale, mode=mode), TensorType((1, 1, side)))
    try:
        scaled = functional.interpolate(torch.zeros(1, 1, side), scale_factor=scale, mode=mode)
    except RuntimeError:
        assert must.failures
        return
    if scaled.numel() == 0:  # torch's `area` gives nothing where the others fail
        assert must.failures
    else:
        assert types is not None
        assert types[0].shape == tuple(scaled.shape)


@settings(max_examples=300, deadline=None)
@given(SCALES, st.integers(1, 400))
def test_a_free_side_is_scaled_by_a_formula_that_floating_point_keeps(scale: float, side: int) -> None:
    op = made("interpolate", scale=scale)
    by_formula, must = infer(op, TensorType((1, 1, symbol("L"))))
    assume(by_formula is not None)
    assert by_formula is not None
    fixed, _ = infer(op, TensorType((1, 1, side)))
    assert fixed is not None
    if must.pending[0].holds({"L": side}):
        assert evaluate(by_formula[0].shape[2], {"L": side}) == fixed[0].shape[2]
    else:
        assert not fixed[0].is_known


@pytest.mark.parametrize("scale", [0.25, 0.4, 0.5, 0.75, 1, 1.1, 1.5, 2, 2.5, 4])
def test_usual_scales_have_a_formula(scale: float) -> None:
    types, must = infer(made("interpolate", scale=scale), TensorType((1, 1, symbol("L"))))
    assert types is not None
    assert not must.failures


def test_a_scale_that_floating_point_makes_smaller_has_none() -> None:
    _, must = infer(made("interpolate", scale=0.7), TensorType((1, 1, symbol("L"))))
    (failure,) = must.failures
    assert (failure.name, failure.attribute) == ("wrong-value", "scale")
    assert failure.message == (
        "floating point takes 0.7 for 0.69999999999999995559, which times the free side L rounds unevenly"
    )


def test_one_failure_where_nothing_is_left_of_several_sides() -> None:
    _, must = infer(made("interpolate", scale=[0.1, 0.2]), TensorType((1, 1, 4, 4)))
    (failure,) = must.failures
    assert failure.message == "a scale of 0.1x0.2 leaves nothing of the 4x4 input"


def test_the_middle_is_cut_out_with_the_larger_margin_at_the_end() -> None:
    x, like = torch.arange(12.0).reshape(1, 1, 3, 4), torch.zeros(1, 1, 2, 2)
    (cut,), _ = run(made("crop_like"), [TensorType((1, 1, 3, 4)), TensorType((1, 1, 2, 2))], [x, like])
    assert cut[0, 0].tolist() == [[1, 2], [5, 6]]


def test_what_is_too_small_is_not_cut() -> None:
    _, must = infer(made("crop_like"), TensorType((1, 1, 3, 4)), TensorType((1, 1, 4, 5)))
    (failure,) = must.failures
    assert failure.message == "there is no 4x5 to cut out of the 3x4 of [1, 1, 3, 4]"


def test_one_shuffle_of_pixels_undoes_the_other() -> None:
    x = torch.rand(2, 3, 4, 6)
    kind = TensorType((2, 3, 4, 6))
    (channels,), _ = run(made("pixel_unshuffle", factor=2), [kind], [x])
    (again,), _ = run(made("pixel_shuffle", factor=2), [TensorType((2, 12, 2, 3))], [channels])
    assert torch.equal(again, x)
