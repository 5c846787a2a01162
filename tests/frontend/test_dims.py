"""Dims: the declared inputs of files and blocks, and attributes that depend on shapes."""

from __future__ import annotations

import pytest
import torch

from archspec.backends.inputs import random_inputs
from archspec.backends.trace import run_and_compare
from archspec.compiler import compile_spec, load_graph
from tests.specs import errors, load, shape, spec

DEPTHWISE = """
        blocks:
          dw:
            in: [N, C, H, W]
            layers:
              - conv: {id: dw, channels: $C, kernel: 3, padding: same, groups: $C}
              - conv: {id: narrow, channels: $(C // 2), kernel: 1}
"""


def test_an_input_has_symbols_with_nominal_sizes() -> None:
    graph = load("layers: [{conv: {kernel: 3, stride: 2, channels: 5}}]", "{x: [N, 3, H=299, W=299]}")
    assert graph.inputs["x"].symbols == {"H": 299, "W": 299}
    assert shape(graph, "0") == "[N, 5, 149, 149]"


def test_an_input_without_nominal_sizes_stays_symbolic_and_runs_at_any_that_fits() -> None:
    source = spec("layers: [{conv: {kernel: 3, stride: 2, channels: 5}}, {max_pool: 2}]", "{x: [N, 3, H, W]}")
    graph, module = load_graph(source), compile_spec(source)
    for sizes in ({"H": 9, "W": 12}, {"H": 5, "W": 6}):
        assert run_and_compare(graph, module, random_inputs(graph, sizes=sizes), "eval") == []  # type: ignore[arg-type]


def test_a_nominal_size_may_be_a_parameter() -> None:
    text = "params: {side: 8, channels: 3}\ninputs: {x: [N, $channels, H=$side, W=$(side // 2)]}\nlayers: [relu]"
    assert shape(load(text), "0") == "[N, 3, 8, 4]"
    assert shape(load(text, side=16), "0") == "[N, 3, 16, 8]"


def test_one_symbol_is_one_size_in_all_inputs() -> None:
    graph = load("layers: [{add: {from: [a, b]}}]", "{a: [N, T, 4], b: [N, T, 4]}")
    assert shape(graph, "0") == "[N, T, 4]"
    (condition,) = load("layers: [{add: {from: [a, b]}}]", "{a: [N, T], b: [N, S]}")["0"].conditions
    assert (condition.holds({"T": 3, "S": 3}), condition.holds({"T": 3, "S": 4})) == (True, False)
    assert errors("layers: [{add: {from: [a, b]}}]", "{a: [N, T=3], b: [N, T=4]}")[0][0] == "wrong-value"


def test_inputs_have_dtypes_bounds_and_constraints() -> None:
    text = """
        params: {vocab: 11}
        inputs:
          ids: {shape: [N, T], dtype: int64, below: $vocab, where: [T <= 16, T % 4 == 0]}
          mask: {shape: [N, T, 6], where: T > 1}
        layers:
          - embedding: {id: wte, tokens: $vocab, features: 6, from: ids}
          - multiply: {from: [wte, mask]}
    """
    graph = load(text)
    given = graph.inputs["ids"]
    assert (given.type.dtype, given.below, given.where) == ("int64", 11, ("T <= 16", "T % 4 == 0"))
    drawn = random_inputs(graph)
    assert drawn["ids"].dtype == torch.int64
    assert drawn["ids"].max() < 11
    assert drawn["ids"].shape[1] % 4 == 0


def test_a_constraint_that_does_not_hold_at_the_nominal_sizes_is_an_error() -> None:
    assert errors("inputs: {x: {shape: [N, T=20], where: T <= 16}}\nlayers: [relu]") == [
        ("unmet-constraint", "T <= 16")
    ]


def test_the_dims_of_a_block_are_read_in_attributes() -> None:
    graph = load(DEPTHWISE + "        layers: [{dw: {id: a}}, {dw: {id: b}}]\n")
    assert graph["a.dw"].resolved.groups == 4  # type: ignore[attr-defined]
    assert graph["b.dw"].resolved.groups == 2  # type: ignore[attr-defined]
    assert shape(graph, "b.narrow") == "[N, 1, 8, 8]"


