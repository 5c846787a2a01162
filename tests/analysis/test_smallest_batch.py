"""The smallest batch is the one at which torch runs, at the smallest sizes."""

from __future__ import annotations

import pytest
import torch

from archspec.analysis.facts import Facts
from archspec.backends.torch_fx import emit
from archspec.compiler import load_graph
from archspec.ir.graph import PHASES
from tests.analysis.test_input_sizes import runs
from tests.doc_blocks import ROOT
from tests.specs import errors, load

NORMALISED = "layers: [{conv: {id: c, kernel: 3, channels: 2}}, {batch_norm: {id: bn}}]\n"


def test_batch_norm_over_one_place_trains_on_two_samples() -> None:
    graph = load(NORMALISED, "{x: [N, 4, H=8, W=8]}")
    facts, module = Facts(graph), emit(graph)
    for phase in PHASES:
        smallest = facts.smallest_batch[phase]
        assert smallest.beside == {"H": 3, "W": 3}
        assert smallest.size == (2 if phase == "training" else 1)
        module.train(phase == "training")
        assert [runs(module, batch, 4, 3, 3) for batch in (1, 2)] == [smallest.size == 1, True]
        assert runs(module, 1, 4, 3, 4)
    below = facts.smallest_batch["training"].below
    assert below is not None
    assert str(below) == "at 1, in `bn`, there is only one value a channel to normalise in [1, 2, 1, 1]"


def test_batch_norm_without_averages_needs_them_in_eval_mode_too() -> None:
    facts = Facts(load(NORMALISED.replace("id: bn", "id: bn, track: false"), "{x: [N, 4, H=8, W=8]}"))
    assert {phase: facts.smallest_batch[phase].size for phase in PHASES} == {"training": 2, "eval": 2}


def test_a_fixed_batch_has_none() -> None:
    assert Facts(load("layers: [relu]", "{x: [2, 4, H=8, W=8]}")).smallest_batch == {}


def test_inception_v3_trains_on_two_samples_at_its_smallest_size() -> None:
    facts = Facts(load_graph(ROOT / "specs/inception_v3.yaml"))
    smallest = facts.smallest_batch["training"]
    assert smallest.below is not None
    assert (smallest.size, smallest.below.node) == (2, "AuxLogits.conv1.bn")


@pytest.mark.parametrize(("expected", "wrong"), [("{training: {N: 2}, eval: {N: 1}}", []), ("{N: 1}", ["1"])])
def test_it_may_be_expected(expected: str, wrong: list[str]) -> None:
    found = errors(f"{NORMALISED}expect: {{min_input: {expected}}}", "{x: [N, 4, H=8, W=8]}")
    assert found == [("unmet-contract", text) for text in wrong]


def test_a_batch_that_is_taken_apart_has_to_be_large_enough() -> None:
    graph = load("layers: [{unflatten: {axis: 0, sizes: [-1, 3]}}]", "{x: {shape: [N, 4], where: N % 3 == 0}}")
    assert Facts(graph).smallest_batch["eval"].size == 3
    assert emit(graph)(torch.zeros(3, 4)).shape == (1, 3, 4)
