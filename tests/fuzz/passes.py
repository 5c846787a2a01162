"""Passes as a subject."""

from __future__ import annotations

from random import Random

from tests.fuzz.graph_specs import Spec
from tests.fuzz.graphs import of_specs
from tests.fuzz.pass_laws import judge
from tests.fuzz.pass_specs import random_pass_spec
from tests.fuzz.subject import Subject


def passes() -> Subject[Spec]:
    """Specs with much for passes to find."""
    return of_specs(_draw, judge)


def _draw(random: Random, number: int) -> Spec:
    return random_pass_spec(random)
