from __future__ import annotations

import pytest

from archspec.compiler import load_spec
from archspec.ir.graph import Graph
from archspec.render.figure.labels import Label, box_label, frame_label
from archspec.render.figure.markup import LONGEST, shown
from archspec.render.figure.view import figure
from archspec.source.diagnostic import Diagnostics
from tests.specs import load, spec


def labels(graph: Graph, depth: int = 1) -> list[Label]:
    return [box_label(graph, box) for box in figure(graph, depth).root.boxes()]


def texts(graph: Graph, depth: int = 1) -> list[str]:
    """What boxes say, lines behind each other."""
    return [" | ".join(line.text for line in label.lines) for label in labels(graph, depth)]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("conv: {kernel: 3, stride: 2, channels: 32}", "3x3 conv V | stride 2, 32"),
        ("conv: {kernel: 3, padding: same, channels: 32}", "3x3 conv, 32"),
        ("conv: {kernel: 3, padding: 1, stride: 2, channels: 32}", "3x3 conv | stride 2, 32"),
        ("conv: {kernel: 3, padding: 2, channels: 32}", "3x3 conv | pad 2, 32"),
        ("conv: {kernel: 1x7, padding: same, channels: 128}", "1x7 conv, 128"),
        ("conv: {kernel: 3x5, padding: [1, 2], channels: 32}", "3x5 conv, 32"),
        ("conv: {kernel: 3x5, padding: [0, 1], stride: 1x2, channels: 32}", "3x5 conv | stride 1x2 | pad 0x1, 32"),
        ("conv: {kernel: 1, stride: 2, channels: 8}", "1x1 conv | stride 2, 8"),
        ("conv: {kernel: 3, channels: 8, dilation: 2, padding: 2}", "3x3 conv | dilation 2, 8"),
        ("conv: {kernel: 3, channels: 8, dilation: 2, padding: 1}", "3x3 conv | pad 1, dilation 2 | 8"),
        ("conv: {kernel: 3, channels: 8, groups: 2}", "3x3 conv V | 2 groups, 8"),
        ("conv: {kernel: 3, channels: 8, groups: 4, padding: same}", "3x3 depthwise conv | 8"),
        ("conv_transpose: {kernel: 2, stride: 2, channels: 8}", "2x2 conv transpose | stride 2, 8"),
        ("lp_pool: 2", "2x2 lp pool V"),
        ("interpolate: 1.5", "interpolate 1.5"),
        ("interpolate: {scale: 2, mode: linear}", "interpolate 2 | linear"),
        ("pad: {begin: 1, mode: reflect}", "pad, reflect"),
        ("max_pool: {kernel: 3, stride: 2}", "3x3 max pool V | stride 2"),
        ("max_pool: 2", "2x2 max pool V"),
        ("avg_pool: {kernel: 3, stride: 1, padding: same}", "3x3 avg pool"),
        ("adaptive_avg_pool: 2x1", "adaptive avg pool 2x1"),
        ("global_avg_pool", "global avg pool"),
        ("linear: 10", "linear, 10"),
        ("dropout: 0.2", "dropout 0.2"),
        ("dropout: $(0.2 * 6 / 16)", "dropout 0.075"),
        ("dropout", "dropout"),
        ("scale: 0.17", "scale 0.17"),
        ("permute: [0, 2, 3, 1]", "permute 0 2 3 1"),
        ("softmax: 1", "softmax"),
        ("flatten: {start: 2}", "flatten"),
    ],
)
def test_ops_are_told_as_papers_tell_them(row: str, expected: str) -> None:
    assert texts(load(f"layers:\n  - {row}\n")) == [expected]


