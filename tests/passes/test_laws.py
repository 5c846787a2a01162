"""What passes do to random networks: nothing that shows, and nothing the second time."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

import pytest
import torch

from archspec.compiler import check_spec, load_graph
from archspec.passes import PASSES
from archspec.passes.network import for_inference
from archspec.source.span import Source
from tests.fuzz.campaign import run
from tests.fuzz.graph_laws import text_of
from tests.fuzz.passes import passes
from tests.fuzz.report import disagreements

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
