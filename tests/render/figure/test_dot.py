from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from archspec.analysis.facts import Facts
from archspec.compiler import load_spec
from archspec.ir.graph import Value
from archspec.render.figure.boxes import box_attributes, heat_values, shape_text
from archspec.render.figure.dot import DENSE, Dot, dot
from archspec.render.figure.heat import HEATS
from archspec.render.figure.style import Mark, Style
from archspec.render.figure.view import ALL, figure
from archspec.source.diagnostic import Diagnostics
from tests.render.figure.networks import library
from tests.specs import load, spec

NETWORK = """
title: Small
blocks:
  module:
    title: "Module, figure 5"
    params: {width: 4}
    layers:
      - concat:
          branches:
            one: [{conv: {id: c, kernel: 1, channels: $width}}, relu]
            three: [{conv: {id: c, kernel: 3, channels: 2, padding: same}}, relu]
            pool: [{max_pool: {kernel: 3, stride: 1, padding: same}}]
layers:
  - conv: {id: stem, kernel: 3, stride: 2, channels: 8}
  - module: {id: mixed, each: {width: [4, 8]}}
  - add: {id: twice, from: [mixed, mixed]}
heads: {aux: {sequence: {from: mixed, when: training, layers: [flatten, {linear: {id: l, features: 3}}]}}}
outputs: {features: twice, aux: aux}
"""
ERROR = Mark("error", "error[x]: wrong")


def drawn(depth: int | None = None, rows: str = NETWORK, unfold: bool = False, **style: Any) -> Dot:
    return dot([(figure(load(rows, "{x: [N, 3, 9, 9]}"), depth, unfold), replace(Style(), **style))])


def attribute(text: str, name: str) -> set[str]:
    """The values of an attribute."""
    return {quoted or plain for quoted, plain in re.findall(rf'\b{name}=(?:"([^"]*)"|([\w.]+))', text)}


def words(text: str) -> list[str]:
    """The texts of the labels, in order."""
    return re.findall(r">([^<>]+)</FONT>", text)


@pytest.mark.parametrize(
    ("name", "depth", "unfold", "style"),
    [
        ("folded", 1, False, {}),
        ("open", 2, False, {}),
        ("everything", ALL, False, {"has_title": False, "has_legend": False, "shapes": "none"}),
        ("marked", 1, False, {"marks": {"mixed.1.three.c": (ERROR,)}, "direction": "right", "shapes": "chw"}),
    ],
)
def test_figures_are_pinned(
    name: str, depth: int, unfold: bool, style: dict[str, Any], golden: Callable[[str, str], None]
) -> None:
    golden(f"figures/{name}.dot", drawn(depth, unfold=unfold, **style).text)


def test_colors_by_cost_are_pinned(golden: Callable[[str, str], None]) -> None:
    graph = load(NETWORK, "{x: [N, 3, 9, 9]}")
    heat = HEATS["macs"](Facts(graph))
    golden("figures/heat.dot", dot([(figure(graph, 2), Style(heat=heat, content="full"))]).text)


def test_ids_are_paths_and_every_id_has_a_title() -> None:
    written = drawn(2)
    ids = re.findall(r'\bid=(?:"([^"]*)"|([\w.]+))', written.text)
    found = [quoted or plain for quoted, plain in ids if (quoted or plain) != "figure:"]
    assert sorted(found) == sorted(written.titles)
    assert {"stem", "mixed", "mixed.0.one", "twice", "aux", "input:x", "output:features", "input:x-stem"} <= set(found)


def test_what_a_block_is_called_makes_no_two_ids_one() -> None:
    rows = """
blocks: {two: {layers: [{add: {branches: {a: [relu], b: [tanh]}}}, sigmoid]}}
layers: [{gelu: {id: y}}, {two: {id: output}}]
outputs: {y: output}
"""
    text = drawn(2, rows).text
    ids = re.findall(r'^\t+n\d+ \[.*\bid=("[^"]*"|[\w.]+)', text, re.MULTILINE)
    assert len(ids) == len(set(ids)) == len(set(re.findall(r"^\t+(n\d+) \[", text, re.MULTILINE)))


