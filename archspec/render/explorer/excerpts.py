"""Excerpts: the lines of a spec that an item is written in."""

from __future__ import annotations

from itertools import takewhile
from textwrap import dedent
from typing import Any, Final

from archspec.source.sanitize import brief, visible
from archspec.source.span import Source, Span

_LINES: Final = 16
"""Of an excerpt, at most."""
_LONGEST: Final = 240
"""Characters of a line, at most."""


class Excerpts:
    """Excerpts by number: uses of one block share those of what is in it."""

    def __init__(self) -> None:
        self.found: list[dict[str, Any]] = []
        """File, line of the first one, and text of each."""
        self._numbers: dict[tuple[Source, int], int] = {}

    def number_of(self, span: Span) -> int:
        """The number of the excerpt of the item whose name is at a span."""
        place = (span.source, span.line)
        if place not in self._numbers:
            self._numbers[place] = len(self.found)
            self.found.append({"file": visible(span.source.name), "line": span.line, "text": _text(span)})
        return self._numbers[place]


def _text(span: Span) -> str:
    """The line of a name, and those after it that are further in."""
    first, *rest = span.source.lines[span.line - 1 :]
    lines = [first, *takewhile(lambda line: _is_inside(line, span.column - 1), rest)]
    shown = [brief(line.expandtabs(4), _LONGEST) for line in lines[:_LINES]]
    text = dedent("\n".join(shown)).rstrip()
    return "\n".join(map(visible, text.split("\n"))) + ("\n..." if len(lines) > _LINES else "")


def _is_inside(line: str, indent: int) -> bool:
    """Whether a line belongs to a key at some indent: a list may begin right below its key."""
    text = line.lstrip(" ")
    return not text or len(line) - len(text) > indent or (len(line) - len(text) == indent and text.startswith("-"))
