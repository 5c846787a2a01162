"""Builder: a network that a program makes is the one that a spec describes."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from archspec.backends.inputs import random_inputs
from archspec.backends.torch_fx import emit
from archspec.compiler import load_graph
from archspec.frontend.builder import Builder
from archspec.ir.dims import symbol
from archspec.source.diagnostic import SpecError
from tests.specs import hold_canonical_form, outline, spec


def inception_like() -> Builder:
    build = Builder("net", inputs={"x": ["N", 4, "H=8", "W=8"]})
    with build.scope("stem", block="conv_bn"):
        conv = build.use("conv", build["x"], id="conv", channels=6, kernel=3, bias=False)
        stem = build.use("relu", build.use("batch_norm", conv, id="bn"))
    with build.scope("left"):
        left = build.use("conv", stem, channels=2, kernel=1)
    right = build.use("max_pool", stem, id="right", kernel=3, stride=1, padding=1)
    joined = build.use("concat", left, right, id="joined")
    halves = build.use("split", joined, id="halves", parts=2)
    both = build.use("add", build.port(halves, 1), halves, id="both")
    aux = build.use("global_avg_pool", joined, id="aux", when="training")
    return build.output("main", both).output("aux", aux)


SAME = """
        inputs: {x: [N, 4, H=8, W=8]}
        blocks:
          conv_bn:
            params: {channels: int}
            layers: [{conv: {id: conv, channels: $channels, kernel: 3, bias: false}}, {batch_norm: {id: bn}}, relu]
        layers:
          - conv_bn: {id: stem, channels: 6}
          - sequence: {id: left, layers: [{conv: {channels: 2, kernel: 1}}]}
          - max_pool: {id: right, from: stem, kernel: 3, stride: 1, padding: 1}
          - concat: {id: joined, from: [left, right]}
          - split: {id: halves, parts: 2}
          - add: {id: both, from: [halves.1, halves.0]}
          - global_avg_pool: {id: aux, from: joined, when: training}
        outputs: {main: both, aux: aux}
"""


def test_a_network_made_by_a_program_is_the_one_of_the_spec() -> None:
    assert outline(inception_like().graph()) == outline(load_graph(spec(SAME)))


def test_its_canonical_form_reads_as_itself() -> None:
    hold_canonical_form(inception_like().graph())


@torch.no_grad()
def test_it_compiles_and_runs() -> None:
    graph = inception_like().graph()
    module = emit(graph)
    assert list(module.state_dict()) == list(emit(load_graph(spec(SAME))).state_dict())
    assert module(*random_inputs(graph).values())._fields == ("main", "aux")


def test_a_long_program_is_quick_to_write_what_a_spec_repeats() -> None:
    build = Builder("net", inputs={"x": ["N", 4, 8, 8]})
    value = build["x"]
    with build.scope("body"):
        for _ in range(3):
            value = build.use("conv", value, channels=4, kernel=1)
    graph = build.output("output", value).graph()
    assert outline(graph) == outline(
        load_graph(spec("layers: [{conv: {id: body, channels: 4, kernel: 1, repeat: 3}}]"))
    )


def test_taps_out_of_blocks_are_named_outputs() -> None:
    build = Builder("net", inputs={"x": ["N", 4], "y": ["N", 4]})
    with build.scope("pair", block="pair"):
        first = build.use("relu", build["x"], id="first")
        second = build.use("add", first, build["y"], id="second")
        with build.scope("inner"):
            third = build.use("multiply", second, build["y"], id="third")
    graph = build.output("a", build.use("add", first, second, id="sum")).output("b", third).graph()
    hold_canonical_form(graph)


@pytest.mark.parametrize(
    ("op", "attributes", "name", "place"),
    [
        ("conv", {"channels": 4, "kernel": 30}, "side-not-positive", "30"),
        ("conv", {"channels": "4", "kernel": 3}, "wrong-value", '"4"'),
        ("conv", {"channels": 4, "kernal": 3}, "unknown-attribute", "kernal"),
        ("konv", {}, "unknown-op", "konv"),
        ("add", {}, "wrong-input-count", "add"),
        ("reshape", {"shape": [symbol("N"), -1]}, "wrong-value", "[N, -1]"),
    ],
)
def test_a_mistake_is_shown_in_the_call_as_a_row(op: str, attributes: dict[str, Any], name: str, place: str) -> None:
    build = Builder("net", inputs={"x": ["N", 4, 8, 8]})
    build.output("y", build.use(op, *([] if op == "add" else [build["x"]]), **attributes))
    with pytest.raises(SpecError) as caught:
        build.graph()
    spans = {
        (error.name, error.span.source.text[error.span.start : error.span.end])
        for error in caught.value.diagnostics
        if error.span is not None
    }
    assert (name, place) in spans


@pytest.mark.parametrize("id", ["forward", "a b", "taken"])
def test_an_id_that_cannot_be_is_refused_at_once(id: str) -> None:
    build = Builder("net", inputs={"x": ["N", 4]})
    build.use("relu", build["x"], id="taken")
    with pytest.raises(ValueError, match=r"id|path"):
        build.use("relu", build["x"], id=id)


def test_a_network_without_outputs_is_an_error() -> None:
    with pytest.raises(SpecError, match="no outputs"):
        Builder("net", inputs={"x": ["N", 4]}).graph()


def test_an_input_that_is_not_there_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        Builder("net", inputs={"x": ["N", 4]})["y"]


def test_items_without_an_id_are_counted_from_zero_and_inputs_go_by_name() -> None:
    build = Builder("net", inputs={"x": ["N", 4], "y": ["N", 4]})
    joined = build.use("add", "x", "y")
    graph = build.output("sum", build.use("relu", joined)).graph()
    assert [node.path for node in graph.operations()] == ["0", "1"]
    assert [value.node for value in graph["0"].inputs] == ["x", "y"]
    with pytest.raises(KeyError):
        Builder("net", inputs={"x": ["N", 4]}).use("relu", "z")
