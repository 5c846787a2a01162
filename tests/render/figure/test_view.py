from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as some

from archspec.compiler import load_graph
from archspec.ir.graph import Graph
from archspec.render.figure.parts import parts_of
from archspec.render.figure.view import ALL, READABLE, Figure, figure, with_less
from tests.render.figure.networks import EXAMPLES, LIBRARY, library, networks
from tests.specs import load, spec

DEPTHS = some.sampled_from([0, 1, 2, 3, 5, ALL])


def boxes(drawn: Figure) -> list[str]:
    return [box.id for box in drawn.root.boxes()]


def arrows(drawn: Figure) -> set[tuple[str, str]]:
    return {(arrow.source, arrow.target) for arrow in drawn.arrows}


def hold(drawn: Figure) -> None:
    """Every node is in one box, and the arrows are what the edges come to."""
    nodes = Counter(node.path for box in drawn.root.boxes() for node in box.nodes())
    assert nodes == Counter(node.path for node in drawn.root.part.nodes())
    ids = [*boxes(drawn), *(frame.id for frame in drawn.root.frames()), *(terminal.id for terminal in drawn.terminals)]
    assert len(ids) == len(set(ids)) + (drawn.root.id in boxes(drawn))
    found = arrows(drawn)
    assert len(found) == len(drawn.arrows)
    lifted = set(_lifted(drawn))
    assert found <= lifted
    repeated = [{box.id for box in frame.boxes()} for frame in drawn.root.frames() if frame.turns]
    for way in lifted - found:
        assert any(set(way) <= inside for inside in repeated), "all but those from one turn to the next are drawn"
    assert nx.is_directed_acyclic_graph(nx.DiGraph(found))


def _lifted(drawn: Figure) -> Iterator[tuple[str, str]]:
    """The pairs of boxes and terminals that edges of the graph go between."""
    home = {node.path: box.id for box in drawn.root.boxes() for node in box.nodes()}
    home |= {terminal.value.node: terminal.id for terminal in drawn.terminals if terminal.kind == "input"}
    for node in drawn.root.part.nodes():
        for value in node.inputs:
            if home[value.node] != home[node.path]:
                yield home[value.node], home[node.path]
    for terminal in drawn.terminals:
        if terminal.kind == "output":
            yield home[terminal.value.node], terminal.id


@pytest.mark.parametrize("name", LIBRARY)
@pytest.mark.parametrize("depth", [0, 1, 2, 3, ALL])
def test_published_networks_are_drawn_whole_at_every_depth(name: str, depth: int) -> None:
    hold(figure(library(name), depth))


@EXAMPLES
@given(networks(), DEPTHS, some.booleans())
def test_any_network_is_drawn_whole_at_every_depth(graph: Graph, depth: int, unfold: bool) -> None:
    drawn = figure(graph, depth, unfold)
    hold(drawn)
    if unfold:
        assert arrows(drawn) == set(_lifted(drawn))
    assert [(end.kind, end.name) for end in drawn.terminals] == [
        *(("input", name) for name in graph.inputs), *(("output", name) for name in graph.outputs)
    ]  # fmt: skip


@EXAMPLES
@given(networks(), DEPTHS, some.data())
def test_any_part_is_drawn_alone(graph: Graph, depth: int, data: some.DataObject) -> None:
    parts = [part for part in parts_of(graph).parts() if part.members]
    part = parts[data.draw(some.integers(0, len(parts) - 1), label="part")]
    hold(drawn := figure(graph, depth, block=part))
    assert {end.kind for end in drawn.terminals} == {"input", "output"}


@EXAMPLES
@given(networks())
def test_deeper_is_more(graph: Graph) -> None:
    counts = [len(boxes(figure(graph, depth, unfold=True))) for depth in (0, 1, 2, 3, 5, ALL)]
    assert counts[0] == 1
    assert counts == sorted(counts)
    assert counts[-1] == len(list(graph.operations()))


