from __future__ import annotations

import time
from collections import Counter

import pytest
from hypothesis import given

from archspec.compiler import load_spec
from archspec.ir.graph import Graph
from archspec.render.figure.parts import Part, differences, parts_of
from archspec.source.diagnostic import Diagnostics
from tests.render.figure.networks import EXAMPLES, LIBRARY, library, networks
from tests.specs import load, spec

BLOCKS = """
blocks:
  conv_bn:
    params: {channels: 4, kernel: 3}
    layers:
      - conv: {id: conv, kernel: $kernel, padding: same, channels: $channels, bias: false}
      - batch_norm: {id: bn}
      - relu
  residual:
    params: {width: 4}
    in: [N, C, H, W]
    layers:
      - add: {branches: [[], [{conv_bn: {id: one, channels: $width}}, {conv_bn: {id: two, channels: $C}}]]}
"""


def tree(part: Part) -> str:
    """A part on a line: what has members as `id:kind(...)`, a layer or node by its id alone."""
    if not part.members or part.kind == "layer":
        return part.id
    return f"{part.id}:{part.kind}({' '.join(map(tree, part.members))})"


def drawn(rows: str) -> str:
    return " ".join(map(tree, parts_of(load(BLOCKS + rows)).members))


def hold(graph: Graph) -> None:
    """Every operation is in the tree once, in an order of execution, and no two parts have one id."""
    whole = parts_of(graph)
    nodes = [node.path for node in whole.nodes()]
    assert sorted(nodes) == sorted(node.path for node in graph.operations())
    places = {path: place for place, path in enumerate(nodes)}
    for node in whole.nodes():
        assert all(places.get(value.node, -1) < places[node.path] for value in node.inputs)
    ids = Counter(part.id for part in whole.parts())
    assert [id_ for id_, count in ids.items() if count > 1] == []
    assert all(part.members or part.node is not None for part in whole.parts())


@pytest.mark.parametrize("name", LIBRARY)
def test_the_tree_of_a_published_network_holds_each_node_once(name: str) -> None:
    hold(library(name))


@EXAMPLES
@given(networks())
def test_the_tree_of_any_network_holds_each_node_once(graph: Graph) -> None:
    hold(graph)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("layers: [{conv_bn: {id: a}}, {max_pool: {id: p, kernel: 2}}]", "a p"),
        ("layers: [{conv: {id: c, kernel: 1, channels: 4}}, batch_norm, relu, {max_pool: 2}]", "c+2 3"),
        ("layers: [{max_pool: {id: p, kernel: 2}}, relu]", "p 1"),
        ("layers: [{conv: {id: c, kernel: 1, channels: 4}}, {relu: {id: r}}]\noutputs: {y: r, z: c}", "c r"),
        (
            "layers: [{conv: {id: c, kernel: 1, channels: 4}}, {relu: {id: r}}, {add: {id: s, from: [r, c]}}]",
            "c r s",
        ),
        (
            "layers: [{add: {id: s, branches: {a: [{conv_bn: {id: c}}, {max_pool: {kernel: 1}}], b: []}}}, relu]",
            "s:sequence(s.a:branch(s.a.c s.a.1) s.join) 1",
        ),
        ("layers: [{sequence: {id: q, layers: [relu, tanh]}}, sigmoid]", "q:sequence(q.0 q.1) 1"),
        ("layers: [{sequence: {id: q, layers: []}}, relu]", "1"),
    ],
    ids=["block", "items", "pool", "output inside", "read inside", "branches", "sequence", "empty sequence"],
)
def test_what_papers_draw_as_one_is_one_part(rows: str, expected: str) -> None:
    assert drawn(rows) == expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("layers: [{residual: {id: r, repeat: 3}}]", "r:repeat({r.0} {r.1} {r.2})"),
        ("layers: [{residual: {id: a}}, {residual: {id: b, width: 8}}]", "a..b:repeat({a} {b})"),
        ("layers: [{residual: {repeat: 2}}]", "0..1:repeat({0} {1})"),
        ("layers: [{sequence: {id: q, repeat: 2, layers: [relu, tanh]}}]", "q:repeat({q.0} {q.1})"),
        ("layers: [{sequence: {id: q, layers: [relu, tanh]}}, {sequence: {id: p, layers: [relu, tanh]}}]", "{q} {p}"),
        ("layers: [{residual: {id: a}}, {residual: {id: b}}, {conv_bn: {id: c}}]", "a..b:repeat({a} {b}) c"),
        ("layers: [{conv_bn: {id: c, repeat: 4}}]", "c:repeat(c.0 c.1 c.2 c.3)"),
        ("layers: [{conv_bn: {id: c, repeat: 3}}]", "{c}"),
        ("layers: [{conv_bn: {id: c, each: {kernel: [1, 3, 1, 3]}}}]", "{c}"),
        ("layers: [{relu: {repeat: 5}}]", "0..4:repeat(0 1 2 3 4)"),
        (
            "layers: [{residual: {id: a}}, {residual: {id: b}}, {add: {from: [b, a]}}]",
            "{a} {b} 2",
        ),
        ("layers: [{residual: {id: a}}, {residual: {id: b}}]\noutputs: {y: b, z: a}", "{a} {b}"),
        (
            "layers: [{residual: {id: a}}, {residual: {id: b, from: x}}, {add: {from: [b, a]}}]",
            "{a} {b} 2",
        ),
        (
            "layers: [{sequence: {id: s, repeat: 2, layers: [{residual: {id: r, repeat: 2}}]}}]",
            "s:repeat(s.0:sequence(s.0.r:repeat({s.0.r.0} {s.0.r.1})) s.1:sequence(s.1.r:repeat({s.1.r.0} {s.1.r.1})))",
        ),
    ],
    ids=[
        "repeat", "uses in a row", "no id", "sequence", "sequences in a row", "what follows", "many layers",
        "few layers", "layers that differ", "many nodes", "a tap", "an output", "side by side", "nested",
    ],
)  # fmt: skip
def test_what_is_done_several_times_in_a_row_is_a_repeat(rows: str, expected: str) -> None:
    parts = {part.id: tree(part) for part in parts_of(load(BLOCKS + rows)).parts()}
    assert drawn(rows) == _filled(expected, parts)


