"""What stands side by side before a `concat`, and where the multiply-accumulates are spent."""

from __future__ import annotations

import pytest

from archspec.analysis.facts import Facts
from archspec.compiler import load_graph
from tests.specs import spec

SIDE_BY_SIDE = """
        layers:
          - relu: {id: start, from: x}
          - concat:
              id: join
              branches:
                a: [{conv: {id: c, kernel: 1, channels: 8}}, relu]
                b: [%s]
        outputs: {join: join%s}
        checks: {dead-node: off}
"""


@pytest.mark.parametrize(
    ("row", "output", "sources", "nodes"),
    [
        ("tanh", "", ["start", "start"], ["join.b.0"]),
        ("", "", ["start", "start"], []),
        ("sigmoid, tanh", "", ["start", "start"], ["join.b.0", "join.b.1"]),
        ("{sigmoid: {id: s}}, tanh", ", s: join.b.s", ["start", "join.b.s"], ["join.b.1"]),
        ("{tanh: {from: y}}", "", ["x", "y"], ["join.b.0"]),
    ],
    ids=["one node", "the source itself", "two in a row", "read elsewhere", "another source"],
)
def test_a_branch_goes_back_to_what_others_read_too(
    row: str, output: str, sources: list[str], nodes: list[str]
) -> None:
    graph = load_graph(spec(SIDE_BY_SIDE % (row, output), "{x: [N, 4, 8, 8], y: [N, 4, 8, 8]}"))
    (join,) = Facts(graph).joins
    assert [branch.source.node for branch in join.branches] == sources
    assert join.branches[1].nodes == tuple(nodes)
    assert [branch.channels for branch in join.branches] == [8, 4]
    assert (join.source is not None) == (len(set(sources)) == 1)


def test_a_concat_of_places_is_no_join_of_channels() -> None:
    graph = load_graph(spec("layers: [{concat: {axis: 2, branches: [[relu], [tanh]]}}]"))
    assert not Facts(graph).joins


ROWS = """
        layers:
          - conv: {id: a, kernel: 1, channels: 4}
          - conv: {id: b, kernel: 2, stride: 2, channels: 4}
          - conv: {id: c, kernel: 1, channels: 8}
          - global_avg_pool: {keep: false}
          - linear: {id: d, features: 16}
        checks: {activation-missing: off}
"""


def test_macs_are_shared_out_by_grid_and_known_before_each_node() -> None:
    facts = Facts(load_graph(spec(ROWS)))
    total = 1024 + 1024 + 512 + 128
    assert [(stage.grid, stage.first, stage.macs, stage.share) for stage in facts.stages] == [
        ((8, 8), "a", 1024, 1024 / total),
        ((4, 4), "b", 1536, 1536 / total),
    ]
    assert facts.spent_before["c"] == 2048 / total
    assert facts.spent_before["d"] == 2560 / total


def test_where_sides_are_symbols_nothing_is_shared_out() -> None:
    facts = Facts(load_graph(spec(ROWS, "{x: [N, 4, H, W]}")))
    assert (facts.stages, facts.spent_before) == ((), {})


def test_products_of_matrices_have_no_grid() -> None:
    rows = "layers: [{matmul: {from: [x, y]}}]"
    assert Facts(load_graph(spec(rows, "{x: [N, 2, 8, 4], y: [N, 2, 4, 8]}"))).stages == ()