@pytest.mark.parametrize(
    ("inputs", "row", "expected"),
    [
        ("{x: [N, 1, 100]}", "conv: {kernel: 5, stride: 2, channels: 8}", "5-wide conv V | stride 2, 8"),
        ("{x: [N, 1, 100]}", "max_pool: 2", "2-wide max pool V"),
        ("{x: [N, 1, 9, 9, 9]}", "conv: {kernel: 3, padding: 1, channels: 8}", "3x3x3 conv, 8"),
        ("{x: [N, 1, 9, 9, 9]}", "max_pool: {kernel: [1, 2, 2]}", "1x2x2 max pool V"),
    ],
)
def test_kernels_have_a_side_for_each_axis_of_space(inputs: str, row: str, expected: str) -> None:
    assert texts(load(f"layers:\n  - {row}\n", inputs)) == [expected]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("multi_head_attention: 4", "multi head attention 4"),
        ("multi_head_attention: {heads: 4, causal: true}", "multi head attention 4 | causal"),
        ("multi_head_attention: {heads: 4, causal: false}", "multi head attention 4"),
        ("lstm: {features: 8, bidirectional: true}", "lstm | bidirectional, 8"),
    ],
)
def test_what_makes_an_op_another_of_its_kind_is_told(row: str, expected: str) -> None:
    assert texts(load(f"layers:\n  - {row}\n", "{x: [N, T=5, 8]}"))[0] == expected


def test_what_stands_after_a_convolution_as_a_matter_of_course_is_not_said() -> None:
    rows = "layers: [{conv: {kernel: 1, channels: 4}}, batch_norm, relu, {conv: {kernel: 1, channels: 4}}, elu]"
    assert texts(load(rows)) == ["1x1 conv, 4", "1x1 conv, 4, elu"]


def test_joins_are_signs_or_bars() -> None:
    graph = load("""
layers:
  - relu: {id: a}
  - add: {id: b, from: [a, x]}
  - multiply: {id: c, from: [a, b]}
  - concat: {id: d, from: [a, b, c]}
""")
    said = [(label.lines[0].text, label.shape) for label in labels(graph)]
    assert said == [("relu", "box"), ("+", "sign"), ("×", "sign"), ("concat", "bar")]


TITLED = """
blocks:
  wide:
    title: "Inception-A, figure 4"
    params: {channels: 4, kernel: 1}
    layers:
      - conv: {id: up, kernel: $kernel, channels: $channels, padding: same}
      - conv: {id: down, kernel: 1, channels: 4}
  plain: {layers: [{sigmoid: {id: a}}, {tanh: {id: b}}]}
"""


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("wide: {id: w}", "Inception-A | figure 4"),
        ("plain: {id: w}", "plain"),
        ("sequence: {id: w, layers: [sigmoid, tanh]}", "w"),
        ("wide: {id: w, repeat: 10}", "Inception-A × 10 | figure 4"),
        ("plain: {repeat: 3}", "plain × 3"),
        ("sequence: {id: w, repeat: 3, layers: [sigmoid, tanh]}", "w × 3"),
        ("wide: {id: w, each: {channels: [32, 64, 64]}}", "Inception-A × 3 | figure 4 | up: 32, 64, 64"),
        (
            "wide: {id: w, each: {channels: [8, 16], kernel: [1, 3]}}",
            "Inception-A × 2 | figure 4 | up: 8, 16 | up kernel: 1, 3",
        ),
        ("conv: {id: w, kernel: 3, padding: same, channels: 4, repeat: 6}", "3x3 conv, 4 | × 6"),
    ],
)
def test_blocks_and_repeats_are_told_by_name_and_by_what_differs(row: str, expected: str) -> None:
    assert texts(load(f"{TITLED}layers: [{{{row}}}]")) == [expected]


def test_an_open_repeat_tells_the_numbers_of_all_turns() -> None:
    graph = load(TITLED + "layers: [{wide: {id: w, each: {channels: [8, 16]}}}]")
    drawn = figure(graph, 2)
    assert texts(graph, 2) == ["1x1 conv, 8/16", "1x1 conv, 4"]
    (_, frame) = drawn.root.frames()
    assert [line.text for line in frame_label(frame).lines] == ["Inception-A × 2", "figure 4"]


