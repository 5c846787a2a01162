"""Passes as a subject."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.fuzz.graph_laws import text_of
from tests.fuzz.graph_specs import Spec
from tests.fuzz.pass_laws import judge
from tests.fuzz.pass_specs import random_pass_spec
from tests.fuzz.subject import Subject


def passes() -> Subject[Spec]:
    """Specs with much for passes to find."""
    return Subject(_draw, judge, _family, _as_it_is, _as_it_is, text_of)


def _draw(random: Random, number: int) -> Spec:
    return random_pass_spec(random)


def _family(spec: Spec) -> str:
    return "spec"


def _as_it_is(spec: Any) -> Any:
    return spec
