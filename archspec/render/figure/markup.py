"""Text as Graphviz takes it: HTML-like labels whose cells have the size that we measured, not the one it finds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from math import ceil
from typing import Final, Literal, NamedTuple, TypeAlias

from archspec.render.figure.labels import Line, Role
from archspec.render.figure.metrics import text_width
from archspec.source.sanitize import brief, visible

SIZES: Final[Mapping[Role, float]] = {"heading": 11.0, "plain": 11.0, "small": 9.0}
"""The size of each kind of line, in points."""
Side: TypeAlias = Literal["start", "middle"]
PLACES: Final[Mapping[Side, str]] = {"start": "#01020301", "middle": "#01020401"}
"""Backgrounds that nobody can see, behind every text: Graphviz sets text for the font that it finds, and these tell
where text has its place."""
LONGEST: Final = 120
"""Characters of a line; what is longer is cut off."""
_LEADING: Final = 1.28


class Cell(NamedTuple):
    """Text as a label, and the room it takes in points."""

    markup: str
    width: int
    height: int


class Swatch(NamedTuple):
    """A square of a legend, and the word behind it."""

    fill: str
    line: str
    word: str


def shown(text: str) -> str:
    """Text of a spec made safe for every format: one line, no control characters, not too long."""
    return brief(visible(text), LONGEST).strip() or " "


def cell(lines: Sequence[Line], colors: Mapping[Role, str], side: Side = "middle") -> Cell:
    """Lines below each other."""
    rows = [Line(shown(line.text), line.role) for line in lines]
    heights = [ceil(SIZES[row.role] * _LEADING) for row in rows]
    width = ceil(max((text_width(row.text, SIZES[row.role], row.role == "heading") for row in rows), default=0))
    body = "".join(
        f"<TR>{_text_cell(width, height, side, _line(row, colors))}</TR>"
        for row, height in zip(rows, heights, strict=True)
    )
    return Cell(_table(body), width, sum(heights))


def label(found: Cell) -> str:
    """A cell as the value of a `label` attribute."""
    return f"<{found.markup}>"


def side_by_side(rows: Sequence[Sequence[Swatch]], color: str, least: int) -> list[Cell]:
    """Rows of small squares, each with a word behind it; all rows as wide as the widest, so that they begin alike."""
    size = SIZES["small"]
    rooms = [[ceil(text_width(swatch.word, size)) + 10 if swatch.word else 0 for swatch in row] for row in rows]
    width = max(least, *(sum(row) + 14 * len(row) for row in rooms)) if rows else least
    cells = []
    for row, room in zip(rows, rooms, strict=True):
        body = "".join(
            f'<TD FIXEDSIZE="TRUE" WIDTH="10" HEIGHT="10" BORDER="1" COLOR="{swatch.line}" BGCOLOR="{swatch.fill}">'
            "</TD>"
            '<TD FIXEDSIZE="TRUE" WIDTH="4" HEIGHT="14"></TD>'
            f"{_text_cell(wide, 14, 'start', _font(swatch.word, size, color)) if swatch.word else ''}"
            for swatch, wide in zip(row, room, strict=True)
        )
        rest = width - sum(room) - 14 * len(row)
        empty = f'<TD FIXEDSIZE="TRUE" WIDTH="{rest}" HEIGHT="14"></TD>' if rest else ""
        cells.append(
            Cell(_table(f"<TR>{body}{empty}</TR>", f' FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="14"'), width, 14)
        )
    return cells


def stacked(cells: Sequence[Cell]) -> Cell:
    """Cells below each other, all at the left."""
    body = "".join(f'<TR><TD ALIGN="LEFT" HEIGHT="{one.height + 2}">{one.markup}</TD></TR>' for one in cells)
    return Cell(_table(body), max(one.width for one in cells), height(cells))


def height(cells: Iterable[Cell]) -> int:
    """Of cells below each other."""
    return sum(one.height + 2 for one in cells)


def filler(room: int) -> list[Cell]:
    """A cell with nothing in it that takes some height; none where there is no room for one."""
    if room <= 2:
        return []
    body = f'<TR><TD FIXEDSIZE="TRUE" WIDTH="1" HEIGHT="{room - 2}"></TD></TR>'
    return [Cell(_table(body), 1, room - 2)]


def _table(body: str, size: str = "") -> str:
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0"{size}>{body}</TABLE>'


def _text_cell(width: int, height: int, side: Side, text: str) -> str:
    align = "LEFT" if side == "start" else "CENTER"
    return (
        f'<TD FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="{height}" ALIGN="{align}" BGCOLOR="{PLACES[side]}">{text}</TD>'
    )


def _line(line: Line, colors: Mapping[Role, str]) -> str:
    text = _font(line.text, SIZES[line.role], colors[line.role])
    return f"<B>{text}</B>" if line.role == "heading" else text


def _font(text: str, size: float, color: str) -> str:
    written = escape(text, quote=False).replace("\\", r"\\")  # in labels `\N` is the name of the node
    return f'<FONT POINT-SIZE="{size:g}" COLOR="{color}">{written}</FONT>'
