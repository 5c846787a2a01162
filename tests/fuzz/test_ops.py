"""Promise 1 of every op: what archspec says of any use of it is what torch does."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any

import pytest

from archspec.ir.conditions import Conditions
from archspec.ir.types import TensorType
from archspec.ops import find, names
from tests.doc_blocks import ROOT
from tests.fuzz.campaign import run
from tests.fuzz.ops import ops
from tests.fuzz.report import disagreements
from tests.fuzz.stated import STATED

CASES = int(os.environ.get("ARCHSPEC_EXAMPLES", "16"))
"""Uses of each op; `python -m tests.fuzz ops` is for many."""


@pytest.mark.parametrize("name", names())
def test_what_is_said_of_an_op_is_what_torch_does(name: str) -> None:
    subject = ops([name])
    tally = run(subject, range(CASES), seed=1)
    assert [*disagreements(subject, tally, seed=1)] == []
    assert any(outcome == "accepted" for _, outcome in tally.outcomes)


def says_another_side(self: Any, must: Conditions, x: TensorType) -> TensorType:
    return x.with_shape(*x.shape[:-1], 3)


def refuses_axes(self: Any, must: Conditions, x: TensorType) -> TensorType:
    must.have_rank(x, 2, what="[N, C]")
    return x


def takes_whole_numbers(self: Any, must: Conditions, x: TensorType) -> TensorType:
    return x


def demands_nothing_of_symbols(self: Any, must: Conditions, x: TensorType) -> TensorType:
    if isinstance(x.shape[0], int):
        must.be_positive(x.shape[0] - 4, "the batch is small")
    return x


MISTAKES = {
    "types are as inferred": (says_another_side, "tanh: {} of []"),
    "what is refused torch refuses": (refuses_axes, "tanh: {} of [1, 1, 1]"),
    "what is accepted runs": (takes_whole_numbers, "gelu: {} of uint8[]"),
    "what symbols allow is accepted": (demands_nothing_of_symbols, "tanh: {} of [5, 2]"),
}


@pytest.mark.parametrize("law", MISTAKES)
def test_a_mistake_in_a_shape_rule_is_found_and_made_small(law: str, monkeypatch: pytest.MonkeyPatch) -> None:
    infer: Callable[..., TensorType]
    infer, expected = MISTAKES[law]
    kind = find(expected.partition(":")[0])
    assert kind is not None
    monkeypatch.setattr(kind, "infer", infer)
    subject = ops([kind.name])
    tally = run(subject, range(200), seed=1)
    found = [text for text in disagreements(subject, tally, seed=1) if f": {law}: " in text]
    assert [text.splitlines()[-1] for text in found[:1]] == [expected]


def test_rules_that_are_stricter_than_torch_are_documented() -> None:
    _, text = (
        (ROOT / "docs/soundness.md").read_text(encoding="utf-8").split("\n## Rules that are stricter than torch\n")
    )
    rows = re.findall(r"^\| `([\w-]+)` \| (.*) \|$", text.partition("\n## ")[0], re.M)
    assert rows == list(dict.fromkeys((rule.diagnostic, rule.reason) for rule in STATED))
