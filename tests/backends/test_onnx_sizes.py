"""ONNX models at every size: one model is written over symbols, and run at sizes where rounding makes a difference."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
import torch

from archspec.backends.onnx.refusal import NotInOnnxError
from archspec.ir.dims import Size, symbol
from archspec.ir.types import TensorType
from archspec.ops import find
from tests.backends.onnx_runs import Pair, one_node, session_of


def wrong_at(name: str, attributes: dict[str, Any], space: int, sides: range, channels: int = 2) -> Iterator[str]:
    """The sizes at which the one model of an op does not give what torch gives; those that torch refuses pass."""
    kind = find(name)
    assert kind is not None
    op = kind.model_validate(attributes)
    nominal = TensorType((2, channels, *[max(sides)] * space))
    shape: tuple[Size, ...] = (symbol("N"), channels, *(symbol(axis) for axis in "DHW"[3 - space :]))
    sizes = {"N": 2} | dict.fromkeys("DHW"[3 - space :], max(sides))
    pair = Pair.of(one_node(op, [nominal], [shape], sizes))
    session = session_of(pair.emit())
    for side in sides:
        x = 4 * torch.rand(1, channels, *[side + (7 if axis else 0) for axis in range(space)]) - 2
        try:
            found = pair.module(x)
        except RuntimeError:
            continue
        largest = found[0] if isinstance(found, tuple) else found
        if not largest.isfinite().all():
            continue  # a window with gaps that has nothing but padding in its places
        said = pair.differ(session, [x])
        if said:
            yield f"{attributes} at {tuple(x.shape)}: {said}"


def pools() -> Iterator[dict[str, Any]]:
    for kernel, stride in product(range(1, 5), range(1, 6)):
        for padding in range(kernel // 2 + 1):
            yield {"kernel": kernel, "stride": stride, "padding": padding, "ceil_mode": True}


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("max_pool", {}),
        ("max_pool", {"dilation": 3}),
        ("max_pool_with_indices", {}),
        ("avg_pool", {}),
        ("avg_pool", {"count_include_pad": False}),
    ],
)
def test_the_last_window_of_a_pool_is_torchs(name: str, more: dict[str, Any]) -> None:
    assert not [said for pool in pools() for said in wrong_at(name, pool | more, 1, range(1, 12))]


def test_indices_are_not_told_where_padding_would_be_among_them() -> None:
    attributes = {"kernel": 2, "stride": 5, "dilation": 3, "ceil_mode": True}
    with pytest.raises(NotInOnnxError, match="a padding that is no smaller than the kernel"):
        [*wrong_at("max_pool_with_indices", attributes, 1, range(1, 12))]


@pytest.mark.parametrize("name", ["adaptive_avg_pool", "adaptive_max_pool"])
@pytest.mark.parametrize("space", [1, 2, 3])
def test_windows_that_divide_a_side_unevenly_are_torchs(name: str, space: int) -> None:
    wrong = [said for size in (1, 2, 3, 5) for said in wrong_at(name, {"size": size}, space, range(1, 9))]
    assert not wrong


PLACES = [
    ({"mode": mode} | more, space)
    for mode, more, spaces in (
        ("nearest", {}, (1, 2, 3)),
        ("nearest_exact", {}, (1, 2, 3)),
        ("area", {}, (1, 2, 3)),
        ("linear", {}, (1, 2, 3)),
        ("linear", {"align_corners": True}, (1, 2, 3)),
        ("linear", {"antialias": True}, (2,)),
        ("cubic", {}, (2,)),
        ("cubic", {"align_corners": True}, (2,)),
        ("cubic", {"antialias": True}, (2,)),
    )
    for space in spaces
]


@pytest.mark.parametrize(("mode", "space"), PLACES)
def test_places_between_pixels_are_torchs(mode: dict[str, Any], space: int) -> None:
    asked: list[dict[str, Any]] = [{"size": size} for size in (1, 2, 5, 11)]
    asked += [{"scale": scale} for scale in (0.5, 1.5, 2, 3, 0.75)]
    if mode["mode"] not in ("linear", "cubic"):
        asked += [{"scale": scale} for scale in (0.4, 1.1)]
    assert not [said for each in asked for said in wrong_at("interpolate", each | mode, space, range(4, 12))]


def test_a_factor_that_engines_would_round_to_another_size_is_told() -> None:
    with pytest.raises(NotInOnnxError, match="engines may round what the factor gives to another size"):
        [*wrong_at("interpolate", {"scale": 0.4, "mode": "linear"}, 1, range(4, 12))]


@pytest.mark.parametrize("shift", [0, 1, [2, 0]])
def test_windows_of_attention_are_torchs(shift: Any) -> None:
    kind = find("window_attention")
    assert kind is not None
    op = kind.model_validate({"heads": 2, "window": [4, 3], "shift": shift})
    pair = Pair.of(
        one_node(
            op,
            [TensorType((2, 8, 8, 6))],
            [(symbol("N"), symbol("H"), symbol("W"), 6)],
            {"N": 2, "H": 8, "W": 8},
        )
    )
    session = session_of(pair.emit())
    sides = product((1, 3, 4, 5, 8), (2, 3, 7))
    assert not [said for high, wide in sides if (said := pair.differ(session, [torch.randn(2, high, wide, 6)]))]


@pytest.mark.parametrize("attributes", [{"shifts": 5, "axes": 2}, {"shifts": [-1, 3], "axes": [2, 3]}], ids=str)
def test_a_shift_goes_round_a_side_of_any_size(attributes: dict[str, Any]) -> None:
    assert not [*wrong_at("roll", attributes, 2, range(1, 7))]
