"""The canonical form: nothing implicit, the same network, the same bytes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from archspec.backends.inputs import random_inputs
from archspec.backends.torch_fx import emit
from archspec.compiler import load_graph
from archspec.frontend.canonical import print_canonical
from archspec.source.span import Source
from tests.specs import hold_canonical_form, load, spec

SPECS = sorted((Path(__file__).parents[2] / "specs").glob("*.yaml"))
EVERYTHING = """
        title: "a title: with a colon"
        params: {n: 2, act: relu}
        inputs:
          x: {shape: [N, 4, H=8, W=8], where: [H > 3, W >= H]}
          ids: {shape: [N, 8], dtype: int64, below: 11}
        init: {conv: he_normal}
        blocks:
          unit:
            title: a unit
            params: {wide: 4, act: relu}
            in: [N, C, H, W]
            layers:
              - conv:
                  id: conv
                  channels: $wide
                  kernel: 1x3
                  padding: same
                  init: {bias: {uniform: {low: -0.1, high: 0.1}}}
              - scale: $(1 / 3)
              - conv: {id: dw, channels: $wide, kernel: 3, padding: $(C // 4), groups: "$(min(C, 4) // C)"}
              - add: {branches: [[], [$act, {tanh: {allow: {unmet-contract: "a reason: with a colon"}}}]]}
            outputs: {wide: conv, last: 3}
        layers:
          - unit: {id: one, from: x}
          - split: {id: halves, parts: 2, from: one.last}
          - concat: {id: joined, branches: {a: {from: halves.0, layers: [tanh]}, b: {from: halves.1, layers: []}}}
          - unit: {id: two, share: one}
          - sequence: {id: turns, from: two.last, repeat: $n, layers: [sigmoid, relu]}
          - flatten: {id: flat, start: 2}
          - embedding: {id: emb, tokens: 11, features: 64, from: ids}
          - linear: {id: back, features: 11, bias: false, tie: {weight: emb.weight}}
        heads:
          aux:
            sequence: {from: two.last, when: training, after: one, layers: [flatten, {linear: {features: 2}}]}
        outputs: {flat: flat, back: back, wide: two.wide, aux: aux}
"""


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_the_canonical_form_of_a_published_network_is_the_same_network(path: Path) -> None:
    graph = load_graph(path)
    hold_canonical_form(graph)
    again = load_graph(Source("expanded.yaml", print_canonical(graph)))
    assert list(emit(again, device="meta").state_dict()) == list(emit(graph, device="meta").state_dict())


@torch.no_grad()
def test_the_module_of_the_canonical_form_gives_the_same_numbers() -> None:
    graph = load(EVERYTHING)
    assert graph["back"].ties
    assert graph["two.conv"].share == "one.conv"
    module, other = emit(graph), emit(load_graph(Source("expanded.yaml", print_canonical(graph))))
    assert list(other.state_dict()) == list(module.state_dict())
    other.load_state_dict(module.state_dict(), strict=True)
    inputs = [*random_inputs(graph).values()]
    for training in (False, True):
        results = [made.train(training)(*inputs) for made in (module, other)]
        torch.testing.assert_close(*results, rtol=0, atol=0)


def test_every_item_has_its_id_and_what_it_reads_and_where_it_comes_from() -> None:
    assert print_canonical(load("layers: [{linear: {features: 2, repeat: 2}}, relu]")) == (
        "archspec: 1\n"
        "name: net\n"
        "inputs:\n"
        "  x: [N, 4, 8, 8]\n"
        "layers:\n"
        '  - linear: {id: "0", from: x, features: 2, bias: true}  # spec.yaml:4\n'
        '  - linear: {id: "1", from: "0", features: 2, bias: true}  # spec.yaml:4\n'
        '  - relu: {id: "2", from: "1"}  # spec.yaml:4\n'
        'outputs: {output: "2"}\n'
    )


def test_a_block_stays_a_sequence_that_says_of_which_block_it_is() -> None:
    text = print_canonical(
        load("blocks: {b: {title: B, in: [N, C, H, W], layers: [{scale: $C}]}}\nlayers: [{b: {id: use}}]")
    )
    assert "      id: use\n      from: x\n      block: b\n      title: B\n      in: [N_2, C, H, W]\n" in text
    assert '- scale: {id: "0", from: in, factor: $C}' in text


PRINT = """
import sys
from archspec.compiler import load_graph
from archspec.frontend.canonical import print_canonical
from archspec.source.span import Source
sys.stdout.write(print_canonical(load_graph(Source("spec.yaml", sys.stdin.read()))))
"""


@pytest.mark.parametrize("seed", ["0", "1"])
def test_the_bytes_depend_on_nothing_but_the_spec(seed: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", PRINT],
        input=spec(EVERYTHING).text,
        env=os.environ | {"PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert run.stdout == print_canonical(load_graph(spec(EVERYTHING))), run.stderr


def test_a_network_without_items_is_a_spec_in_canonical_form_too() -> None:
    hold_canonical_form(load("params: {on: false}\nlayers: [{relu: {if: $on}}]"))


def test_the_severities_of_rules_stay_with_the_network() -> None:
    graph = load("checks: {dead-node: off}\nlayers: [{relu: {id: dead}}, {tanh: {from: x}}]")
    assert "checks: {dead-node: off}" in print_canonical(graph).replace('"', "")
    hold_canonical_form(graph)