@EXAMPLES
@given(networks(), some.sampled_from([2, 3, 5, ALL]), some.booleans())
def test_with_less_there_are_fewer_boxes_until_there_is_nothing_to_close(
    graph: Graph, depth: int, unfold: bool
) -> None:
    drawn: Figure | None = figure(graph, depth, unfold)
    while drawn is not None:
        less = with_less(drawn)
        assert less is None or len(boxes(less)) < len(boxes(drawn))
        last, drawn = drawn, less
    assert len(boxes(last)) == len(boxes(figure(graph, 1)))


def test_less_is_half_as_much_where_it_can_be() -> None:
    rows = "relu, tanh"
    for _ in range(9):
        rows = f"gelu, {{sequence: {{layers: [{rows}]}}}}"
    drawn: Figure | None = figure(load(f"layers: [{rows}]"), 10)
    counts = []
    while drawn is not None:
        counts.append(len(boxes(drawn)))
        drawn = with_less(drawn)
    assert counts == [11, 5, 2]


@EXAMPLES
@given(networks(), DEPTHS, some.booleans())
def test_the_reach_of_arrows_is_how_many_rows_they_go_down(graph: Graph, depth: int, unfold: bool) -> None:
    drawn = figure(graph, depth, unfold)
    ways = nx.DiGraph((arrow.source, arrow.target) for arrow in drawn.arrows)
    rows = {id_: row for row, ids in enumerate(nx.topological_generations(ways)) for id_ in ids}
    assert drawn.reach() == sum(rows[target] - rows[source] for source, target in ways.edges)


@EXAMPLES
@given(networks())
def test_the_usual_depth_shows_what_is_readable(graph: Graph) -> None:
    drawn = figure(graph)
    assert drawn.depth >= 1
    assert len(boxes(drawn)) <= READABLE or drawn.depth == 1
    deeper = len(boxes(figure(graph, drawn.depth + 1)))
    assert deeper == len(boxes(drawn)) or deeper > READABLE


NESTED = """
blocks:
  pair: {layers: [{relu: {id: r}}, {gelu: {id: p}}, {tanh: {id: t}}]}
  twice: {layers: [{pair: {id: q, repeat: 2}}, {sigmoid: {id: s}}]}
layers: [{twice: {id: n, repeat: 3}}]
"""


@pytest.mark.parametrize(
    ("depth", "unfold", "expected"),
    [
        (0, False, [""]),
        (1, False, ["n"]),
        (1, True, ["n.0", "n.1", "n.2"]),
        (2, False, ["n.0.q", "n.0.s"]),
        (2, True, ["n.0.q.0", "n.0.q.1", "n.0.s", "n.1.q.0", "n.1.q.1", "n.1.s", "n.2.q.0", "n.2.q.1", "n.2.s"]),
        (3, False, ["n.0.q.0.r", "n.0.q.0.p", "n.0.q.0.t", "n.0.s"]),
    ],
)
def test_of_repeats_the_first_turn_is_drawn(depth: int, unfold: bool, expected: list[str]) -> None:
    assert boxes(figure(load(NESTED), depth, unfold)) == expected


def test_a_box_stands_for_the_same_place_in_all_turns() -> None:
    (box, *_) = figure(load(NESTED), 3).root.boxes()
    assert [node.path for node in box.nodes()] == [f"n.{outer}.q.{inner}.r" for outer in range(3) for inner in range(2)]


def test_what_is_open_is_a_frame_with_its_turns() -> None:
    frames = [(frame.id, len(frame.turns)) for frame in figure(load(NESTED), 3).root.frames()]
    assert frames == [("", 0), ("n", 3), ("n.0.q", 2)]


def test_each_way_of_a_tensor_is_one_arrow_and_its_shape_is_said_where_it_is_new() -> None:
    drawn = figure(
        load("""
layers:
  - split: {id: halves, parts: 2}
  - relu: {id: a, from: halves.0}
  - conv: {id: b, from: halves.1, kernel: 1, channels: 2}
  - add: {id: both, from: [b, b]}
  - concat: {id: all, from: [a, both, halves.1]}
outputs: {y: all, again: all}
""")
    )
    told = [(arrow.source, arrow.target, str(arrow.type), arrow.is_labelled) for arrow in drawn.arrows]
    assert told == [
        ("input:x", "halves", "[N, 4, 8, 8]", False),
        ("halves", "a", "[N, 2, 8, 8]", True),
        ("halves", "b", "[N, 2, 8, 8]", True),
        ("b", "both", "[N, 2, 8, 8]", False),
        ("a", "all", "[N, 2, 8, 8]", True),
        ("both", "all", "[N, 2, 8, 8]", True),
        ("halves", "all", "[N, 2, 8, 8]", False),
        ("all", "output:y", "[N, 6, 8, 8]", False),
        ("all", "output:again", "[N, 6, 8, 8]", False),
    ]