def test_titles_tell_the_path_the_ops_and_the_shape() -> None:
    titles = drawn(2).titles
    assert titles["stem"] == "stem\n3x3 conv V, stride 2, 8, linear\ngives [N, 8, 4, 4]"
    assert titles["mixed"] == "mixed\nModule × 2, figure 5\none of 2 turns"
    assert titles["output:aux"] == "output aux\n[N, 3]\nin training only"
    assert titles["stem-mixed.0.one"] == "[N, 8, 4, 4]"


def test_titles_tell_whose_weights_are_shared() -> None:
    rows = "layers: [{conv: {id: a, kernel: 1, channels: 3}}, {conv: {id: b, share: a}}]"
    assert drawn(1, rows).titles["b"] == "b\n1x1 conv, 3, weights of a\ngives [N, 3, 9, 9]"


@pytest.mark.parametrize(("direction", "rank"), [("down", "TB"), ("up", "BT"), ("right", "LR"), ("left", "RL")])
def test_a_figure_goes_where_it_is_to(direction: str, rank: str) -> None:
    assert attribute(drawn(direction=direction).text, "rankdir") == {rank}


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [("hwc", ["9x9x3", "4x4x8"]), ("chw", ["3x9x9", "8x4x4"]), ("none", [])],
)
def test_shapes_are_told_as_they_are_to_be(shapes: str, expected: list[str]) -> None:
    said = words(drawn(1, shapes=shapes).text)
    assert [word for word in said if word in ("9x9x3", "4x4x8", "3x9x9", "8x4x4")][:2] == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("paper", ["3x3 conv V", "stride 2, 8", "linear"]),
        ("names", ["3x3 conv V", "stride 2, 8", "linear", "stem"]),
        ("full", ["3x3 conv V", "stride 2, 8", "linear", "stem", "4x4x8", "224 params", "3.46k MACs"]),
    ],
)
def test_boxes_say_as_much_as_they_are_to(content: str, expected: list[str]) -> None:
    graph = load(NETWORK, "{x: [N, 3, 9, 9]}")
    style = Style(content=content, costs=Facts(graph).cost.nodes)  # type: ignore[arg-type]
    (line,) = (line for line in dot([(figure(graph, 1), style)]).text.splitlines() if "id=stem " in line)
    assert words(line) == expected


def test_what_runs_in_training_alone_is_dashed_and_said_to_be() -> None:
    lines = drawn(2).text.splitlines()
    dashed = {id_ for line in lines if "dashed" in line for id_ in attribute(line, "id")}
    assert {"aux.0", "aux.l", "output:aux", "aux.0-aux.l", "aux.l-output:aux"} <= dashed
    assert not {"stem", "mixed", "output:features"} & dashed
    assert "dashed: in training mode only" in words(lines[1])


def test_the_legend_has_what_is_in_the_figure() -> None:
    head = words(drawn(2).text.splitlines()[1])
    assert head == [
        "Small",
        "convolution",
        "linear",
        "pooling",
        "join",
        "shape",
        "V: not padded",
        "dashed: in training mode only",
    ]
    assert words(drawn(1, has_legend=False, has_title=False).text)[0] == "x"


def test_a_v_in_a_title_is_no_padding() -> None:
    said = words(drawn(1, "blocks: {five: {title: Type V, layers: [relu, tanh]}}\nlayers: [five]").text)
    assert "Type V" in said
    assert "V: not padded" not in said


def test_networks_stand_side_by_side_under_ids_of_their_own() -> None:
    one = figure(load(NETWORK, "{x: [N, 3, 9, 9]}"), 1)
    written = dot([(one, Style()), (one, Style())])
    ids = attribute(written.text, "id")
    assert {"1:stem", "2:stem", "1:input:x", "2:input:x-stem"} <= ids
    assert ids - {"figure:"} == set(written.titles)
    assert written.title == "Small and Small"
    assert words(written.text).count("Small") == 2


