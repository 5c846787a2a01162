"""Lines of a file with marks under them, in the manner of rustc: cropped, escaped, measured in terminal columns."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from archspec.source.sanitize import visible
from archspec.source.span import Source, Span

_TAB = 4
_GUTTER = "1;34"
_CONTEXT = 12
"""Columns to leave on both sides of a mark, at least, in a line that is cropped."""
_ALIGN_WITHIN = 24
"""Captions of different lines start in one column when their marks end within so many columns of each other."""


@dataclass(frozen=True, slots=True)
class Style:
    """How text goes to its reader."""

    color: bool
    width: int
    ascii_only: bool

    def paint(self, text: str, color: str) -> str:
        """The text in an ANSI colour; spaces before and after it, and empty text, stay as they are."""
        core = text.strip(" ")
        return text.replace(core, f"\x1b[{color}m{core}\x1b[0m", 1) if self.color and core else text

    def text(self, text: str) -> str:
        """Text from a spec, safe to print."""
        text = visible(text)
        return text.encode("ascii", "backslashreplace").decode("ascii") if self.ascii_only else text

    @property
    def ellipsis(self) -> str:
        """Stands for what was cropped."""
        return "..." if self.ascii_only else "…"


@dataclass(frozen=True, slots=True)
class Mark:
    """A place to underline, and what to write there."""

    span: Span
    caption: str
    sign: str
    color: str


@dataclass(frozen=True, slots=True)
class _Window:
    """The part of a line that is shown."""

    text: str
    begin: int
    """Characters left out before it."""
    edges: list[int]
    """The column in which each character starts, and the one after the last."""

    def underline(self, mark: Mark, first: int, last: int) -> _Underline:
        """The columns under the characters `first` to `last` (exclusive), one at least."""
        left, right = (self.edges[min(max(place - self.begin, 0), len(self.edges) - 1)] for place in (first, last))
        return _Underline(left, max(right, left + 1), mark)


@dataclass(frozen=True, slots=True)
class _Underline:
    """A mark in the columns of a cropped line."""

    start: int
    end: int
    mark: Mark


@dataclass(frozen=True, slots=True)
class _Row:
    """One line to show, and its underlines from left to right."""

    number: int
    text: str
    underlines: list[_Underline]


def snippet(source: Source, marks: list[Mark], margin: int, style: Style) -> Iterator[str]:
    """The lines with marks, a line alone between two of them, and `...` for more.

    Args:
        source: The file that all marks are in.
        marks: In the order of the text.
        margin: Columns for the line number.
        style: Width, colour and alphabet.
    """
    available = max(style.width - margin - 3, 4 * _CONTEXT)
    bar = style.paint(" " * (margin + 1) + "|", _GUTTER)
    rows = [
        row
        for number, group in groupby(marks, key=lambda mark: mark.span.line)
        for row in _rows(source, number, list(group), available, style)
    ]
    column = _caption_column(rows)
    previous = rows[0].number
    for row in rows:
        if row.number == previous + 2:
            between = _window(source.lines[previous], 0, 0, available, style)
            yield _numbered(previous + 1, between.text, margin, style)
        elif row.number > previous + 2:
            yield "..."
        previous = row.number
        yield _numbered(row.number, row.text, margin, style)
        for line in _under(row, column, style):
            yield f"{bar} {line}"


def _numbered(number: int, text: str, margin: int, style: Style) -> str:
    return f"{style.paint(f'{number:>{margin}} |', _GUTTER)} {text}"


def _rows(source: Source, number: int, marks: list[Mark], available: int, style: Style) -> Iterator[_Row]:
    """The line once, or once for each group of marks that fits in the width together."""
    line = source.lines[number - 1]
    length = len(line.rstrip())
    placed: list[tuple[int, int, Mark]] = []
    for mark in marks:
        first = source.position(mark.span.start)[1] - 1
        placed.append((first, min(first + mark.span.end - mark.span.start, length), mark))
    while placed:
        first = placed[0][0]
        together = [item for item in placed if item[1] - first <= available - 2 * _CONTEXT] or placed[:1]
        placed = [item for item in placed if item not in together]
        window = _window(line, first, max(last for _, last, _ in together), available, style)
        yield _Row(number, window.text, [window.underline(mark, start, end) for start, end, mark in together])


def _window(line: str, first: int, last: int, available: int, style: Style) -> _Window:
    """The line, or when it is too long the part of it around the characters `first` to `last`."""
    dots = style.ellipsis
    fits = len(line) <= available and sum(_width(text) for text in _shown(line, style)) <= available
    begin = 0
    if not fits and last > available - _CONTEXT:
        begin = max(0, min(first - _CONTEXT, len(line) - available + 2 * len(dots)))
    room = available if fits else available - len(dots)
    text = dots if begin else ""
    edges = [len(text)]
    for shown in _shown(line[begin : begin + available], style):
        width = _width(shown)
        if edges[-1] + width > room:
            break
        text += shown
        edges.append(edges[-1] + width)
    cropped = begin + len(edges) - 1 < len(line)
    return _Window(text + dots if cropped else text, begin, edges)


def _shown(line: str, style: Style) -> Iterator[str]:
    """Each character as it is displayed: tabs as spaces, what a terminal would act on as escapes."""
    column = 0
    for character in line:
        shown = " " * (_TAB - column % _TAB) if character == "\t" else style.text(character)
        column += _width(shown)
        yield shown


def _width(text: str) -> int:
    """Columns in a terminal: two for East Asian wide characters and emoji, none for combining ones."""
    if text.isascii():
        return len(text)
    return sum(
        0
        if unicodedata.category(character) in ("Mn", "Me", "Cf")
        else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )


def _caption_column(rows: list[_Row]) -> int:
    """The column in which the captions of a frame start; 0 when each starts after its own mark."""
    ends = [row.underlines[-1].end for row in rows]
    if any(len(row.underlines) > 1 for row in rows) or max(ends) - min(ends) > _ALIGN_WITHIN:
        return 0
    return max(ends)


def _under(row: _Row, column: int, style: Style) -> Iterator[str]:
    """The underlines of a row with the caption of the last; below, the other captions, with bars up to their marks."""
    yield _signs(row.underlines, style) + _last_caption(row.underlines, column, style)
    waiting = [underline for underline in row.underlines[:-1] if underline.mark.caption]
    if waiting:
        yield _bars(waiting, style)
    while waiting:
        last = waiting.pop()
        bars = _bars([underline for underline in waiting if underline.start < last.start], style)
        width = max((underline.start + 1 for underline in waiting if underline.start < last.start), default=0)
        yield bars + " " * (last.start - width) + style.paint(style.text(last.mark.caption), last.mark.color)


def _signs(underlines: list[_Underline], style: Style) -> str:
    """`---- ^^^^`: where two overlap, the primary one is seen."""
    cells: list[tuple[str, str]] = [(" ", "")] * max(underline.end for underline in underlines)
    for underline in sorted(underlines, key=lambda underline: underline.mark.sign == "^"):
        cells[underline.start : underline.end] = [(underline.mark.sign, underline.mark.color)] * (
            underline.end - underline.start
        )
    runs = (("".join(sign for sign, _ in run), color) for color, run in groupby(cells, key=lambda cell: cell[1]))
    return "".join(style.paint(text, color) for text, color in runs)


def _last_caption(underlines: list[_Underline], column: int, style: Style) -> str:
    last = underlines[-1]
    if not last.mark.caption:
        return ""
    end = max(underline.end for underline in underlines)
    return " " * (max(column - end, 0) + 1) + style.paint(style.text(last.mark.caption), last.mark.color)


def _bars(underlines: list[_Underline], style: Style) -> str:
    line, width = "", 0
    for underline in underlines:
        if underline.start >= width:
            line += " " * (underline.start - width) + style.paint("|", underline.mark.color)
            width = underline.start + 1
    return line
