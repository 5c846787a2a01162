"""The narrowest cuts, held to brute force and to what is known of the published networks."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archspec.analysis.cuts import UnknownSizeError, capacity, elements, passages
from archspec.compiler import load_graph
from archspec.ir.graph import Graph, Value
from tests.doc_blocks import ROOT
from tests.graphs import Sketch
from tests.specs import load


@cache
def graph_of(name: str) -> Graph:
    return load_graph(ROOT / f"specs/{name}.yaml")


@pytest.mark.parametrize(
    ("name", "narrowest", "final", "inside"),
    [
        ("googlenet", 28_224, 50_176, "inception5a"),
        ("inception_v1", 28_224, 50_176, "inception5a"),
        ("inception_v2", 81_920, 131_072, "reduction6"),
        ("inception_v3", 81_920, 131_072, "Mixed_7a"),
        ("inception_v4", 81_920, 98_304, "features.19"),
        ("inception_resnet_v1", 114_688, 114_688, "mixed_7a"),
        ("inception_resnet_v2", 98_304, 98_304, "conv2d_7b"),
        ("inception_resnet_v2_paper", 137_216, 137_216, "mixed_7a"),
        ("inception_v1_naive", 150_528, 242_256, "maxpool2"),
    ],
)
def test_published_networks_are_narrowest_where_their_widths_say(
    name: str, narrowest: int, final: int, inside: str
) -> None:
    found = capacity(graph_of(name))
    assert found is not None
    assert (found.narrowest.size, found.final.size) == (narrowest, final)
    assert all(value.node.startswith(inside) for value in found.narrowest.values)


def test_googlenet_is_narrowest_behind_the_reductions_of_5a() -> None:
    found = capacity(graph_of("googlenet"))
    assert found is not None
    assert [elements(graph_of("googlenet"), value) // 49 for value in found.narrowest.values] == [256, 160, 32, 128]


@pytest.mark.parametrize(
    ("name", "prefix", "ratios"),
    [
        ("googlenet", "inception", {"3a": 1.08, "4a": 0.77, "4b": 0.70, "4c": 0.67, "4e": 1.09, "5a": 0.69}),
        ("inception_v3", "Mixed_", {"5b": 1.08, "5c": 0.94, "5d": 0.83, "6b": 0.83, "6c": 0.92, "6e": 1.0, "7b": 1.0}),
        ("inception_v3", "Mixed_", {"7c": 0.625}),
        ("inception_v4", "features.", {"4": 0.80, "6": 0.83, "11": 0.88, "19": 0.83}),
        ("inception_resnet_v2", "repeat.", {"0": 1.0, "9": 1.0}),
    ],
)  # fmt: skip
def test_modules_of_published_networks_let_through_what_they_are_known_to(
    name: str, prefix: str, ratios: dict[str, float]
) -> None:
    found = passages(graph_of(name))
    assert {module: round(found[prefix + module].ratio, 3 if module == "7c" else 2) for module in ratios} == ratios


@st.composite
def networks(draw: st.DrawFn) -> Graph:
    """Up to seven convolutions and concatenations of one or two inputs, of which one or two are pooled."""
    made = ["left", "right"][: draw(st.integers(1, 2))]
    sketch = Sketch(**{name: ("N", 2, 2, 2) for name in made})
    for index in range(draw(st.integers(1, 7))):
        read = draw(st.lists(st.sampled_from(made[-4:]), min_size=1, max_size=3, unique=True))
        if len(read) == 1:
            channels = draw(st.integers(1, 5))
            made.append(sketch.add(f"conv{index}", "conv", *read, channels=channels, kernel=1))
        else:
            made.append(sketch.add(f"join{index}", "concat", *read))
    finals = {made[-1], draw(st.sampled_from(made))}
    return sketch.graph(
        **{f"pool_{path}": sketch.add(f"pool_{path}", "global_avg_pool", path) for path in sorted(finals)}
    )


def separates(graph: Graph, removed: Collection[str]) -> bool:
    """Whether nothing gets from the inputs to what is pooled without the removed nodes."""
    reached: set[str] = set()
    for node in graph:
        if node.path not in removed and (node.op is None or any(value.node in reached for value in node.inputs)):
            reached.add(node.path)
    return not reached & set(graph.outputs)


@given(networks())
def test_no_other_set_of_tensors_is_a_narrower_cut(graph: Graph) -> None:
    sizes = {node.path: elements(graph, Value(node.path)) for node in graph if node.path not in graph.outputs}
    subsets = (chosen for count in range(1, 6) for chosen in combinations(sizes, count))
    least = min(sum(sizes[path] for path in chosen) for chosen in subsets if separates(graph, chosen))
    found = capacity(graph)
    assert found is not None
    assert found.narrowest.size == least


@given(networks())
def test_everything_that_is_called_a_cut_separates(graph: Graph) -> None:
    found = capacity(graph)
    assert found is not None
    for cut in (*found.tensors, *(stretch.inner for stretch in found.stretches if stretch.inner is not None)):
        assert separates(graph, {value.node for value in cut.values})
        assert cut.size == sum(elements(graph, value) for value in cut.values)


def test_a_tensor_counts_once_however_many_read_it() -> None:
    sketch = Sketch(image=("N", 8, 4, 4))
    narrow = sketch.add("narrow", "conv", "image", channels=1, kernel=1)
    branches = [sketch.add(f"branch{index}", "conv", narrow, channels=4, kernel=1) for index in range(3)]
    sketch.add("pool", "global_avg_pool", sketch.add("join", "concat", *branches))
    found = capacity(sketch.graph(out="pool"))
    assert found is not None
    assert (found.narrowest.size, found.narrowest.values) == (16, (Value("narrow"),))


def test_the_identity_of_a_residual_goes_past_whatever_is_narrow_beside_it() -> None:
    graph = load(
        """
        blocks:
          residual:
            layers:
              - add:
                  branches:
                    identity: []
                    narrow: [{conv: {kernel: 1, channels: 1}}, relu, {conv: {kernel: 1, channels: 4}}]
        layers: [{residual: {id: block}}, global_avg_pool]
        """
    )
    assert passages(graph)["block"].ratio == 1.0
    found = capacity(graph)
    assert found is not None
    assert [stretch.inner for stretch in found.stretches] == [None]


def test_nothing_gets_through_a_tensor_of_which_the_shape_alone_counts() -> None:
    sketch = Sketch(image=("N", 8, 4, 4))
    narrow = sketch.add("narrow", "conv", "image", channels=1, kernel=2, stride=2)
    large = sketch.add("large", "interpolate_like", narrow, "image")
    found = capacity(sketch.graph(out=sketch.add("classes", "conv", large, channels=2, kernel=1)))
    assert found is not None
    assert found.narrowest.values == (Value("narrow"),)


def test_all_inputs_together_are_a_cut() -> None:
    sketch = Sketch(left=("N", 1, 4, 4), right=("N", 2, 4, 4))
    sketch.add("pool", "global_avg_pool", sketch.add("join", "concat", "left", "right"))
    found = capacity(sketch.graph(out="pool"))
    assert found is not None
    assert found.narrowest.size == 48
    assert found.stretches[0].start.values == (Value("left"), Value("right"))


def test_without_a_way_from_an_input_to_an_output_there_are_no_cuts() -> None:
    graph = load("layers: [relu, {parameter: {id: p, shape: [1, 3]}}]\noutputs: {p: p}\nchecks: {dead-node: off}")
    assert capacity(graph) is None


def test_sides_without_a_nominal_size_are_named() -> None:
    graph = load("layers: [{conv: {kernel: 3, channels: 8}}, global_avg_pool]", "{x: [N, 4, H, W]}")
    with pytest.raises(UnknownSizeError, match="`H` has no nominal size"):
        capacity(graph)


def test_indices_are_no_cut() -> None:
    rows = "layers: [{embedding: {id: e, tokens: 9, features: 8}}, relu, {linear: 8}]"
    found = capacity(load(rows, "{x: {shape: [N, 4], dtype: int64}}"))
    assert found is not None
    assert [cut.values[0].node for cut in found.tensors] == ["e", "1"]


def test_a_part_of_the_batch_counts_as_a_sample() -> None:
    graph = load("layers: [{split: {id: c, parts: 2, axis: 0}}, {relu: {from: c.0}}]", "{x: [N, 4]}")
    assert elements(graph, Value("1")) == 4
