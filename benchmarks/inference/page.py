"""Page: the tables of `benchmarks/README.md`, each between marks of its own, so that it is replaced by itself."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "README.md"
_END = "<!-- end -->"


class UnmarkedError(ValueError):
    """A page has no place for a table."""


def assert_marked(page: Path, names: Iterable[str], threads: int) -> None:
    """Make sure that a page has a place for tables.

    Raises:
        UnmarkedError: it has not.
    """
    text = page.read_text(encoding="utf-8")
    for name in names:
        _place(text, name, threads)


def put(page: Path, name: str, threads: int, content: str) -> None:
    """Replace a table, as it was measured with so many threads.

    Raises:
        UnmarkedError: there is no place for it.
    """
    text = page.read_text(encoding="utf-8")
    begin, end = _place(text, name, threads)
    page.write_text(f"{text[:begin]}\n\n{content}\n\n{text[end:]}", encoding="utf-8")


def mark(name: str, threads: int) -> str:
    """What stands before a table."""
    return f"<!-- inference: {name}, {threads_text(threads)} -->"


def threads_text(threads: int) -> str:
    """How many they are."""
    return f"{threads} thread{'s' if threads > 1 else ''}"


def _place(text: str, name: str, threads: int) -> tuple[int, int]:
    begin = text.find(mark(name, threads))
    end = text.find(_END, begin)
    if begin < 0 or end < 0:
        raise UnmarkedError(f"there is no place for this table: `{mark(name, threads)}` with `{_END}` after it")
    return begin + len(mark(name, threads)), end
