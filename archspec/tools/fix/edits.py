"""Edits of a text, and where its characters stand after them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class CannotFixError(Exception):
    """A remedy that is not made; the text says why in a few words."""


class Edit(NamedTuple):
    """Characters `start` to `end` (exclusive) give way to a text."""

    start: int
    end: int
    text: str


def edited(text: str, edits: Iterable[Edit], start: int = 0, end: int | None = None) -> str:
    """The characters `start` to `end` of a text after the edits among them; all others stay as they are.

    Raises:
        CannotFixError: when two edits change the same characters.
    """
    pieces, at = [], start
    for edit in sorted(edits):
        if edit.start < at:
            raise CannotFixError("its changes overlap")
        pieces += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*pieces, text[at:end]])


def after(offset: int, edits: Iterable[Edit]) -> tuple[int, int]:
    """Where a character stands after the edits, as a range: what it was replaced by, where that is more or less."""
    shift = 0
    for edit in sorted(edits):
        if edit.start <= offset < edit.end:
            return edit.start + shift, edit.start + shift + len(edit.text)
        if edit.start <= offset:
            shift += len(edit.text) - (edit.end - edit.start)
    return offset + shift, offset + shift + 1


def before(offset: int, edits: Iterable[Edit]) -> int:
    """Where a character stood before the edits; for a new one, where it was put."""
    shift = 0
    for edit in sorted(edits):
        if offset < edit.start + shift:
            break
        if offset < edit.start + shift + len(edit.text):
            return edit.start
        shift += len(edit.text) - (edit.end - edit.start)
    return offset - shift
