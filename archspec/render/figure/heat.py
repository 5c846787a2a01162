"""Heat maps: what each box costs or sees, as a share of the most that one of the boxes does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from archspec.analysis.facts import Facts
from archspec.analysis.receptive_field import place_word
from archspec.ir.graph import Node
from archspec.render.figure.theme import Theme
from archspec.render.layout import short

Combine: TypeAlias = Callable[[Iterable[int]], int]


@dataclass(frozen=True, slots=True)
class Heat:
    """A number for each node, and how those of several are one."""

    label: str
    values: Mapping[str, int]
    """By path; nodes whose number is not known are not in it."""
    combine: Combine
    unit: str = ""

    def of(self, nodes: Iterable[Node]) -> int | None:
        """The number of some nodes together; None where none of theirs is known."""
        known = [self.values[node.path] for node in nodes if node.path in self.values]
        return self.combine(known) if known else None

    def text(self, value: int) -> str:
        """A number as a reader is told it: `1.2M`, `299 px`."""
        return f"{short(value) or 0}{self.unit}"


def _macs(facts: Facts) -> Heat:
    counts = {path: count.macs or count.training_macs for path, count in facts.cost.nodes.items()}
    return Heat("MACs", {path: count for path, count in counts.items() if isinstance(count, int)}, sum)


def _parameters(facts: Facts) -> Heat:
    return Heat("parameters", {path: count.parameters for path, count in facts.cost.nodes.items()}, sum)


def _memory(facts: Facts) -> Heat:
    saved = facts.memory.saved if facts.memory is not None else {}
    return Heat("memory saved for the backward pass", saved, sum, "B")


def _receptive_field(facts: Facts) -> Heat:
    seen = facts.receptive_fields
    unit = " px" if any(place_word(len(fields)) == "pixel" for fields in seen.values()) else ""
    values = {path: max(one.largest.size for one in fields) for path, fields in seen.items()}
    return Heat("receptive field", values, max, unit)


def color_of(theme: Theme, share: float) -> tuple[str, str]:
    """The fill of a box, and the colour of its text, where it has a share of the most that a box has."""
    step = min(int(share * len(theme.scale)), len(theme.scale) - 1)
    return theme.scale[step], theme.on_scale[step >= len(theme.scale) / 2]


HEATS: Final[Mapping[str, Callable[[Facts], Heat]]] = {
    "macs": _macs,
    "params": _parameters,
    "memory": _memory,
    "receptive_field": _receptive_field,
}
"""What a figure can be coloured by: MACs and memory are those of one sample."""
