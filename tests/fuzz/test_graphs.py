"""Promise 1: what check accepts builds and runs as inferred, at the sizes that fit and no others."""

from __future__ import annotations

import os

from tests.fuzz.campaign import run
from tests.fuzz.graphs import graphs
from tests.fuzz.report import disagreements

CASES = int(os.environ.get("ARCHSPEC_EXAMPLES", "12"))
"""Specs; `python -m tests.fuzz graphs` is for many."""


def test_what_is_accepted_runs_as_inferred_and_what_is_refused_is_refused_in_the_file() -> None:
    tally = run(graphs(), range(CASES), seed=1)
    assert [*disagreements(graphs(), tally, seed=1)] == []
    assert {outcome for _, outcome in tally.outcomes} >= {"accepted", "refused"}