def test_shapes_that_differ_from_turn_to_turn_are_not_said() -> None:
    grow = "blocks: {grow: {layers: [{concat: {branches: [[], [{conv: {id: c, kernel: 1, channels: 4}}]]}}]}}\n"
    drawn = figure(load(grow + "layers: [{grow: {id: g, repeat: 3}}, {relu: {id: end}}]"), 2)
    said = {arrow.source: str(arrow.type) for arrow in drawn.arrows if arrow.is_labelled}
    assert said == {"g.0.c": "[N, 4, 8, 8]", "g.0.0": "[N, 16, 8, 8]"}, "but after the last one"


def test_what_runs_in_one_phase_alone_is_so_drawn() -> None:
    drawn = figure(
        load("""
layers: [{relu: {id: a}}]
heads: {aux: {sequence: {from: a, when: training, layers: [flatten, {linear: {id: l, features: 2}}]}}}
outputs: {y: a, aux: aux}
""")
    )
    phases = {(arrow.source, arrow.target): arrow.phase for arrow in drawn.arrows}
    assert phases == {
        ("input:x", "a"): None,
        ("a", "aux.0"): "training",
        ("aux.0", "aux.l"): "training",
        ("a", "output:y"): None,
        ("aux.l", "output:aux"): "training",
    }
    assert [end.phase for end in drawn.terminals] == [None, None, "training"]


def test_the_ends_of_a_block_have_the_names_it_declares() -> None:
    graph = load("""
blocks:
  up:
    inputs: {low: [N, C, H, W], skip: [N, C, H, W]}
    layers: [{add: {id: s, from: [low, skip]}}, {relu: {id: r}}, {tanh: {id: t}}]
    outputs: {main: t, raw: s}
layers: [{sigmoid: {id: a}}, {tanh: {id: b}}, {up: {id: u, from: [a, b]}}, {relu: {id: r, from: u.main}}]
outputs: {y: r, z: u.raw}
""")
    block = next(part for part in parts_of(graph).parts() if part.id == "u")
    named = [(end.kind, end.name, str(end.value.node)) for end in figure(graph, 0, block=block).terminals]
    assert named == [("input", "low", "a"), ("input", "skip", "b"), ("output", "main", "u.t"), ("output", "raw", "u.s")]


def test_ends_that_have_no_name_are_numbered() -> None:
    graph = load("layers: [{relu: {id: a}}, {sequence: {id: q, layers: [tanh, {add: {id: s, from: [0, a]}}, relu]}}]")
    sequence = next(part for part in parts_of(graph).parts() if part.id == "q")
    named = [(end.kind, end.name, str(end.value.node)) for end in figure(graph, 0, block=sequence).terminals]
    assert named == [("input", "input", "a"), ("output", "output", "q.2")]


def test_of_thousands_of_branches_a_part_is_drawn_at_once() -> None:
    branches = ", ".join(f"b{place}: [{('relu', 'tanh')[place % 2]}]" for place in range(8000))
    graph = load_graph(
        spec(f"layers: [{{sequence: {{id: q, layers: [{{concat: {{branches: {{{branches}}}}}}}]}}}}, relu]")
    )
    part = next(part for part in parts_of(graph).parts() if part.id == "q")
    start = time.process_time()
    assert len(boxes(figure(graph, ALL, block=part))) == 8001
    assert time.process_time() - start < 6


def test_a_network_without_operations_is_an_arrow() -> None:
    drawn = figure(load("layers: []\noutputs: {y: x}"), 0)
    assert (boxes(drawn), arrows(drawn)) == ([], {("input:x", "output:y")})
