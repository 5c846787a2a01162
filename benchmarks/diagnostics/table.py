"""The table as Markdown, and all that was said, cell by cell."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping

from benchmarks.diagnostics.mistakes import MISTAKES
from benchmarks.diagnostics.verdict import LEGEND, Cell, score

Columns = Mapping[str, Mapping[str, Cell]]
"""The cells of each peer by mistake."""


def table(columns: Columns) -> Iterator[str]:
    """The lines of the table, with the scores below."""
    rows = [[mistake.title, *(str(cells[mistake.name]) for cells in columns.values())] for mistake in MISTAKES]
    scores = ["**as it should be**", *(f"**{score(list(cells.values()))}**" for cells in columns.values())]
    yield _row(["mistake", *columns])
    yield _row(["---"] * (len(columns) + 1))
    yield from map(_row, [*rows, scores])


def legend(columns: Columns) -> Iterator[str]:
    """What the grades mean that stand in the table."""
    used = {cell.grade for cells in columns.values() for cell in cells.values()}
    for grade, meaning in LEGEND.items():
        if grade in used:
            yield f"- `{grade}`: {meaning}"


def details(columns: Columns) -> Iterator[str]:
    """What each peer said to each mistake, word by word."""
    for name, cells in columns.items():
        for mistake in MISTAKES:
            cell = cells[mistake.name]
            yield f"\n## {name}: {mistake.title}: {cell}\n"
            yield textwrap.indent(cell.said or "(nothing)", "    ")


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