def dense(layers: int) -> str:
    """A network in which every layer reads what all before it gave."""
    rows = []
    for layer in range(1, layers):
        read = ", ".join(["x", *(f"c{before}" for before in range(1, layer))])
        rows.append(f"  - concat: {{id: all{layer}, from: [{read}]}}\n" if layer > 1 else "")
        rows.append(f"  - conv: {{id: c{layer}, kernel: 1, channels: 4}}\n")
    return "layers:\n" + "".join(rows)


def test_where_arrows_go_far_the_layout_is_quick_and_arrows_say_nothing() -> None:
    ordinary, far = figure(library("inception_resnet_v2"), ALL), figure(load(dense(30)), 1)
    assert ordinary.reach() < DENSE < far.reach()
    written = dot([(ordinary, Style())]).text
    assert "splines=line" not in written
    assert re.search(r" -> n\w+ \[label=", written)
    written = dot([(far, Style())]).text
    assert "splines=line" in written
    assert not re.search(r" -> n\w+ \[label=", written)


def test_the_same_network_is_the_same_text() -> None:
    assert drawn(2).text == drawn(2).text


def test_all_is_described_in_words() -> None:
    written = drawn(1)
    assert written.title == "Small"
    assert written.description == (
        "A graph of 4 boxes, input x [N, 3, 9, 9]; output features [N, 24, 4, 4], aux [N, 3]. "
        "In order: 3x3 conv V, stride 2, 8, linear; Module × 2, figure 5, one: 4, 8; +; aux."
    )


def test_a_tensor_without_the_places_of_an_image_is_written_as_it_is() -> None:
    graph = load("layers: [{permute: [0, 3, 1, 2]}, {relu: {id: last}}]")
    image, shuffled = graph.inputs, Value("last")
    assert shape_text(graph, Value(next(iter(image))), Style()) == "8x8x4"
    assert shape_text(graph, shuffled, Style()) == "[8, 4, 8]"


@pytest.mark.parametrize(
    "layer", ["conv_transpose: {kernel: 2, stride: 2, channels: 4}", "interpolate: 2", "adaptive_avg_pool: 3"]
)
def test_an_image_on_another_grid_is_still_an_image(layer: str) -> None:
    graph = load(f"layers: [{{{layer}}}, {{relu: {{id: last}}}}]")
    side = graph[Value("last").node].types[0].shape[2]
    assert shape_text(graph, Value("last"), Style()) == f"{side}x{side}x4"


def test_a_box_that_stands_for_several_turns_says_what_each_costs() -> None:
    inside = "{conv: {id: c, kernel: 1, channels: $w}}, tanh, {conv: {id: d, kernel: 1, channels: 4}}"
    rows = f"blocks: {{b: {{params: {{w: int}}, layers: [{inside}]}}}}\n"
    graph = load(rows + "layers: [{b: {id: b, each: {w: [3, 6]}}}]")
    heat = HEATS["params"](Facts(graph))
    (box, *_) = figure(graph, 2).root.boxes()
    assert heat_values(box, heat) == [15, 30]
    assert "15/30" in " ".join(words(box_attributes(graph, box, Style(heat=heat, most=30))["label"]))


def test_a_description_tells_the_first_hundred_boxes() -> None:
    rows = "layers:\n" + "  - relu\n  - tanh\n" * 60
    assert dot([(figure(load(rows), 1), Style())]).description.endswith("; relu; tanh; and 20 more.")


def test_behind_a_mistake_an_image_is_still_an_image() -> None:
    branches = "[[{conv: {kernel: 3, channels: 4}}], []]"
    graph = load_spec(
        spec(f"layers: [{{concat: {{branches: {branches}}}}}, {{global_avg_pool: {{id: last}}}}]"), Diagnostics()
    )
    assert graph is not None
    assert shape_text(graph, Value("last"), Style()) == "1x1x8"
