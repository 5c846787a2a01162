"""The batches that fit are those at which torch runs, at the smallest of all other sizes."""

from __future__ import annotations

import pytest

from archspec.analysis.facts import Facts
from archspec.backends.torch_fx import emit
from archspec.compiler import load_graph
from archspec.ir.graph import PHASES
from archspec.tools.build import build
from tests.analysis.running import runs
from tests.doc_blocks import ROOT
from tests.specs import errors, load

NORMALISED = "layers: [{conv: {id: c, kernel: 3, channels: 2}}, {batch_norm: {id: bn}}]\n"


def test_batch_norm_over_one_place_trains_on_two_samples() -> None:
    graph = load(NORMALISED, "{x: [N, 4, H=8, W=8]}")
    facts, module = Facts(graph), emit(graph)
    for phase in PHASES:
        batches = facts.batch_sizes[phase]
        assert str(batches) == ("N 2 and up (at H=3, W=3)" if phase == "training" else "N 1 and up")
        module.train(phase == "training")
        assert [runs(module, batch, 4, 3, 3) for batch in (1, 2)] == [batches.minimum == 1, True]
        assert runs(module, 1, 4, 3, 4)
    below = facts.batch_sizes["training"].below
    assert str(below) == "at 1, in `bn`, there is only one value a channel to normalise in [1, 2, 1, 1]"


def test_batch_norm_without_averages_needs_them_in_eval_mode_too() -> None:
    facts = Facts(load(NORMALISED.replace("id: bn", "id: bn, track: false"), "{x: [N, 4, H=8, W=8]}"))
    assert {phase: facts.batch_sizes[phase].minimum for phase in PHASES} == {"training": 2, "eval": 2}


def test_what_stops_a_batch_at_any_other_size_is_said_without_one() -> None:
    rows = NORMALISED.replace("]\n", ", global_avg_pool, {batch_norm: {id: bn2}}]")
    batches = Facts(load(rows, "{x: [N, 4, H=8, W=8]}")).batch_sizes["training"]
    assert str(batches) == "N 2 and up"
    assert batches.below is not None
    assert batches.below.node == "bn2"


def test_where_the_first_axis_is_no_batch_the_size_on_it_has_to_be_larger() -> None:
    rows = "layers: [{transpose: [0, 2]}, {batch_norm: {id: bn}}, {mean: {axes: -1}}]"
    graph = load(rows, "{x: [1, 4, L=8]}")
    assert {phase: str(*sizes) for phase, sizes in Facts(graph).input_sizes.items()} == {
        "training": "L 2 and up",
        "eval": "L 1 and up",
    }


def test_a_fixed_batch_has_no_sizes() -> None:
    assert Facts(load("layers: [relu]", "{x: [2, 4, H=8, W=8]}")).batch_sizes == {}


def test_inception_v3_trains_on_two_samples_at_its_smallest_size() -> None:
    batches = Facts(load_graph(ROOT / "specs/inception_v3.yaml")).batch_sizes["training"]
    assert batches.below is not None
    assert (batches.minimum, batches.below.node) == (2, "AuxLogits.conv1.bn")


@pytest.mark.parametrize(("expected", "wrong"), [("{training: {N: 2}, eval: {N: 1}}", []), ("{N: 1}", ["1"])])
def test_the_smallest_may_be_expected(expected: str, wrong: list[str]) -> None:
    found = errors(f"{NORMALISED}expect: {{min_input: {expected}}}", "{x: [N, 4, H=8, W=8]}")
    assert found == [("unmet-contract", text) for text in wrong]


def test_a_batch_that_is_taken_apart_comes_in_multiples_and_is_built_with_one() -> None:
    graph = load("layers: [{unflatten: {axis: 0, sizes: [-1, 300]}}]", "{x: {shape: [N, 4], where: N % 300 == 0}}")
    batches = Facts(graph).batch_sizes["eval"]
    assert str(batches) == "N multiples of 300"
    assert str(batches.between) == "at 301, in `0`, axis 0 of [301, 4] does not fall into [-1, 300]"
    assert build(graph).sizes == {"N": 300}
