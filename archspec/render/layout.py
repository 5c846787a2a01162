"""Text in columns, numbers that are short, and bars."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import Final

from archspec.ir.dims import Size
from archspec.ir.types import by
from archspec.source.sanitize import visible

WIDTH: Final = 100
"""Columns that a report takes, at most."""
_LEAST: Final = 40
"""Columns for a fact, however long the labels are."""
_EIGHTHS: Final = " \u258f\u258e\u258d\u258c\u258b\u258a\u2589"
_FULL: Final = "\u2588"
_LONGEST: Final = 9
"""Of the text of a symbolic number."""


def aligned(lines: Sequence[Sequence[str]], to_right: Sequence[bool]) -> str:
    """Lines of cells in columns, the first as heading; `to_right` says of each column whether it holds numbers."""
    widths = [max(len(line[at]) for line in lines) for at in range(len(to_right))]

    def text(cells: Sequence[str]) -> str:
        each = zip(cells, widths, to_right, strict=True)
        return "  ".join(cell.rjust(width) if right else cell.ljust(width) for cell, width, right in each).rstrip()

    head, *body = lines
    return "\n".join([text(head), text(["-" * width for width in widths]), *map(text, body)]) + "\n"


def labelled(facts: Sequence[tuple[str, str]], indent: str = "") -> str:
    """Facts below each other, each behind its label; long ones go on in the next line, below their beginning."""
    width = max(len(label) for label, _ in facts) + 2
    room = max(WIDTH - width - len(indent), _LEAST)
    lines = []
    for label, fact in facts:
        first, *rest = wrap(fact, room, break_long_words=False, break_on_hyphens=False) or [""]
        lines += [f"{label:<{width}}{first}", *(" " * width + line for line in rest)]
    return "".join(f"{indent}{line}".rstrip() + "\n" for line in lines)


def short(number: Size | None) -> str:
    """A number in three digits: `23.8M`; nothing for 0 and None, and symbols cut off where they are long."""
    if not isinstance(number, int):
        text = "" if number is None else str(number)
        return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
    if abs(number) < 1000:
        return str(number or "")
    for power, unit in enumerate("kMGTP", 1):
        value = number / 1000**power
        if abs(value) < 999.5:
            return f"{value:.{3 - len(str(int(abs(value))))}f}{unit}"
    return f"{number:.2e}"


def percent(share: float) -> str:
    """A share as text: `28%`, with a decimal where it is below 10."""
    return f"{share:.0%}" if abs(share) >= 0.0995 or not share else f"{share:.1%}"


def bar(share: float, width: int, ascii_only: bool) -> str:
    """A bar of a length between 0 and `width`, in eighths where blocks can be shown."""
    if ascii_only:
        return "#" * round(share * width)
    whole, eighths = divmod(round(share * width * 8), 8)
    return (_FULL * whole + _EIGHTHS[eighths]).rstrip()


def from_the_end(text: str, width: int, ascii_only: bool) -> str:
    """The end of a path that is too long for its column, behind dots."""
    dots = "..." if ascii_only else "\u2026"
    return text if len(text) <= width else dots + text[len(text) - width + len(dots) :]


def value_text(value: object) -> str:
    """The value of an attribute as specs write it: `3x3`, `[0, 3]`, `true`, `0.17`; `none` where there is none."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        is_size = isinstance(value, tuple) and value and all(isinstance(side, int) and side > 0 for side in value)
        return by(value) if is_size else f"[{', '.join(map(value_text, value))}]"
    is_short = isinstance(value, float) and float(f"{value:g}") == value
    return f"{value:g}" if is_short else visible(str(value))
