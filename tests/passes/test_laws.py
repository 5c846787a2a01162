"""What passes do to random networks: nothing that shows, and nothing the second time."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
import torch

from archspec.compiler import check_spec, load_graph
from archspec.ir.graph import Node
from archspec.passes import PASSES, fold_into_later
from archspec.passes.channel_affine import ChannelAffine
from archspec.passes.filters import Filters
from archspec.passes.network import for_inference
from archspec.passes.rewrite import Rewrite
from archspec.source.span import Source
from tests.conftest import CASES as FILES
from tests.fuzz.campaign import run
from tests.fuzz.graph_laws import text_of
from tests.fuzz.pass_laws import inputs, judge_passes
from tests.fuzz.passes import passes
from tests.fuzz.report import disagreements
from tests.specs import load

CASES = int(os.environ.get("ARCHSPEC_EXAMPLES", "24"))
"""Specs; `python -m tests.fuzz passes` is for many."""


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """The networks are small: two threads would wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def test_passes_and_optimize_leave_the_numbers_alone() -> None:
    tally = run(passes(), range(CASES), seed=1)
    assert [*disagreements(passes(), tally, seed=1)] == []
    assert tally.outcomes["spec", "accepted"] > CASES // 2


def test_every_pass_finds_something_in_random_networks() -> None:
    found: Counter[str] = Counter()
    for number in range(40):
        source = Source("random.yaml", text_of(passes().case(1, number)))
        if not check_spec(source).failed:
            network = for_inference(load_graph(source))
            found.update(each.name for each in PASSES if each(network)[1])
    assert {each.name for each in PASSES} == set(found), found


def _take_all(filters: Filters, reader: Node, affine: ChannelAffine) -> bool:
    return True


def _forget_the_last_reader(rewrite: Rewrite, path: str) -> Node | None:
    return next(iter(rewrite.readers(path)), None)


def _by_input(filters: Filters, *, of_output: bool) -> int:
    return 2 if of_output else 1


PLANTED: dict[str, tuple[Any, str, Any, str]] = {
    "a padding is shifted": (fold_into_later, "_can_take", _take_all, "fold-into-later/shifts"),
    "another reader is forgotten": (Rewrite, "only_reader", _forget_the_last_reader, "fold-into-earlier/read_twice"),
    "the axes of a filter are swapped": (Filters, "_axis", _by_input, "fold-into-earlier/shared"),
}


@pytest.mark.parametrize("case", PLANTED.values(), ids=PLANTED)
def test_a_mistake_in_a_pass_is_seen(case: tuple[Any, str, Any, str], monkeypatch: pytest.MonkeyPatch) -> None:
    owner, name, wrong, shown_by = case
    graph = load((FILES / "passes" / f"{shown_by}.yaml").read_text(encoding="utf-8"))
    given = [*inputs(graph, Random(0))]
    assert judge_passes(graph, given, Random(0)) is None
    monkeypatch.setattr(owner, name, wrong)
    verdict = judge_passes(graph, given, Random(0))
    assert verdict is not None
    assert verdict.law == "the numbers stay"