def test_many_values_are_cut_short() -> None:
    channels = ", ".join(map(str, range(1, 21)))
    (said,) = texts(load(f"{TITLED}layers: [{{wide: {{id: w, each: {{channels: [{channels}]}}}}}}]"))
    assert said.endswith("up: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, ...")


def test_many_differences_are_cut_short() -> None:
    names = [f"c{number}" for number in range(8)]
    rows = ", ".join(f"{{conv: {{id: {name}, kernel: 1, channels: ${name}}}}}" for name in names)
    params = ", ".join(f"{name}: 4" for name in names)
    each = ", ".join(f"{name}: [{place + 1}, {place + 9}]" for place, name in enumerate(names))
    block = f"blocks: {{b: {{params: {{{params}}}, layers: [{rows}]}}}}\n"
    (label,) = labels(load(f"{block}layers: [{{b: {{id: w, each: {{{each}}}}}}}]"))
    assert [line.text for line in label.lines][-2:] == ["c4: 5, 13", "and 3 more differ"]


@pytest.mark.parametrize(
    ("row", "expected"),
    [("bogus", "?"), ("conv: {kernal: 3, channels: 4}", "?"), ("conv: {kernel: 3, channels: $(missing)}", "?")],
)
def test_what_an_error_made_unknowable_is_a_question(row: str, expected: str) -> None:
    graph = load_spec(spec(f"layers:\n  - {row}\n  - relu\n"), Diagnostics())
    assert graph is not None
    assert texts(graph) == [expected, "relu"]


def test_of_an_op_whose_numbers_wait_for_what_it_reads_the_name_is_said() -> None:
    rows = "blocks: {b: {in: [N, C, H, W], layers: [{conv: {id: c, kernel: 1, channels: $C}}, {tanh: {id: t}}]}}\n"
    graph = load_spec(spec(rows + "layers: [bogus, {b: {id: b}}]"), Diagnostics())
    assert graph is not None
    assert texts(graph) == ["?", "conv, tanh"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\nb\tc", r"a\nb\tc"),
        ("\x1b[31m", r"\x1b[31m"),
        ("\u202eabc", r"\u202eabc"),
        ("", " "),
        ("x" * 500, "x" * (LONGEST - 3) + "..."),
    ],
    ids=["lines", "control", "direction", "nothing", "long"],
)
def test_text_is_one_line_that_shows_what_cannot_be_seen(text: str, expected: str) -> None:
    assert shown(text) == expected


def test_a_convolution_without_an_activation_is_called_linear_where_most_have_one() -> None:
    rows = "layers: [{conv: {id: a, kernel: 1, channels: 4}}, relu, {conv: {id: b, kernel: 1, channels: 4}}, tanh"
    graph = load(f"{rows}, {{conv: {{id: c, kernel: 1, channels: 4}}}}, {{dropout: 0.5}}]")
    assert [box_label(graph, box).heading for box in figure(graph, 1).root.boxes()][2] == "1x1 conv, 4, linear"


def test_where_most_convolutions_have_no_activation_none_is_called_linear() -> None:
    graph = load("layers: [relu, {conv: {kernel: 1, channels: 4}}, {dropout: 0.5}, {conv: {kernel: 1, channels: 4}}]")
    assert "linear" not in " ".join(box_label(graph, box).heading for box in figure(graph, 1).root.boxes())


def test_a_pool_that_rounds_up_is_padded_at_its_end() -> None:
    graph = load("layers: [{max_pool: {kernel: 3, stride: 2, ceil_mode: true}}, {max_pool: {kernel: 2, stride: 2}}]")
    labels = [box_label(graph, box).heading for box in figure(graph, 1).root.boxes()]
    assert labels == ["3x3 max pool, stride 2", "2x2 max pool V, stride 2"]
