"""How a figure looks: what the reader may choose, and what is marked in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from archspec.analysis.cost import Counts
from archspec.render.figure.choices import Content, Direction, Shapes
from archspec.render.figure.heat import Heat
from archspec.render.figure.theme import THEMES, Theme

MARKS: Final = ("error", "removed", "added", "changed", "renamed", "warning", "note", "highlight", "reshaped")
"""The kinds of marks, the strongest first: a box that stands for several nodes has the strongest of theirs."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that is to be seen at once: a mistake, a finding, a difference."""

    kind: str
    """One of `MARKS`."""
    text: str
    """What a reader is told who points at it."""


@dataclass(frozen=True, slots=True)
class Style:
    """The choices; the defaults are those of `archspec render`."""

    theme: Theme = THEMES["light"]
    direction: Direction = "down"
    font: str = "Helvetica,Arial,sans-serif"
    shapes: Shapes = "hwc"
    content: Content = "paper"
    has_title: bool = True
    has_legend: bool = True
    marks: Mapping[str, tuple[Mark, ...]] = field(default_factory=dict)
    """By path of the node or scope."""
    heat: Heat | None = None
    most: int = 1
    """What the end of the scale of a heat map stands for."""
    costs: Mapping[str, Counts] = field(default_factory=dict)
    """What boxes say of costs, by path of the node."""
    subtitle: str = ""

    def marks_of(self, paths: Iterable[str]) -> list[Mark]:
        """The marks of some nodes and scopes, the strongest first, each once."""
        found = dict.fromkeys(mark for path in paths for mark in self.marks.get(path, ()))
        return sorted(found, key=lambda mark: MARKS.index(mark.kind))
