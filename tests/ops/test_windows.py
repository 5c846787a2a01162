"""The law of windows: convolutions and pools are accepted exactly where torch runs them, and give its shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from archspec.ir.dims import evaluate, symbol
from archspec.ir.op import Op
from archspec.ir.types import TensorType
from archspec.ops import find
from archspec.ops._shared import fixed
from tests.ops.runner import infer, run, type_of

WINDOWS = ("conv", "conv_transpose", "max_pool", "avg_pool")


def made(name: str, attributes: dict[str, Any]) -> Op:
    kind = find(name)
    assert kind is not None
    return kind.model_validate(attributes)


@st.composite
def windows(draw: st.DrawFn, names: Sequence[str] = (*WINDOWS, "lp_pool")) -> tuple[Op, tuple[int, ...]]:
    """A convolution or a pool, and the sides of an input for it."""
    name = draw(st.sampled_from(names))
    axes = draw(st.integers(1, 3))

    def sides(least: int, most: int) -> st.SearchStrategy[int | list[int]]:
        side = st.integers(least, most)
        return side | st.lists(side, min_size=axes, max_size=axes)

    attributes: dict[str, Any] = {"kernel": draw(sides(1, 5))}
    attributes |= draw(st.fixed_dictionaries({}, optional={"stride": sides(1, 4)}))
    if name.startswith("conv"):
        attributes |= {"channels": 1}
    else:
        attributes["ceil_mode"] = draw(st.booleans())
    if name != "lp_pool":
        attributes["padding"] = draw(sides(0, 3))
    if name not in ("avg_pool", "lp_pool"):
        attributes["dilation"] = draw(sides(1, 3))
    if name == "conv_transpose":
        attributes["output_padding"] = draw(sides(0, 2))
    return made(name, attributes), tuple(draw(st.lists(st.integers(1, 12), min_size=axes, max_size=axes)))


@settings(max_examples=400, deadline=None)
@given(windows())
def test_a_window_is_refused_exactly_where_torch_refuses_it(window: tuple[Op, tuple[int, ...]]) -> None:
    op, sides = window
    x = TensorType((1, 1, *sides))
    types, must = infer(op, x)
    try:
        outputs, _ = run(op, [x], [torch.zeros(1, 1, *sides)])
    except RuntimeError:
        assert must.failures
        return
    # torch gives nothing where a transposed convolution is padded away, and where a pool sees padding alone.
    if 0 in outputs[0].shape or outputs[0].isinf().any():
        assert must.failures
    else:
        assert not must.failures
        assert types == tuple(type_of(output) for output in outputs)


@settings(max_examples=200, deadline=None)
@given(windows())
def test_symbolic_windows_are_the_fixed_ones_at_every_size(window: tuple[Op, tuple[int, ...]]) -> None:
    op, sides = window
    names = [f"S{axis}" for axis in range(len(sides))]
    symbolic, demands = infer(op, TensorType((1, 1, *map(symbol, names))))
    for more in range(8):
        sizes = {name: side + more for name, side in zip(names, sides, strict=True)}
        fixed, must = infer(op, TensorType((1, 1, *sizes.values())))
        refused = bool(demands.failures) or not all(condition.holds(sizes) for condition in demands.pending)
        assert refused == bool(must.failures)
        if not refused:
            assert symbolic is not None
            assert fixed is not None
            assert tuple(evaluate(dim, sizes) for dim in symbolic[0].shape) == fixed[0].shape


@pytest.mark.parametrize("name", WINDOWS)
@pytest.mark.parametrize("kernel", [1, 3, "1x7", [5, 3]])
def test_same_padding_keeps_the_size(name: str, kernel: object) -> None:
    attributes = {"kernel": kernel, "stride": 1, "padding": "same"} | ({"channels": 2} if "conv" in name else {})
    types, must = infer(made(name, attributes), TensorType((1, 2, 9, 8)))
    assert not must.failures
    assert types == (TensorType((1, 2, 9, 8)),)


def test_a_margin_is_as_wide_as_said_at_each_end_of_each_axis() -> None:
    op = made("pad", {"begin": [1, 0], "end": [2, 1], "value": 7.0})
    outputs, _ = run(op, [TensorType((1, 1, 1, 2))], [torch.tensor([[[[1.0, 2.0]]]])])
    assert outputs[0][0, 0].tolist() == [[7, 7, 7], [1, 2, 7], [7, 7, 7], [7, 7, 7]]


def test_a_margin_has_as_many_numbers_as_there_are_axes() -> None:
    _, must = infer(made("pad", {"end": [1, 1, 1]}), TensorType((1, 1, 4, 4)))
    assert [(failure.name, failure.attribute) for failure in must.failures] == [("wrong-value", "end")]


@pytest.mark.parametrize(
    ("attributes", "failure", "attribute", "message"),
    [
        ({"kernel": 5}, "side-not-positive", "kernel", "a 5x5 kernel does not fit into the 3x3 input with padding 0"),
        (
            {"kernel": 3, "dilation": 2},
            "side-not-positive",
            "kernel",
            "a 3x3 kernel with dilation 2 does not fit into the 3x3 input with padding 0",
        ),
        (
            {"kernel": "1x7", "padding": [0, 1]},
            "side-not-positive",
            "kernel",
            "a 1x7 kernel does not fit into the 3x3 input with padding 0x1",
        ),
        (
            {"kernel": 3, "stride": 2, "padding": "same"},
            "same-padding",
            "padding",
            "`padding: same` keeps the size, but the stride is 2x2",
        ),
        (
            {"kernel": "1x2", "padding": "same"},
            "same-padding",
            "padding",
            "`padding: same` adds as much on either side, which leaves a 1x2 kernel off the middle",
        ),
        (
            {"kernel": [3, 3, 3]},
            "wrong-value",
            "kernel",
            "`kernel` has 3 numbers, 3x3x3, but the input has 2 spatial axes",
        ),
    ],
)
def test_a_window_that_does_not_fit_is_one_failure(
    attributes: dict[str, Any], failure: str, attribute: str, message: str
) -> None:
    _, must = infer(made("conv", {"channels": 4} | attributes), TensorType((2, 2, 3, 3)))
    (found,) = must.failures
    assert (found.name, found.attribute, found.message) == (failure, attribute, message)
    assert found.help


@pytest.mark.parametrize(
    ("attributes", "failure", "attribute", "message"),
    [
        (
            {"kernel": 2, "stride": 2, "output_padding": "0x2"},
            "wrong-value",
            "output_padding",
            "an output padding of 0x2 is not below the larger of stride and dilation, 2",
        ),
        (
            {"kernel": 2, "padding": 3},
            "side-not-positive",
            "padding",
            "a padding of 3 leaves nothing of the 4x4 made of the 3x3 input",
        ),
        (
            {"kernel": 3, "dilation": 2, "padding": "same", "output_padding": 1},
            "same-padding",
            "padding",
            "`padding: same` keeps the size, but the output padding is 1",
        ),
        (
            {"kernel": 2, "padding": "same"},
            "same-padding",
            "padding",
            "`padding: same` adds as much on either side, which leaves a 2x2 kernel off the middle",
        ),
        (
            {"kernel": 2, "output_padding": [0, 0, 0]},
            "wrong-value",
            "output_padding",
            "`output_padding` has 3 numbers, 0x0x0, but the input has 2 spatial axes",
        ),
    ],
)
def test_a_transposed_convolution_that_torch_refuses_is_one_failure(
    attributes: dict[str, Any], failure: str, attribute: str, message: str
) -> None:
    _, must = infer(made("conv_transpose", {"channels": 4} | attributes), TensorType((2, 2, 3, 3)))
    (found,) = must.failures
    assert (found.name, found.attribute, found.message) == (failure, attribute, message)
    assert found.help


@settings(max_examples=60, deadline=None)
@given(windows(["conv", "conv_transpose"]))
def test_a_place_sees_what_it_is_said_to_see(window: tuple[Op, tuple[int, ...]]) -> None:
    op, sides = window
    x = TensorType((1, 1, *sides))
    types, must = infer(op, x)
    seen = op.sees(x)
    if types is None or must.failures or seen == "around":
        return
    assert isinstance(seen, tuple)
    given_input = torch.zeros(1, 1, *sides, requires_grad=True)
    outputs, _ = run(op, [x], [given_input])
    place = tuple(fixed(side) // 2 for side in types[0].shape[2:])
    (gradient,) = torch.autograd.grad(outputs[0][0, 0][place], given_input)
    reached = gradient[0, 0].nonzero()
    for axis, (at, view, side) in enumerate(zip(place, seen, sides, strict=True)):
        first = at * view.stride - view.before
        last = first + view.size - 1
        found = set(reached[:, axis].tolist())
        assert all(first <= index <= last for index in found)
        assert not found or {first, last} & set(range(side)) <= found


def test_what_is_known_of_an_output_goes_on_after_a_failure() -> None:
    types, must = infer(made("conv", {"channels": 4, "kernel": "2x5"}), TensorType((2, 2, 3, 3)))
    assert len(must.failures) == 1
    assert types is not None
    assert str(types[0]) == "[2, 4, 2, ?]"


def test_a_pool_that_pads_more_than_half_its_window_is_refused() -> None:
    _, must = infer(made("avg_pool", {"kernel": 3, "stride": 1, "padding": [1, 2]}), TensorType((2, 2, 9, 9)))
    (found,) = must.failures
    assert (found.attribute, found.message) == ("padding", "a padding of 1x2 is more than half of the 3x3 kernel")


def test_a_window_with_gaps_sees_more_than_padding() -> None:
    pool = find("max_pool")
    assert pool is not None
    op = pool.model_validate({"kernel": 2, "padding": 1, "dilation": 3})
    (failure,) = infer(op, TensorType((1, 2, 2)))[1].failures
    said = "the first window sees padding, and then place 2, which is beyond a side of [1, 2, 2]"
    assert (failure.name, failure.message) == ("side-not-positive", said)
    assert run(op, [TensorType((1, 2, 2))], [torch.zeros(1, 2, 2)])[0][0].tolist() == [[[-torch.inf]] * 2]
    assert run(op, [TensorType((1, 2, 3))], [torch.zeros(1, 2, 3)])[0][0].isfinite().all()
    must = infer(op, TensorType((1, 2, symbol("L"))))[1]
    assert [condition.holds({"L": 2}) for condition in must.pending] == [True, False]
    assert all(condition.holds({"L": 3}) for condition in must.pending)


def test_an_input_of_the_wrong_rank_is_refused() -> None:
    types, must = infer(made("conv", {"channels": 4, "kernel": 3}), TensorType((2, 64)))
    assert types is None
    assert "the input is [2, 64]" in must.failures[0].message


def test_the_weights_of_a_convolution_need_fixed_channels() -> None:
    types, must = infer(made("conv", {"channels": 4, "kernel": 3}), TensorType((2, symbol("C"), 9, 9)))
    assert types is None
    assert [failure.name for failure in must.failures] == ["unknown-size"]
