"""Attributes whose sizes follow the input: what they become, what runs, and where a size is not at hand."""

from __future__ import annotations

from typing import ClassVar

import pytest
import torch

from archspec.analysis.input_sizes import input_sizes
from archspec.backends.torch_fx import emit
from archspec.compiler import check_spec
from archspec.ir.op import Arg, Probed, Step
from archspec.ir.types import TensorType
from archspec.source.diagnostic import Severity
from tests.conftest import Register
from tests.specs import errors, load, spec

HEADS = """
inputs: {x: [N, T=16, 24]}
blocks:
  heads:
    in: [N, T, C]
    params: {heads: 4}
    layers:
      - relu
      - reshape: [$N, $T, $heads, $(C // heads)]
      - permute: [0, 2, 1, 3]
layers: [{heads: {id: a}}]
"""


def test_sizes_of_the_input_are_followed_at_every_size() -> None:
    graph = load(HEADS)
    assert str(graph["a.1"].types[0]) == "[N, 16, 4, 6]"
    assert [str(sizes) for sizes in input_sizes(graph)["eval"]] == ["T 1 and up"]
    assert emit(graph)(torch.zeros(3, 5, 24)).shape == (3, 4, 5, 6)


def test_sides_that_are_nominally_equal_are_told_apart() -> None:
    spec = "inputs: {x: [N, H=8, W=8, 4]}\nlayers: [{permute: [0, 2, 1, 3]}, {reshape: [$N, $W, $(H * 4)]}]"
    module = emit(load(spec))
    assert module(torch.zeros(1, 3, 5, 4)).shape == (1, 5, 12)


def test_sizes_are_computed_when_it_runs() -> None:
    spec = "inputs: {x: [N, T=8, 4]}\nlayers: [{unflatten: {sizes: [2, $(T // 2)]}}, {reshape: [$N, -1]}]"
    graph = load(spec)
    assert [str(sizes) for sizes in input_sizes(graph)["eval"]] == ["T multiples of 2"]
    assert emit(graph)(torch.zeros(1, 6, 4)).shape == (1, 24)


def test_a_size_after_layers_that_change_it_is_the_side_that_there_is() -> None:
    spec = (
        "blocks: {rows: {in: [N, C, H, W], layers: [relu, {reshape: [$N, $C, $(H * W)]}]}}\n"
        "layers: [{conv: {id: c, channels: 4, kernel: 3, stride: 2}}, {rows: {id: a}}]"
    )
    assert emit(load(spec, "{x: [N, 3, H=8, W=8]}"))(torch.zeros(1, 3, 9, 11)).shape == (1, 4, 20)


def test_a_size_that_a_block_binds_is_forgotten_behind_the_block() -> None:
    spec = (
        "blocks: {unit: {in: [N, C, H, W], layers: [{conv: {id: conv, channels: $C, kernel: 1}}]}}\n"
        "layers: [{max_pool: 2}, {unit: {id: b}}, {reshape: {id: c, from: x, shape: [$N, 3, $(H * W)]}}]\n"
        "outputs: {b: b, c: c}"
    )
    module = emit(load(spec, "{x: [N, 3, H=8, W=8]}"))
    assert [part.shape for part in module(torch.zeros(2, 3, 6, 4))] == [(2, 3, 3, 2), (2, 3, 24)]


def test_nothing_is_said_of_a_size_that_an_error_was_reported_about() -> None:
    spec = "blocks: {rows: {in: [N, C, H], layers: [{reshape: [$N, $H, $C]}]}}\nlayers: [rows]"
    assert errors(spec, "{x: [N, 4, H=8, W=8]}") == [("shape-mismatch", "rows")]


