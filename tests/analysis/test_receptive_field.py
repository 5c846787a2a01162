"""Receptive fields, held to gradients and to what is known of the published networks."""

from __future__ import annotations

import pytest
import torch

from archspec.analysis.cuts import capacity
from archspec.analysis.facts import Facts
from archspec.analysis.receptive_field import Extent, Field, receptive_fields
from archspec.compiler import compile_spec, load_graph
from tests.doc_blocks import ROOT
from tests.graphs import Sketch
from tests.specs import load, spec

SIDE = 41


@pytest.mark.parametrize(
    ("name", "sees"),
    [("inception_v3", 1311), ("inception_v4", 2071), ("inception_resnet_v2", 3039), ("bn_inception", 699)],
)
def test_the_final_representation_of_published_networks_sees_what_it_is_known_to(name: str, sees: int) -> None:
    graph = load_graph(ROOT / f"specs/{name}.yaml")
    found = capacity(graph)
    assert found is not None
    (final,) = found.final.values
    assert [(field.largest.size, field.stride) for field in receptive_fields(graph)[final.node]] == [(sees, 32)] * 2


CONV = "conv: {kernel: 3, channels: 1}"


@pytest.mark.parametrize(
    "layers",
    [
        f"[{{{CONV}}}, {{conv: {{kernel: 5, channels: 1, padding: same}}}}]",
        f"[{{conv: {{kernel: 3, channels: 1, stride: 2}}}}, {{avg_pool: {{kernel: 3, stride: 2}}}}, {{{CONV}}}]",
        "[{conv: {kernel: 3, channels: 1, dilation: 2, padding: 2}}, {avg_pool: {kernel: 2}}]",
        "[{conv: {kernel: [1, 7], channels: 1, padding: same}}, {conv: {kernel: [7, 1], channels: 1}}]",
        f"[{{conv: {{kernel: [1, 3], channels: 1, stride: [1, 2]}}}}, {{{CONV}}}]",
        "[{concat: {branches: {a: [], b: [{conv: {kernel: 5, channels: 1, padding: same}}]}}}, {avg_pool: 3}]",
        f"[{{conv: {{kernel: 4, channels: 1, stride: 4}}}}, {{pad: {{begin: 1, end: 1}}}}, {{{CONV}}}, identity]",
    ],
)
def test_a_place_sees_the_pixels_that_its_gradient_reaches(layers: str) -> None:
    source = spec(f"layers: {layers}", f"{{x: [N, 1, {SIDE}, {SIDE}]}}")
    graph, module = load_graph(source), compile_spec(source).double().eval()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.fill_(1.0)
    image = torch.zeros(1, 1, SIDE, SIDE, dtype=torch.double, requires_grad=True)
    given = module(image)
    place = tuple(side // 2 for side in given.shape[2:])
    given[(0, slice(None), *place)].sum().backward()
    assert image.grad is not None
    seen = image.grad[0, 0].nonzero()
    fields = receptive_fields(graph)[graph.outputs[next(iter(graph.outputs))].value.node]
    for axis, (field, at) in enumerate(zip(fields, place, strict=True)):
        reached = seen[:, axis].min().item(), seen[:, axis].max().item()
        assert reached == (field.largest.first + at * field.stride, field.largest.last + at * field.stride)


def fields_of(sketch: Sketch, path: str) -> tuple[Field, ...]:
    return receptive_fields(sketch.graph(out=path))[path]


def test_where_branches_join_the_least_and_the_most_are_kept() -> None:
    sketch = Sketch(image=("N", 1, 9))
    narrow = sketch.add("narrow", "conv", "image", channels=1, kernel=1)
    wide = sketch.add("wide", "conv", "image", channels=1, kernel=5, padding="same")
    (field,) = fields_of(sketch, sketch.add("join", "add", narrow, wide))
    assert (field.smallest.size, field.largest.size, field.largest.centre) == (1, 5, 0.0)


def test_what_spreads_over_the_whole_sees_all_of_it() -> None:
    sketch = Sketch(image=("N", 3, 9, 7))
    conv = sketch.add("conv", "conv", "image", channels=3, kernel=3)
    pool = sketch.add("pool", "global_avg_pool", conv)
    assert [field.largest.size for field in fields_of(sketch, pool)] == [9, 7]


def test_a_crop_moves_the_field_and_sees_nothing_of_what_it_is_as_large_as() -> None:
    sketch = Sketch(image=("N", 3, 9, 8))
    wide = sketch.add("wide", "conv", "image", channels=3, kernel=7)
    sketch.add("crop", "crop_like", "image", wide)
    assert [field.largest for field in fields_of(sketch, "crop")] == [Extent(3, 3), Extent(3, 3)]


def test_where_places_are_no_longer_told_apart_there_is_no_field() -> None:
    sketch = Sketch(image=("N", 3, 4, 4))
    sketch.add("turned", "permute", "image", axes=[0, 2, 3, 1])
    sketch.add("act", "relu", "turned")
    assert receptive_fields(sketch.graph(out="act")).keys() == {"image"}


def test_where_one_place_sees_more_than_another_there_is_no_field() -> None:
    sketch = Sketch(image=("N", 3, 4, 4))
    sketch.add("larger", "conv_transpose", "image", channels=2, kernel=3, stride=2)
    sketch.add("same", "conv_transpose", "image", channels=2, kernel=3, padding="same")
    assert list(receptive_fields(sketch.graph(out="larger"))) == ["image", "same"]


def test_rows_without_space_have_no_field() -> None:
    sketch = Sketch(rows=("N", 8))
    sketch.add("out", "linear", "rows", features=2)
    assert receptive_fields(sketch.graph(out="out")) == {}


@pytest.mark.parametrize(("rest", "seen"), [("", 7), (", global_avg_pool", 7), (", flatten, {linear: 4}", 7)])
def test_a_network_sees_what_its_last_tensors_with_space_see(rest: str, seen: int) -> None:
    graph = load(f"layers: [{{conv: {{kernel: 5, channels: 4}}}}, relu, {{conv: {{kernel: 3, channels: 2}}}}{rest}]")
    assert [field.largest.size for field in Facts(graph).receptive_field] == [seen, seen]
