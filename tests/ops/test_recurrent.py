"""Recurrent layers remember: from place to place, from one sequence to the next, and in both directions."""

from __future__ import annotations

import pytest
import torch

from archspec.compiler import compile_spec
from tests.specs import errors, load, spec

SEQUENCE = "{x: [N, 6, 5]}"
STATES = {"lstm": ["hidden", "cell"], "gru": ["hidden"], "rnn": ["hidden"]}


@pytest.mark.parametrize("name", STATES)
@pytest.mark.parametrize("settings", ["depth: 2", "depth: 1"])
def test_a_sequence_may_be_read_in_parts(name: str, settings: str) -> None:
    begun = ", ".join(f"first.{state}" for state in STATES[name])
    module = compile_spec(
        spec(
            f"layers:\n"
            f"  - {name}: {{id: whole, features: 4, gives: states, {settings}}}\n"
            f"  - split: {{id: parts, from: x, axis: 1, sections: [2, 4]}}\n"
            f"  - {name}: {{id: first, from: parts.0, share: whole}}\n"
            f"  - {name}: {{id: second, from: [parts.1, {begun}], share: whole}}\n"
            f"  - concat: {{id: parted, axis: 1, from: [first.sequence, second.sequence]}}\n"
            f"outputs: {{whole: whole.sequence, parted: parted, end: whole.hidden, parted_end: second.hidden}}",
            SEQUENCE,
        )
    )
    read = module(torch.randn(3, 6, 5))
    torch.testing.assert_close(read.parted, read.whole)
    torch.testing.assert_close(read.parted_end, read.end)


@pytest.mark.parametrize("name", STATES)
@pytest.mark.parametrize("is_bidirectional", [False, True])
def test_the_last_state_is_where_each_direction_ends(name: str, is_bidirectional: bool) -> None:
    settings = f"features: 4, depth: 2, bidirectional: {str(is_bidirectional).lower()}"
    module = compile_spec(
        spec(
            f"layers:\n"
            f"  - {name}: {{id: both, {settings}, gives: both}}\n"
            f"outputs: {{sequence: both.sequence, last: both.last}}",
            SEQUENCE,
        )
    )
    sequence, last = module(torch.randn(3, 6, 5))
    torch.testing.assert_close(last[:, :4], sequence[:, -1, :4])
    if is_bidirectional:
        torch.testing.assert_close(last[:, 4:], sequence[:, 0, 4:])


def test_what_follows_reads_the_sequence() -> None:
    graph = load("layers: [{lstm: 4}, {gru: {features: 3, bidirectional: true}}, {linear: 2}]", SEQUENCE)
    assert [str(node.types[0]) for node in graph.operations()] == ["[N, 6, 4]", "[N, 6, 6]", "[N, 6, 2]"]


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (
            "[{lstm: {id: a, features: 4, gives: states}}, {lstm: {from: [x, a.hidden], features: 4}}]",
            "wrong-input-count",
        ),
        ("[{gru: {id: a, features: 4, gives: states}}, {gru: {from: [x, a.hidden], features: 3}}]", "shape-mismatch"),
    ],
)
def test_a_state_is_one_of_a_layer_alike(rows: str, found: str) -> None:
    assert [name for name, _ in errors(f"layers: {rows}", SEQUENCE)] == [found]