@pytest.mark.parametrize(
    ("layers", "name", "text"),
    [
        ("[{flatten: {start: 1}}, {reshape: [$N, $H, -1]}]", "unknown-size", "[$N, $H, -1]"),
        ("[{reshape: [$N, $(H + 1), -1]}]", "not-divisible", "[$N, $(H + 1), -1]"),
        ("[{reshape: [$N, 5, -1]}]", "not-divisible", "[$N, 5, -1]"),
        ("[{reshape: [7]}]", "shape-mismatch", "reshape"),
        ("[{reshape: [$N, $(H - 40), $W, -1]}]", "side-not-positive", "[$N, $(H - 40), $W, -1]"),
        ("[{expand: [$N, 3]}]", "wrong-value", "[$N, 3]"),
        ("[{expand: [$N, 5, -1, -1]}]", "shape-mismatch", "expand"),
        (
            "[{pad: {end: [0, 1]}}, {expand: [$(H // 9), $N, -1, -1, -1]}]",
            "side-not-positive",
            "[$(H // 9), $N, -1, -1, -1]",
        ),
    ],
)
def test_what_cannot_be_is_reported_at_the_attribute(layers: str, name: str, text: str) -> None:
    assert errors(f"layers: {layers}", "{x: [N, 4, H=8, W=8]}") == [(name, text)]


def test_a_token_is_expanded_to_the_batch() -> None:
    spec = """
inputs: {x: [N, T=5, 4]}
layers:
  - parameter: {id: token, shape: [1, 1, 4]}
  - expand_like: {id: tokens, from: [token, x], axes: [0]}
  - concat: {from: [tokens, x], axis: 1}
"""
    module = emit(load(spec))
    assert module(torch.zeros(3, 7, 4)).shape == (3, 8, 4)


class Unruled(Probed):
    """An op without a shape rule."""

    name: ClassVar[str] = "unruled"
    category: ClassVar[str] = "shape"

    def lower(self, x: TensorType) -> list[Step]:
        return [Step("method", "clone", (Arg(0),))]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("layers: [unruled, {reshape: [$N, 12]}]", "no shape rule says which side of the input [N, 3, 4] is `N`"),
        (
            "blocks: {flat: {in: [N, C, T], layers: [{reshape: [$N, 12]}]}}\nlayers: [unruled, flat]",
            "`shape` follows sizes that no shape rule gives, so that it is not known at other sizes",
        ),
    ],
)
def test_a_size_behind_an_op_without_a_shape_rule_is_not_known(register: Register, rows: str, message: str) -> None:
    register(Unruled)
    given = spec(rows, "{x: [N, 3, 4]}")
    (found,) = (one for one in check_spec(given, probe=True) if one.name != "probed-shape")
    assert (found.name, found.message) == ("unknown-size", message)
    assert found.span is not None
    assert found.span.source.text[found.span.start : found.span.end] == "[$N, 12]"
    assert [one.name for one in check_spec(given)] == ["no-shape-rule"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            "blocks: {b: {in: [N, C, T], layers: [{mean: {axes: [2]}}, {reshape: [$N, $C, $T]}]}}\nlayers: [b]",
            "`T` is no side of the input [N, 12], so that it is not known when this runs",
        ),
        (
            "inputs: {x: [N, 12, T=8]}\nlayers: [{b: {from: [x, x]}}]\n"
            "blocks: {b: {inputs: {a: [N, T, C], b: [N, T, T]}, layers: [{relu: {from: a}}]}}",
            "`T` is 12, but `b` is given [N, 12, 8]",
        ),
        (
            "inputs: {x: [N, 12, T=8], y: [N, 8, S=12]}\n"
            "blocks: {b: {in: [N, C, T], layers: [{reshape: [$N, $T, $C]}]}}\n"
            "layers: [{b: {id: u, from: x}}, {b: {id: v, from: y, share: u}}]\n"
            "outputs: {u: u, v: v}",
            "`v.0` needs `shape` to be (N, 12, 8), but in `u.0`, which it uses again, it is (N, 8, 12)",
        ),
        (
            "inputs: {x: [N, 8, T=8], y: [N, T, 8]}\nlayers:\n"
            "- reshape: {id: a, from: x, shape: [$N, $T, 8]}\n- reshape: {id: b, from: y, share: a}\n"
            "outputs: {a: a, b: b}",
            "`b` takes `shape` from other sides of its input than `a`, which it uses again",
        ),
    ],
)
def test_sizes_are_called_what_the_spec_calls_them(rows: str, message: str) -> None:
    assert [one.message for one in check_spec(spec(rows, "{x: [N, 12, T]}")).without(Severity.WARNING)][:1] == [message]