def test_dims_are_passed_on_to_blocks_inside_under_names_of_their_own() -> None:
    graph = load("""
        blocks:
          cb:
            params: {channels: int, groups: 1}
            in: [N, C, H, W]
            layers:
              - conv: {id: conv, channels: $channels, kernel: 1, groups: $groups}
              - scale: {id: by, factor: $(channels + C)}
          outer:
            in: [N, C, H, W]
            layers:
              - cb: {id: wide, channels: $(C * 2), groups: $C}
              - cb: {id: back, channels: $C}
        layers: [{outer: {id: o}}]
    """)
    assert [shape(graph, path) for path in ("o.wide.conv", "o.back.conv")] == ["[N, 8, 8, 8]", "[N, 4, 8, 8]"]
    assert graph["o.wide.conv"].resolved.groups == 4  # type: ignore[attr-defined]
    assert [graph[f"o.{path}.by"].resolved.factor for path in ("wide", "back")] == [12, 12]  # type: ignore[attr-defined]


def test_the_dims_of_a_file_are_read_in_its_own_rows() -> None:
    graph = load("layers: [flatten, {linear: {features: $(H * W)}}]", "{x: [N, 2, H=3, W=4]}")
    assert shape(graph, "1") == "[N, 12]"


def test_a_default_may_use_a_parameter_that_is_a_dim() -> None:
    graph = load("""
        blocks:
          cb:
            params: {channels: int, hidden: $(channels * 2)}
            layers: [{conv: {id: a, channels: $hidden, kernel: 1}}, {conv: {id: b, channels: $channels, kernel: 1}}]
          outer: {in: [N, C, H, W], layers: [{cb: {id: c, channels: $C}}]}
        layers: [{outer: {id: o}}]
    """)
    assert shape(graph, "o.c.a") == "[N, 8, 8, 8]"


@pytest.mark.parametrize("key", ["if: $(C > 2)", "repeat: $C"])
def test_shapes_decide_neither_if_nor_repeat(key: str) -> None:
    assert (
        errors(f"blocks: {{b: {{in: [N, C, H, W], layers: [{{relu: {{{key}}}}}, tanh]}}}}\nlayers: [b]")[0][0]
        == "shape-dependent"
    )


def test_a_block_is_held_to_the_dims_it_declares() -> None:
    rows = "blocks: {b: {in: %s, layers: [relu]}}\nlayers: [{b: {id: use}}]"
    assert errors(rows % "[N, 4, H, W]") == []
    assert errors(rows % "[N, 3, H, W]") == [("shape-mismatch", "b")]
    assert errors(rows % "[N, C, S, S]") == []
    assert errors(rows % "[N, C, C, W]") == [("shape-mismatch", "b")]
    assert errors(rows % "[N, L, C]") == [("shape-mismatch", "b")]


def test_several_inputs_of_a_block_bind_their_dims_together() -> None:
    rows = """
        blocks:
          merge:
            inputs: {a: [N, C, H, W], b: [N, D, H, W]}
            layers:
              - concat: {from: [a, b]}
              - conv: {channels: $(C + D), kernel: 1, groups: "$(min(C, D))"}
        layers:
          - conv: {id: c, kernel: 1, channels: 2}
          - merge: {id: m, from: [c, %s]}
    """
    assert shape(load(rows % "x"), "m.1") == "[N, 6, 8, 8]"
    pooled = rows.replace("- merge", "- max_pool: {id: p, kernel: 2}\n          - merge") % "p"
    assert errors(pooled)[0][0] == "shape-mismatch"


@pytest.mark.parametrize(
    ("inputs", "rows", "expected"),
    [
        ("{x: [N, 3, L=20]}", "conv: {channels: 4, kernel: 3, stride: 2}", "[N, 4, 9]"),
        ("{x: [N, 3, D=5, H=6, W=7]}", "conv: {channels: 4, kernel: [1, 2, 3]}", "[N, 4, 5, 5, 5]"),
        ("{x: [N, T, 6]}", "linear: {features: 4}", "[N, T, 4]"),
        ("{x: [5, 6]}", "linear: {features: 4}", "[5, 4]"),
    ],
)
def test_one_inference_serves_every_rank(inputs: str, rows: str, expected: str) -> None:
    assert shape(load(f"layers: [{{{rows}}}]", inputs), "0") == expected
