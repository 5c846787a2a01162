"""Where tensors come into frames: at one point each, from which branches part in the order of the spec."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from archspec.compiler import load_graph
from archspec.render.engines import draw
from archspec.render.figure.dot import dot
from archspec.render.figure.entries import entries
from archspec.render.figure.style import Style
from archspec.render.figure.view import figure
from tests.doc_blocks import ROOT
from tests.specs import spec

BLOCK = """
blocks:
  module:
    layers:
      - concat:
          branches:
            a: {conv: {kernel: 1, channels: 4}}
            b: [{conv: {kernel: 1, channels: 4}}, {conv: {kernel: 3, channels: 4, padding: same}}]
            c: {conv: {kernel: 1, channels: 4}}
"""


def test_branches_part_at_one_point_of_their_frame() -> None:
    drawn = figure(load_graph(spec(f"{BLOCK}layers: [relu, {{module: {{id: m}}}}]")), 2)
    (entry,) = entries(drawn)
    assert (entry.frame, entry.way.source) == ("m", "0")
    assert [arrow.target for arrow in entry.further] == ["m.a", "m.b.0", "m.c"]


def test_the_point_is_in_the_innermost_frame_that_has_all_branches() -> None:
    outer = f"{BLOCK}  outer: {{layers: [{{module: {{id: m}}}}, relu]}}\n"
    drawn = figure(load_graph(spec(f"{outer}layers: [relu, {{outer: {{id: o}}}}]")), 3)
    assert [entry.frame for entry in entries(drawn)] == ["o.m"]


def test_a_single_arrow_into_a_frame_needs_no_point() -> None:
    block = "blocks: {b: {layers: [relu, tanh]}}\n"
    assert entries(figure(load_graph(spec(f"{block}layers: [relu, {{b: {{id: b}}}}]")), 2)) == []


def test_the_shape_stands_at_the_arrow_to_the_point_and_not_again_behind_it() -> None:
    drawn = figure(load_graph(spec(f"{BLOCK}layers: [{{conv: {{kernel: 1, channels: 7}}}}, {{module: {{id: m}}}}]")), 2)
    (entry,) = entries(drawn)
    assert entry.way.is_labelled
    arrows = [line for line in dot([(drawn, Style())]).text.splitlines() if " -> " in line]
    assert [line.count("x7<") for line in arrows if "x7<" in line] == [1]


@pytest.mark.parametrize("name", ["inception_v1", "inception_v3", "inception_v4"])
def test_branches_stand_in_the_order_of_the_spec(name: str) -> None:
    drawn = figure(load_graph(ROOT / f"specs/{name}.yaml"), 2)
    laid_out = json.loads(draw(dot([(drawn, Style())]).text, "json").data)
    across = {thing["id"]: float(thing["pos"].split(",")[0]) for thing in laid_out["objects"] if "pos" in thing}
    for entry in entries(drawn):
        places = [across[arrow.target] for arrow in entry.further]
        assert all(left < right for left, right in pairwise(places)), entry.frame
