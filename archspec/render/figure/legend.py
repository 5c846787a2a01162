"""The head of a figure: its title, what the network costs, and what colours and marks mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import ceil
from typing import Final

from archspec.analysis.cost import Counts
from archspec.analysis.facts import Facts
from archspec.render.figure.boxes import marked_as
from archspec.render.figure.describe import title_lines
from archspec.render.figure.labels import Line, Role, box_label
from archspec.render.figure.markup import Cell, Swatch, cell, filler, height, side_by_side, stacked
from archspec.render.figure.style import MARKS, Style
from archspec.render.figure.theme import WORDS
from archspec.render.figure.view import Figure
from archspec.render.layers import category_of
from archspec.render.layout import short

_IN_A_ROW: Final = 4
"""Entries beside each other, at most: figures are tall and narrow as a rule."""
_IN_A_SCALE: Final = 12
"""The same where they are steps of a scale."""


def captions(drawn: Sequence[tuple[Figure, Style]]) -> list[Cell | None]:
    """What stands above each of several figures, equally high; None where nothing is to."""
    cells = [list(_caption(one, style)) for one, style in drawn]
    most = max(height(some) for some in cells)
    return [stacked([*some, *filler(most - height(some))]) if some else None for some in cells]


def _caption(figure: Figure, style: Style) -> Iterator[Cell]:
    text, muted = style.theme.text, style.theme.muted
    colors: dict[Role, str] = {"heading": text, "plain": text, "small": muted}
    head = []
    if style.has_title:
        lines = [*title_lines(figure), *([Line(style.subtitle, "small")] if style.subtitle else [])]
        head.append(cell(lines, colors, "start"))
    if style.has_legend:
        remarks = [cell([Line(remark, "small")], colors, "start") for remark in _remarks(figure, style)]
        least = max((one.width for one in (*head, *remarks)), default=0)
        yield from (
            *head,
            *side_by_side(
                _rows(list(_entries(figure, style)), _IN_A_ROW if style.heat is None else _IN_A_SCALE), muted, least
            ),
            *remarks,
        )
    else:
        yield from head


def _rows(entries: Sequence[Swatch], most: int) -> list[Sequence[Swatch]]:
    """Entries in rows that are about equally long."""
    rows = ceil(len(entries) / most)
    length = ceil(len(entries) / rows) if rows else 1
    return [entries[at : at + length] for at in range(0, len(entries), length)]


def _entries(figure: Figure, style: Style) -> Iterator[Swatch]:
    """Squares and their words: of the scale of a heat map, or of the categories, then of the marks."""
    theme, boxes = style.theme, list(figure.root.boxes())
    if style.heat is not None:
        *lower, most = theme.scale
        yield from (Swatch(fill, theme.muted, "0" if fill == theme.scale[0] else "") for fill in lower)
        yield Swatch(most, theme.muted, style.heat.text(style.most))
    else:
        there = {category_of(box.part.node) for box in boxes if box.part.node is not None}
        for category, word in WORDS.items():
            if category in there:
                yield Swatch(*theme.paint(category), word)
        if there - WORDS.keys():
            yield Swatch(*theme.other, "other")
        if any(box.part.node is None for box in boxes):
            yield Swatch(*theme.block, "block")
    marked = {marked_as(drawn, style) for drawn in figure.things()}
    yield from (Swatch(theme.background, theme.marks[kind], kind) for kind in MARKS if kind in marked)


def _remarks(figure: Figure, style: Style) -> Iterator[str]:
    boxes = list(figure.root.boxes())
    if style.heat is not None:
        yield f"coloured by {style.heat.label}"
    layers = [box for box in boxes if box.part.node is not None]  # of others, titles are said, which may have a V, too
    if any(" V" in line.text for box in layers for line in box_label(figure.graph, box).lines):
        yield "V: not padded"
    phases = {part.phase for part in (*(box.part for box in boxes), *(frame.part for frame in figure.root.frames()))}
    for phase in ("training", "eval"):
        if phase in phases:
            yield f"dashed: in {phase} mode only"


def costs_text(counts: Iterable[Counts]) -> str:
    """What nodes cost together: `23.8M parameters, 5.71G MACs`."""
    total = sum(counts, Counts())
    parameters = f"{short(total.parameters)} parameters" if total.parameters else ""
    macs = f"{short(total.macs)} MACs" if isinstance(total.macs, int) and total.macs else ""
    return ", ".join(filter(None, (parameters, macs)))


def network_costs(facts: Facts) -> str:
    """What a whole network costs in eval mode."""
    counts = facts.cost.nodes
    return costs_text(counts[path] for path in facts.running["eval"] if path in counts)
