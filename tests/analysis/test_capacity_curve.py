"""The capacity curve and grid changes, held to the ratios of the published networks."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from archspec.analysis.capacity_curve import capacity_curve, grid_changes
from archspec.analysis.cuts import Capacity, capacity
from archspec.analysis.receptive_field import receptive_fields
from archspec.compiler import load_graph
from archspec.ir.graph import Graph
from tests.doc_blocks import ROOT
from tests.graphs import Sketch

SPECS = sorted(ROOT.glob("specs/*.yaml"))


def capacity_of(graph: Graph) -> Capacity:
    found = capacity(graph)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("googlenet", {"maxpool1": 0.250, "maxpool2": 0.250, "maxpool3": 0.250, "maxpool4": 0.250}),
        ("inception_v2", {"pool1": 0.247, "conv5.conv": 0.583, "reduction5": 0.629, "reduction6": 0.369}),
        ("inception_v3", {"maxpool1": 0.247, "maxpool2": 0.243, "Mixed_6a": 0.629, "Mixed_7a": 0.369}),
        ("inception_v4", {"features.3": 0.617, "features.5": 0.486, "features.10": 0.629, "features.18": 0.332}),
        ("inception_resnet_v1", {"mixed_6a": 0.826, "mixed_7a": 0.443}),
        ("inception_resnet_v2", {"maxpool_3a": 0.247, "maxpool_5a": 0.243, "mixed_6a": 0.802, "mixed_7a": 0.423}),
    ],
)
def test_grid_changes_of_published_networks_keep_what_they_are_known_to(name: str, kept: dict[str, float]) -> None:
    graph = load_graph(ROOT / f"specs/{name}.yaml")
    found = grid_changes(graph, capacity_of(graph), receptive_fields(graph))
    ratios = {change.path: round(change.ratio, 3) for change in found}
    assert {path: ratios[path] for path in kept} == kept
    assert [change.stride for change in found] == [2, 4, 8, 16, 32]


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_the_curve_has_no_gap_and_its_least_is_the_narrowest_cut(path: Path) -> None:
    graph = load_graph(path)
    found = capacity_of(graph)
    curve = capacity_curve(found)
    assert curve[0].start == 0
    assert all(after.start == before.end + 1 for before, after in pairwise(curve))
    indices = {name for name, given in graph.inputs.items() if not given.type.is_floating}  # these have other units
    counted = [segment.cut for segment in curve if segment.cut.values[0].node not in indices]
    assert min(cut.size for cut in counted) == found.narrowest.size
    assert curve[-1].cut == found.final


def test_beside_an_identity_the_narrower_end_counts() -> None:
    sketch = Sketch(image=("N", 4, 4, 4))
    sketch.add("inner", "conv", "image", channels=4, kernel=1)
    sketch.add("join", "concat", "image", "inner")
    sketch.add("pool", "global_avg_pool", "join")
    curve = capacity_curve(capacity_of(sketch.graph(out="pool")))
    assert [(segment.start, segment.end, segment.cut.size) for segment in curve] == [
        (0, 0, 64),
        (1, 1, 64),
        (2, 2, 128),
    ]


def test_where_nothing_runs_between_the_curve_is_the_inputs() -> None:
    sketch = Sketch(left=("N", 1, 4, 4), right=("N", 2, 4, 4))
    sketch.add("left_pool", "global_avg_pool", "left")
    sketch.add("right_pool", "global_avg_pool", "right")
    found = capacity_of(sketch.graph(left="left_pool", right="right_pool"))
    assert [segment.cut.size for segment in capacity_curve(found)] == [48]


def test_a_grid_that_is_only_cut_at_its_border_does_not_change() -> None:
    sketch = Sketch(image=("N", 3, 9, 9))
    valid = sketch.add("valid", "conv", "image", channels=3, kernel=3)
    strided = sketch.add("strided", "conv", valid, channels=3, kernel=3, stride=2)
    graph = sketch.graph(out=sketch.add("pool", "global_avg_pool", strided))
    assert [change.path for change in grid_changes(graph, capacity_of(graph), receptive_fields(graph))] == ["strided"]


def test_a_change_between_branches_of_the_network_itself_goes_by_what_joins_them() -> None:
    sketch = Sketch(image=("N", 3, 9, 9))
    conv = sketch.add("conv", "conv", "image", channels=3, kernel=3, stride=2)
    pool = sketch.add("pool", "max_pool", "image", kernel=3, stride=2)
    graph = sketch.graph(out=sketch.add("flat", "global_avg_pool", sketch.add("join", "concat", conv, pool)))
    assert [change.path for change in grid_changes(graph, capacity_of(graph), receptive_fields(graph))] == ["join"]
