"""Assertions: what rows and `expect` say of shapes and counts."""

from __future__ import annotations

import pytest

from tests.specs import errors, load

IMAGE = "{x: [N, 3, H=16, W=12]}"


@pytest.mark.parametrize(
    ("shape", "holds"),
    [
        ("16x12x3", True),
        ("12x16x3", False),
        ("[N, 3, 16, 12]", True),
        ("[N, 3, H, W]", True),
        ("[N, 3, W, H]", False),
        ("[N, 3, H // 2 * 2, W]", True),
        ("[N, 3, 16]", False),
        ("[2, 3, 16, 12]", False),
    ],
)
def test_a_row_asserts_what_it_reads(shape: str, holds: bool) -> None:
    found = errors(f"layers: [{{relu: {{input: {shape}}}}}]", IMAGE)
    assert found == ([] if holds else [("shape-assertion", shape)])


@pytest.mark.parametrize(
    ("shape", "holds"),
    [("8x6x5", True), ("[N, 5, H // 2, W // 2]", True), ("[N, $width, 8, 6]", True), ("8x6x4", False)],
)
def test_a_row_asserts_what_it_gives(shape: str, holds: bool) -> None:
    rows = f"params: {{width: 5}}\nlayers: [{{conv: {{kernel: 2, stride: 2, channels: $width, output: {shape}}}}}]"
    assert errors(rows, IMAGE) == ([] if holds else [("shape-assertion", shape)])


def test_a_repeat_asserts_the_input_of_its_first_turn_and_the_output_of_its_last() -> None:
    rows = "layers: [{max_pool: {id: p, kernel: 2, repeat: 2, input: %s, output: %s}}]"
    assert errors(rows % ("16x12x3", "4x3x3"), IMAGE) == []
    for wrong in (("8x6x3", "4x3x3"), ("16x12x3", "8x6x3")):
        assert errors(rows % wrong, IMAGE) == [("shape-assertion", "8x6x3")]
    spliced = "layers: [{max_pool: {kernel: 2, repeat: 2, input: 16x12x3, output: 4x3x3}}]"
    assert errors(spliced, IMAGE) == []


def test_several_inputs_are_asserted_as_a_list() -> None:
    rows = "layers: [{max_pool: {id: p, kernel: 2}}, {relu: {id: r}}, {concat: {from: [p, r], input: %s}}]"
    assert errors(rows % "[8x6x3, [N, 3, 8, 6]]", IMAGE) == []
    assert errors(rows % "[8x6x3, 8x6x4]", IMAGE) == [("shape-assertion", "[8x6x3, 8x6x4]")]
    assert errors(rows % "8x6x3", IMAGE)[0][0] == "shape-assertion"


def test_blocks_joins_and_sequences_assert_too() -> None:
    rows = """
        blocks: {b: {in: [N, C, S, T], layers: [{conv: {channels: 4, kernel: 1, output: [N, C + 1, S, T]}}]}}
        layers:
          - b: {input: 16x12x3, output: 16x12x4}
          - concat: {branches: [[], [relu]], input: 16x12x4, output: 16x12x8}
          - sequence: {layers: [relu], input: 16x12x8, output: 16x12x8}
    """
    assert errors(rows, IMAGE) == []
    for right, wrong in (
        ("input: 16x12x3", "input: 16x12x2"),
        ("output: 16x12x4}", "output: 16x12x5}"),
        ("input: 16x12x4", "input: 16x12x5"),
        ("layers: [relu], input: 16x12x8", "layers: [relu], input: 16x12x9"),
    ):
        assert {name for name, _ in errors(rows.replace(right, wrong), IMAGE)} == {"shape-assertion"}


def test_after_a_wrong_row_the_next_go_on_with_what_it_says() -> None:
    rows = """
        layers:
          - relu: {input: 16x12x4}
          - relu: {input: 16x12x4}
          - relu: {output: 16x12x5}
          - relu: {input: 16x12x5}
    """
    assert errors(rows, IMAGE) == [("shape-assertion", "16x12x4"), ("shape-assertion", "16x12x5")]


def test_expect_holds_counts_and_the_shapes_of_outputs() -> None:
    rows = """
        params: {classes: 5}
        layers:
          - conv: {kernel: 1, channels: 2, bias: false}
          - global_avg_pool
          - flatten
          - linear: {id: logits, features: $classes}
        heads: {aux: {linear: {from: 2, features: 1, bias: false, when: training}}}
        outputs: {logits: logits, aux: aux}
        expect: {parameters: 23, macs: 1162, outputs: {logits: [N, $classes], aux: [N, 1]}}
    """
    assert errors(rows, IMAGE) == []
    assert errors(rows.replace("23", "21"), IMAGE) == [("unmet-contract", "21")]
    assert errors(rows.replace("1162", "7"), IMAGE) == [("unmet-contract", "7")]
    assert errors(rows.replace("[N, 1]", "[N, 2]"), IMAGE) == [("unmet-contract", "[N, 2]")]
    assert errors(rows.replace("aux: [", "oux: ["), IMAGE) == [("unknown-node", "oux")]


def test_expect_is_about_the_default_parameters() -> None:
    rows = "params: {n: 2}\nlayers: [{linear: {features: $n, bias: false}}]\nexpect: {parameters: 8}"
    assert errors(rows, "{x: [N, 4]}") == []
    assert errors(rows, "{x: [N, 4]}", n=3) == []
    assert errors(rows, "{x: [N, 5]}") == [("unmet-contract", "8")]


def test_assertions_leave_no_trace_in_the_graph() -> None:
    load("layers: [{relu: {input: 16x12x3, output: 16x12x3}}]", IMAGE)
