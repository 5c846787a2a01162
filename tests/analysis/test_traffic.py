"""Bytes that are read and written, by hand."""

from __future__ import annotations

from archspec.analysis.cost import cost
from archspec.analysis.traffic import Traffic, traffic
from archspec.compiler import load_graph
from archspec.ir.graph import Graph
from tests.doc_blocks import ROOT
from tests.graphs import Sketch
from tests.specs import load


def traffic_of(graph: Graph, path: str, batch: int = 1, dtype: str = "float32") -> Traffic:
    return traffic(graph, cost(graph), batch, dtype)[path]


def _network() -> Graph:
    sketch = Sketch(image=("N", 3, 8, 8))
    conv = sketch.add("conv", "conv", "image", channels=4, kernel=3, padding="same")
    twice = sketch.add("twice", "add", conv, conv)
    return sketch.graph(out=sketch.add("flat", "flatten", twice))


def test_a_node_reads_its_inputs_and_weights_and_writes_what_it_gives() -> None:
    graph = _network()
    assert traffic_of(graph, "conv") == Traffic(read=4 * 3 * 64, weights=4 * (4 * 3 * 9 + 4), written=4 * 4 * 64)
    assert traffic_of(graph, "twice") == Traffic(read=2 * 4 * 4 * 64, written=4 * 4 * 64)


def test_what_counts_by_its_shape_alone_is_not_read() -> None:
    sketch = Sketch(small=("N", 3, 2, 2), large=("N", 3, 8, 8))
    graph = sketch.graph(out=sketch.add("like", "interpolate_like", "small", "large"))
    assert traffic_of(graph, "like") == Traffic(read=4 * 3 * 4, written=4 * 3 * 64)


def test_a_view_moves_nothing() -> None:
    assert traffic_of(_network(), "flat").total == 0


def test_weights_are_read_once_for_a_whole_batch() -> None:
    graph = _network()
    one, eight = traffic_of(graph, ""), traffic_of(graph, "", batch=8)
    assert (eight.weights, eight.read, eight.written) == (one.weights, 8 * one.read, 8 * one.written)


def test_half_as_wide_numbers_move_half_the_bytes() -> None:
    graph = _network()
    assert 2 * int(str(traffic_of(graph, "", dtype="bfloat16").total)) == traffic_of(graph, "").total


def test_whole_numbers_keep_their_width() -> None:
    graph = load_graph(ROOT / "specs/inception_v3.yaml")
    halved = int(str(traffic_of(graph, "Conv2d_1a_3x3.bn", dtype="float16").weights))
    assert 2 * (halved - 8) == 4 * 32 * 4


def test_what_runs_in_training_only_moves_nothing() -> None:
    graph = load_graph(ROOT / "specs/inception_v3.yaml")
    assert traffic_of(graph, "AuxLogits") == Traffic()


def test_scopes_are_the_sums_of_their_nodes() -> None:
    graph = load_graph(ROOT / "specs/inception_v3.yaml")
    found = traffic(graph, cost(graph))
    assert sum((found[node.path] for node in graph.operations()), start=Traffic()) == found[""]


def test_intensity_is_flops_per_byte() -> None:
    moved = Traffic(read=60, weights=20, written=20)
    assert moved.intensity(500) == 10.0
    assert Traffic().intensity(0) is None


def test_bytes_are_symbolic_where_sides_are() -> None:
    sketch = Sketch(image=("N", 1, "H", 2))
    sketch.add("act", "relu", "image")
    moved = traffic_of(sketch.graph(out="act"), "act")
    assert str(moved.total) == "16*H"
    assert moved.intensity(1) is None


def test_of_a_table_the_rows_that_are_asked_for_are_read() -> None:
    graph = load("layers: [{embedding: {id: table, tokens: 1000, features: 8}}]", "{x: {shape: [N, 4], dtype: int64}}")
    assert traffic_of(graph, "table") == Traffic(read=4 * 8, weights=4 * 8 * 4, written=4 * 8 * 4)


def test_a_learned_tensor_is_moved_by_those_who_read_it() -> None:
    graph = load("layers: [{parameter: {id: p, shape: [1, 4]}}, {add: {id: sum, from: [x, p]}}]", "{x: [N, 4]}")
    assert traffic_of(graph, "p") == Traffic()
    assert traffic_of(graph, "sum").read == 2 * 4 * 4
