"""Totals: what two networks cost, see and take as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from archspec.analysis.facts import Facts
from archspec.analysis.receptive_field import place_word
from archspec.ir.collector import collector_paused
from archspec.ir.dims import Size, unless_too_long
from archspec.ir.graph import PHASES, Phase

Unit: TypeAlias = Literal["numbers", "operations", "bytes", "pixels", "places", "size"]


@dataclass(frozen=True, slots=True)
class Total:
    """One measure of both networks."""

    name: str
    """`parameters`, `MACs`, `MACs in training`, `smallest H in training`."""
    unit: Unit
    before: Size | None
    """Symbolic where a side is; None where it is not known, or where no input has such a size."""
    after: Size | None

    @property
    def difference(self) -> Size | None:
        """How much more the second network has; None where one of the two is not known."""
        if self.before is None or self.after is None:
            return None
        before, after = self.before, self.after
        return unless_too_long(lambda: after - before)


def totals(before: Facts, after: Facts) -> tuple[Total, ...]:
    """The measures of both networks; those in training mode where they are others than in eval mode."""
    with collector_paused():
        ones, others = dict(_measures(before)), dict(_measures(after))
    found = {name: Total(*name, ones.get(name), others.get(name)) for name in dict.fromkeys((*ones, *others))}
    return tuple(total for total in found.values() if not _is_repeated(total, list(found.values())))


def _is_repeated(total: Total, every: list[Total]) -> bool:
    """Whether one in training mode is the same as in eval mode, in both networks."""
    name = total.name.removesuffix(" in training")
    return any(
        one.name == name != total.name and (one.before, one.after) == (total.before, total.after) for one in every
    )


def _measures(facts: Facts) -> Iterator[tuple[tuple[str, Unit], Size | None]]:
    counts, memory = facts.cost.total, facts.memory
    yield ("parameters", "numbers"), counts.parameters
    yield ("buffers", "numbers"), counts.buffers
    yield ("MACs", "operations"), counts.macs
    yield ("MACs in training", "operations"), counts.training_macs
    yield ("peak memory", "bytes"), memory.inference.peak if memory is not None else None
    yield ("saved for training", "bytes"), memory.saved_in[""] if memory is not None else None
    sees = [field.largest.size for field in facts.receptive_field]
    yield ("receptive field", _seen(facts)), max(sees, default=None)
    for phase in reversed(PHASES):
        yield from _smallest(facts, phase)


def _seen(facts: Facts) -> Unit:
    """What receptive fields are counted in."""
    axes = max(given.type.rank for given in facts.graph.inputs.values()) - 2
    return "places" if place_word(axes) == "place" else "pixels"


def _smallest(facts: Facts, phase: Phase) -> Iterator[tuple[tuple[str, Unit], Size | None]]:
    for sizes in facts.input_sizes[phase]:
        where = " in training" if phase == "training" else ""
        for name in sizes.symbols:
            yield (f"smallest {name}{where}", "size"), sizes.minimum
