"""Whole specs as a subject."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from tests.fuzz.graph_laws import judge, text_of
from tests.fuzz.graph_specs import Spec, random_spec
from tests.fuzz.subject import Subject
from tests.fuzz.verdict import Verdict


def graphs() -> Subject[Spec]:
    """Specs, some with something changed in them."""
    return of_specs(_draw, judge)


def of_specs(draw: Callable[[Random, int], Spec], judge: Callable[[Spec, Random], Verdict]) -> Subject[Spec]:
    """Specs, drawn and judged in some way."""
    return Subject(draw, judge, _family, _as_it_is, _as_it_is, text_of)


def _draw(random: Random, number: int) -> Spec:
    return random_spec(random)


def _family(spec: Spec) -> str:
    return "spec"


def _as_it_is(spec: Any) -> Any:
    return spec
