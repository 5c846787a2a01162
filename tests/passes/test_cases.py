"""Each pass beside what it makes: tests/cases/passes has small specs, and the network before and after."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from archspec.passes import PASSES
from archspec.passes.network import for_inference
from tests.conftest import CASES
from tests.fuzz.pass_laws import inputs, judge_passes
from tests.specs import load

FOLDER = CASES / "passes"
BY_NAME = {each.name: each for each in PASSES}
FOUND = sorted(path.relative_to(FOLDER).with_suffix("") for path in FOLDER.glob("*/*.yaml"))


@pytest.mark.parametrize("case", FOUND, ids=str)
def test_a_pass_rewrites_what_it_may(case: Path, golden: Callable[[str, str], None]) -> None:
    before = for_inference(load((FOLDER / f"{case}.yaml").read_text(encoding="utf-8")))
    after, count = BY_NAME[case.parent.name](before)
    made = f"{count} rewritten\n\n{after}" if count else "nothing is rewritten"
    golden(f"passes/{case}.txt", f"{before}\n\n{made}")


@pytest.mark.parametrize("case", FOUND, ids=str)
def test_the_numbers_of_a_case_stay(case: Path) -> None:
    graph = load((FOLDER / f"{case}.yaml").read_text(encoding="utf-8"))
    assert judge_passes(graph, [*inputs(graph, Random(0))], Random(0)) is None


def test_every_pass_has_cases() -> None:
    assert {case.parent.name for case in FOUND} == set(BY_NAME)
