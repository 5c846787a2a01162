"""Averages: of the weights of many steps, evaluated in place of the last ones, as data."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from typing import ClassVar, Final

from archspec.ir.attributes import Fraction
from archspec.recipe.part import Part


class Averaging(Part):
    """Base of every average. It starts from the weights of the first step that it sees."""


class ExponentialMovingAverage(Averaging):
    """Exponential moving average: average = decay * average + (1 - decay) * weights."""

    name: ClassVar[str] = "ema"

    decay: Fraction = 0.9999
    """The share of the average that is kept at each step."""


class Polyak(Averaging):
    """The mean of the weights of all steps (Polyak and Juditsky 1992)."""

    name: ClassVar[str] = "polyak"


AVERAGES: Final[dict[str, type[Averaging]]] = {kind.name: kind for kind in (ExponentialMovingAverage, Polyak)}
"""All averages by name."""
