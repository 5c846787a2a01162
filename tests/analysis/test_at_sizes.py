"""Graphs at other sizes are what loading at these sizes gives."""

from __future__ import annotations

from itertools import product

import pytest

from archspec.analysis.at_sizes import WrongSizesError, at_sizes, over_symbols
from archspec.analysis.cost import cost
from archspec.compiler import load_graph
from archspec.ir.dims import evaluate
from archspec.ir.graph import Graph
from archspec.source.span import Source
from tests.doc_blocks import ROOT
from tests.specs import load

NETWORK = """\
archspec: 1
name: net
inputs: {{x: [N, 3, H={}, W={}]}}
layers:
  - conv: {{id: stem, kernel: 3, stride: 2, channels: 8}}
  - concat:
      branches:
        a: [{{conv: {{kernel: 3, stride: 2, channels: 4}}}}]
        b: [{{max_pool: {{kernel: 3, stride: 2}}}}]
  - relu
  - global_avg_pool
  - flatten
  - linear: {{features: 5}}
"""


def network(height: int, width: int) -> Graph:
    return load_graph(Source("net.yaml", NETWORK.format(height, width)))


def types(graph: Graph) -> dict[str, list[str]]:
    return {node.path: [str(kind) for kind in node.types] for node in graph}


@pytest.mark.parametrize(("height", "width"), [*product((7, 24, 33), (9, 40))])
def test_types_and_costs_are_those_of_loading_at_these_sizes(height: int, width: int) -> None:
    moved, loaded = at_sizes(network(20, 20), {"H": height, "W": width}), network(height, width)
    assert types(moved) == types(loaded)
    assert cost(moved).total == cost(loaded).total
    assert dict(moved.inputs["x"].symbols) == {"H": 20, "W": 20}


def test_sizes_that_are_not_given_stay() -> None:
    assert str(at_sizes(network(20, 24), {"H": 30})["x"].types[0]) == "[N, 3, 30, 24]"


def test_a_published_network_costs_at_another_size_what_it_is_known_to() -> None:
    graph = load_graph(ROOT / "specs/inception_resnet_v1_face.yaml")
    assert cost(graph).total.macs == 1_417_662_304
    assert cost(at_sizes(graph, {"H": 299, "W": 299})).total.macs == 6_307_723_360


def test_costs_over_symbols_are_those_at_every_size() -> None:
    macs = cost(over_symbols(network(20, 20))).total.macs
    for height, width in ((7, 9), (33, 40), (224, 224)):
        assert evaluate(macs, {"H": height, "W": width}) == cost(network(height, width)).total.macs


def test_a_size_that_does_not_fit_is_refused_with_the_node_that_stops() -> None:
    with pytest.raises(WrongSizesError, match=r"it does not run at H=6: in `a.0`, a 3x3 kernel .* 2x9 input"):
        at_sizes(network(20, 20), {"H": 6})


def test_a_name_that_is_no_size_is_refused_with_those_that_are() -> None:
    with pytest.raises(WrongSizesError, match="no size `D`, only `N`, `H`, `W`"):
        at_sizes(network(20, 20), {"D": 6})


def test_what_has_to_run_in_eval_mode_only_may_stop_in_training() -> None:
    graph = load(
        """
        layers: [{conv: {id: a, kernel: 3, channels: 4}}, {relu: {id: r}}]
        heads: {aux: {conv: {from: r, kernel: 5, channels: 2, when: training}}}
        outputs: {r: r, aux: aux}
        """,
        "{x: [N, 4, H=8, W=8]}",
    )
    with pytest.raises(WrongSizesError, match="not run in training mode at H=6: in `aux`"):
        at_sizes(graph, {"H": 6})
    found = at_sizes(graph, {"H": 6}, "eval")
    assert (str(found["r"].types[0]), found["aux"].types) == ("[N, 4, 4, 6]", ())


def test_a_block_to_drop_has_to_fit_in_training_only() -> None:
    graph = load("layers: [{drop_block: {id: drop, p: 0.5, size: 5}}]", "{x: [N, 4, L=8]}")
    with pytest.raises(WrongSizesError, match="not run in training mode at L=4: in `drop`, a block of size 5 does not"):
        at_sizes(graph, {"L": 4})
    assert str(at_sizes(graph, {"L": 4}, "eval")["drop"].types[0]) == "[N, 4, 4]"


def test_what_a_spec_demands_of_its_inputs_is_held() -> None:
    graph = load("layers: [relu]", "{x: {shape: [N, 4, T=8], where: [T <= 16]}}")
    assert str(at_sizes(graph, {"T": 16})["x"].types[0]) == "[N, 4, 16]"
    with pytest.raises(WrongSizesError, match="it is not meant for T=17: `T <= 16` does not hold"):
        at_sizes(graph, {"T": 17})