def _filled(text: str, parts: dict[str, str]) -> str:
    """The text with `{a.0}` as the tree of that part."""
    for id_, written in parts.items():
        text = text.replace(f"{{{id_}}}", written)
    return text


def test_uses_with_skip_connections_of_their_own_are_no_repeat() -> None:
    graph = load("""
blocks:
  up:
    inputs: {low: [N, C, H, W], skip: [N, C, H, W]}
    layers: [{add: {id: s, from: [low, skip]}}, {tanh: {id: t}}]
layers:
  - relu: {id: a}
  - tanh: {id: b}
  - sigmoid: {id: c}
  - up: {id: u1, from: [c, b]}
  - up: {id: u2, from: [u1, a]}
""")
    assert [part.id for part in parts_of(graph).members] == ["a", "b", "c", "u1", "u2"]


def test_turns_that_read_the_same_beside_each_other_are_a_repeat() -> None:
    graph = load("""
blocks:
  film:
    inputs: {x: [N, C, H, W], by: [N, C, H, W]}
    layers: [{multiply: {id: m, from: [x, by]}}, {tanh: {id: t}}]
layers:
  - relu: {id: a}
  - sigmoid: {id: by}
  - film: {id: f1, from: [a, by]}
  - film: {id: f2, from: [f1, by]}
""")
    assert [part.id for part in parts_of(graph).members] == ["a", "by", "f1..f2"]


def test_thousands_of_blocks_and_outputs_are_told_apart_at_once() -> None:
    uses = ", ".join(f"{{{('one', 'two')[place % 2]}: {{id: i{place}}}}}" for place in range(4000))
    outputs = ", ".join(f"o{place}: i{place}" for place in range(4000))
    blocks = "{one: {layers: [relu, tanh]}, two: {layers: [relu, sigmoid]}}"
    graph = load_spec(spec(f"blocks: {blocks}\nlayers: [{uses}]\noutputs: {{{outputs}}}"), Diagnostics(), rules=())
    assert graph is not None
    start = time.process_time()
    assert len(parts_of(graph).members) == 4000
    assert time.process_time() - start < 2  # of the processor: 0.15 s where nothing else runs


def test_what_differs_between_turns_is_told() -> None:
    graph = load(BLOCKS + "layers: [{residual: {id: r, each: {width: [4, 8, 16]}}}]")
    (repeat,) = parts_of(graph).members
    told = [(found.path, found.attribute, found.values) for found in differences(repeat.members)]
    assert told == [("one", "channels", (4, 8, 16))]


def test_a_part_runs_in_a_phase_where_all_in_it_does() -> None:
    graph = load(
        BLOCKS
        + """
layers: [{residual: {id: a}}]
heads: {aux: {sequence: {from: a, when: training, layers: [{conv_bn: {id: c}}, flatten]}}}
outputs: {y: a, aux: aux}
"""
    )
    phases = {part.id: part.phase for part in parts_of(graph).parts()}
    assert phases[""] is phases["a"] is None
    assert phases["aux"] == phases["aux.c"] == "training"
