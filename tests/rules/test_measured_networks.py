"""Rules over measured facts: what they say of the published networks, and of graphs of other kinds."""

from __future__ import annotations

from functools import cache

import pytest

from archspec.analysis.facts import Facts
from archspec.compiler import load_graph
from archspec.ir.graph import Graph
from tests.doc_blocks import ROOT
from tests.rules.asking import asked, found

MEASURED = (
    "representational-bottleneck",
    "expensive-reduction",
    "pooling-only-reduction",
    "missing-reduction",
    "large-kernel",
    "factorise-asymmetric",
    "concat-imbalance",
    "width-drops-as-grid-shrinks",
    "stage-imbalance",
    "unproductive-layer",
)


@cache
def published(name: str) -> Graph:
    return load_graph(ROOT / f"specs/{name}.yaml")


# The published networks: Szegedy et al. 2014, 2015 and 2016.


@pytest.mark.parametrize(
    ("name", "scope", "ratio"),
    [
        ("inception_v1", "inception4a", 0.767),
        ("inception_v1", "inception4c", 0.672),
        ("inception_v1", "inception5b", 0.904),
        ("inception_v3", "Mixed_5d", 0.833),
        ("inception_v3", "Mixed_7c", 0.625),
        ("inception_v4", "features.4", 0.8),
        ("inception_v4", "features.11", 0.875),
    ],
)
def test_published_modules_are_as_narrow_as_they_are(name: str, scope: str, ratio: float) -> None:
    assert round(Facts(published(name)).trunk[scope].ratio, 3) == ratio


@pytest.mark.parametrize(
    ("name", "ratios"),
    [
        ("inception_v1", [5.333, 0.25, 0.25, 0.25, 0.25]),
        ("inception_v2", [2.649, 0.247, 0.583, 0.629, 0.369]),
        ("inception_v3", [2.649, 0.247, 0.243, 0.629, 0.369]),
        ("inception_v4", [2.649, 0.617, 0.486, 0.629, 0.332]),
        ("inception_resnet_v1", [2.649, 0.247, 0.324, 0.826, 0.443]),
        ("inception_resnet_v2", [2.649, 0.247, 0.243, 0.802, 0.423]),
    ],
)
def test_published_grid_changes_keep_what_they_keep(name: str, ratios: list[float]) -> None:
    assert [round(change.ratio, 3) for change in Facts(published(name)).grid_changes] == ratios


SAID = {
    "bn_inception": ["expensive-reduction"],
    "bn_inception_tf": ["expensive-reduction"],
    "googlenet": ["expensive-reduction", "pooling-only-reduction"],
    "inception_resnet_v1": [],
    "inception_resnet_v1_face": [],
    "inception_resnet_v2": ["large-kernel"],
    "inception_resnet_v2_paper": [],
    "inception_v1": ["expensive-reduction", "pooling-only-reduction", "large-kernel", "factorise-asymmetric"],
    "inception_v1_naive": [
        "pooling-only-reduction", "missing-reduction", "large-kernel", "factorise-asymmetric", "stage-imbalance"
    ],
    "inception_v2": [],
    "inception_v3": ["expensive-reduction", "large-kernel"],
    "inception_v3_fid": ["expensive-reduction", "large-kernel"],
    "inception_v4": [],
}  # fmt: skip


@pytest.mark.parametrize("name", SAID)
def test_cuts_of_the_whole_tell_what_gets_through_its_parts(name: str) -> None:
    facts = Facts(published(name))
    assert facts.trunk
    assert {path: passage.ratio for path, passage in facts.trunk.items()} == {
        path: facts.passages[path].ratio for path in facts.trunk
    }


@pytest.mark.parametrize("name", SAID)
def test_what_is_said_of_published_networks_is_said_in_their_papers(name: str) -> None:
    assert [rule for rule in MEASURED for _ in asked(published(name), rule)] == SAID[name]


def test_the_naive_modules_miss_their_reductions() -> None:
    (finding,) = asked(published("inception_v1_naive"), "missing-reduction")
    assert finding.message.startswith(
        "the 5x5 of `inception4e.branch3.0.conv` reads all 2,640 channels of its module, for 1,655,808,000 MACs"
    )
    (note,) = finding.notes
    assert note.endswith("and 13 others")


# Graphs of which little is known.


@pytest.mark.parametrize(
    ("layers", "inputs"),
    [
        ("{linear: 8}, relu, {linear: 2}, relu, {linear: 8}", "{x: [N, 16]}"),
        ("{embedding: {tokens: 100, features: 16}}, {linear: 2}, {linear: 16}", "{x: {shape: [N, T], dtype: int64}}"),
        ("{conv: {kernel: 3, channels: 64}}, {max_pool: 5}, {conv: {kernel: 5, channels: 64}}", "{x: [N, 3, H, W]}"),
        ("{concat: {from: [x, y]}}, {conv: {kernel: 3, channels: 8}}", "{x: [N, 3, 8, 8], y: [N, 5, 8, 8]}"),
        ("{conv: {kernel: 5, channels: 4}}, relu, {max_pool: 4}", "{x: [N, 2, 64]}"),
        ("{conv: {kernel: 5, channels: 4}}, relu, {max_pool: 4}", "{x: [N, 2, 16, 16, 16]}"),
        ("relu", "{x: [N]}"),
    ],
    ids=["without space", "words", "symbols", "several inputs", "a sequence", "a volume", "a number"],
)
@pytest.mark.parametrize("rule", MEASURED)
def test_graphs_of_other_kinds_are_judged_without_a_word(rule: str, layers: str, inputs: str) -> None:
    assert not found(rule, layers, inputs)
