"""Source and Span: a range of characters in a file, and the line and column it stands at."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple


@dataclass(eq=False)
class Source:
    """The text of one file (or of standard input, or of a `--set` option)."""

    name: str
    """As the user wrote it: what diagnostics print."""
    text: str = field(repr=False)
    path: Path | None = None
    """Where it was read from; None for text that is no file."""

    @cached_property
    def lines(self) -> list[str]:
        """The text by line, without line endings."""
        return [line.rstrip("\r") for line in self.text.split("\n")]

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *accumulate(len(line) + 1 for line in self.text.split("\n"))]

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both counted from 1, columns in characters."""
        line = bisect_right(self._starts, offset, hi=len(self._starts) - 1)
        return line, offset - self._starts[line - 1] + 1


class Span(NamedTuple):
    """Characters `start` to `end` (exclusive) of a source."""

    source: Source
    start: int
    end: int

    @property
    def line(self) -> int:
        """The first line, from 1."""
        return self.source.position(self.start)[0]

    @property
    def column(self) -> int:
        """The first column, from 1, in characters."""
        return self.source.position(self.start)[1]

    @property
    def text(self) -> str:
        """The characters themselves."""
        return self.source.text[self.start : self.end]

    def __str__(self) -> str:
        return f"{self.source.name}:{self.line}:{self.column}"
