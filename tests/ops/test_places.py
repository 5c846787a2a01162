"""Which places ops take of an axis: those that torch takes, at every size, and none that are not there."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from archspec.ir.dims import evaluate, symbol
from archspec.ir.types import TensorType
from tests.ops.runner import infer, run
from tests.ops.test_windows import made

PLACE = st.integers(-6, 6)
LARGEST = 8


@given(PLACE, st.none() | PLACE, st.integers(1, 3))
def test_a_slice_is_what_python_takes_where_it_lies_within_the_axis(start: int, end: int | None, step: int) -> None:
    op = made("slice", {"start": start, "step": step} | ({} if end is None else {"end": end}))
    over_symbols, must = infer(op, TensorType((2, symbol("T"))))
    assert over_symbols is not None
    for side in range(1, LARGEST):
        x = TensorType((2, side))
        row = torch.arange(2 * side).reshape(2, side)
        types, here = infer(op, x)
        first, last = (place + side if place < 0 else place for place in (start, side if end is None else end))
        is_within = 0 <= first < last <= side
        assert (not here.failures) == is_within
        assert (not must.failures and all(each.holds({"T": side}) for each in must.pending)) == is_within
        if is_within:
            assert types is not None
            (found,) = run(op, [x], [row])[0]
            assert torch.equal(found, row[:, start:end:step])
            assert tuple(found.shape) == types[0].shape
            assert evaluate(over_symbols[0].shape[1], {"T": side}) == found.shape[1]


@settings(max_examples=40)
@given(st.integers(-3, 3), st.integers(1, 3), st.integers(2, 3), st.data())
def test_a_place_of_a_slice_sees_the_place_that_it_is(start: int, step: int, axis: int, data: st.DataObject) -> None:
    op, x = made("slice", {"axis": axis, "start": start, "step": step}), TensorType((1, 1, 4, 5))
    tensor = torch.zeros(1, 1, 4, 5, requires_grad=True)
    (found,) = run(op, [x], [tensor])[0]
    at = [data.draw(st.integers(0, side - 1)) for side in found.shape[2:]]
    (gradient,) = torch.autograd.grad(found[0, 0, at[0], at[1]], tensor)
    seen = op.sees(x)
    assert isinstance(seen, tuple)
    assert all(window.size == 1 for window in seen)
    expected = [place * window.stride - window.before for place, window in zip(at, seen, strict=True)]
    assert gradient[0, 0].nonzero().tolist() == [expected]


@pytest.mark.parametrize(
    ("name", "attributes", "least", "most"),
    [
        ("select", {"index": 3}, 4, LARGEST),
        ("select", {"index": -3}, 3, LARGEST),
        ("index_select", {"indices": [2, 0, 4, 0]}, 5, LARGEST),
        ("positions", {"below": 6}, 1, 6),
        ("pad", {"axis": 1, "begin": 3}, 1, LARGEST),
    ],
)
def test_sizes_that_have_the_places_are_those_of_the_condition(
    name: str, attributes: dict[str, Any], least: int, most: int
) -> None:
    op = made(name, attributes)
    _, must = infer(op, TensorType((2, symbol("T"))))
    fitting = [side for side in range(1, LARGEST + 1) if all(each.holds({"T": side}) for each in must.pending)]
    assert fitting == [*range(least, most + 1)]
    assert fitting == [side for side in range(1, LARGEST + 1) if not infer(op, TensorType((2, side)))[1].failures]


@pytest.mark.parametrize(
    ("name", "attributes", "failure", "attribute", "message"),
    [
        (
            "slice",
            {"end": 4},
            "index-out-of-range",
            "end",
            "`end` is 4, but axis 1 of [2, 3, 1] has 3 places",
        ),
        (
            "slice",
            {"start": -4},
            "index-out-of-range",
            "start",
            "`start` is -4, but axis 1 of [2, 3, 1] has 3 places",
        ),
        (
            "slice",
            {"start": 2, "end": -1},
            "index-out-of-range",
            "start",
            "nothing is left from place 2 to before place 2: axis 1 of [2, 3, 1] has 3 places",
        ),
        (
            "squeeze",
            {"axes": [2, 1]},
            "shape-mismatch",
            None,
            "`squeeze` needs a size of 1 at axis 1, but its input is [2, 3, 1]",
        ),
        *(
            (
                name,
                {"axes": axes},
                "wrong-axis",
                "axes",
                f"`{name}` is of one axis or of the last ones in their order, but `axes` of [2, 3, 1] are {resolved}",
            )
            for name in ("layer_norm", "rms_norm")
            for axes, resolved in (([2, 1], [2, 1]), ([0, 1], [0, 1]), ([-1, 2], [2, 2]), ([-3, -1], [0, 2]))
        ),
        (
            "positions",
            {"below": 2},
            "index-out-of-range",
            "below",
            "`positions` stay below 2, but axis 1 of [2, 3, 1] has 3 places",
        ),
    ],
)
def test_what_torch_would_pass_over_is_refused(
    name: str, attributes: dict[str, Any], failure: str, attribute: str | None, message: str
) -> None:
    _, must = infer(made(name, attributes), TensorType((2, 3, 1)))
    (found,) = must.failures
    assert (found.name, found.attribute, found.message) == (failure, attribute, message)


def shown(mode: str, side: int, begin: int, end: int) -> list[int | None]:
    """The place that each place of a padded axis shows; None for the number that a margin holds."""
    places = range(-begin, side + end)
    if mode == "constant":
        return [place if 0 <= place < side else None for place in places]
    if mode == "replicate":
        return [min(max(place, 0), side - 1) for place in places]
    if mode == "circular":
        return [place % side for place in places]
    return [side - 1 - abs(side - 1 - abs(place)) for place in places]


@settings(max_examples=60)
@given(
    st.sampled_from(["constant", "reflect", "replicate", "circular"]),
    st.lists(st.tuples(st.integers(1, 4), st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=3),
)
def test_a_margin_shows_what_its_mode_says_or_is_refused_with_torch(
    mode: str, axes: list[tuple[int, int, int]]
) -> None:
    sides, begin, end = (list(each) for each in zip(*axes, strict=True))
    op, x = made("pad", {"mode": mode, "begin": begin, "end": end}), TensorType((1, 2, *sides))
    tensor = torch.rand(1, 2, *sides)
    if infer(op, x)[1].failures:
        with pytest.raises((RuntimeError, AssertionError)):
            run(op, [x], [tensor])
        return
    expected = tensor
    for axis, (side, before, after) in enumerate(axes, start=2):
        margin = torch.zeros_like(expected.narrow(axis, 0, 1))
        parts = [
            margin if place is None else expected.narrow(axis, place, 1) for place in shown(mode, side, before, after)
        ]
        expected = torch.cat(parts, axis)
    assert torch.equal(run(op, [x], [tensor])[0][0], expected)


def test_a_margin_of_one_axis_lies_along_that_axis() -> None:
    x = TensorType((2, 3, 4))
    tensor = torch.rand(2, 3, 4)
    for axis in (0, 1, 2, -1):
        (found,) = run(made("pad", {"axis": axis, "begin": 1, "end": 2, "value": 5}), [x], [tensor])[0]
        assert torch.equal(found.narrow(axis, 1, tensor.shape[axis]), tensor)
        assert found.sum() == pytest.approx(float(tensor.sum()) + 5 * (found.numel() - tensor.numel()), rel=1e-5)


@settings(max_examples=40)
@given(st.tuples(*[st.tuples(st.integers(1, 3), st.integers(1, 3))] * 2))
def test_fold_puts_back_what_unfold_takes_apart(axes: tuple[tuple[int, int], ...]) -> None:
    kernel, size = [side for side, _ in axes], [side * patches for side, patches in axes]
    whole = {"kernel": kernel, "stride": kernel}
    unfold, fold = made("unfold", whole), made("fold", whole | {"size": size})
    x = TensorType((2, 3, *size))
    tensor = torch.rand(2, 3, *size)
    types, _ = infer(unfold, x)
    assert types is not None
    (columns,) = run(unfold, [x], [tensor])[0]
    assert infer(fold, *types)[0] == (x,)
    assert torch.equal(run(fold, types, [columns])[0][0], tensor)


@given(st.permutations(range(5)), st.integers(0, 3))
def test_new_axes_are_numbered_as_in_the_output(order: list[int], count: int) -> None:
    axes = [*order[: count + 1]]
    signed = [axis - 5 if index % 2 else axis for index, axis in enumerate(axes)]
    sides = tuple(range(2, 6 - count))
    x = TensorType(sides)
    types, _ = infer(made("unsqueeze", {"axes": signed}), x)
    assert types is not None
    assert [axis for axis, side in enumerate(types[0].shape) if side == 1] == sorted(axes)
    (found,) = run(made("unsqueeze", {"axes": signed}), [x], [torch.zeros(sides)])[0]
    assert tuple(found.shape) == types[0].shape
    assert tuple(side for side in found.shape if side != 1) == sides
