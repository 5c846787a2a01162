"""How a text is laid out around its values: lines, indentation, flow and block style."""

from __future__ import annotations

import re
from typing import Final

from archspec.language.values import Entry, Mapping, Sequence, Value
from archspec.source.span import Source
from archspec.tools.fix.edits import CannotFixError, Edit

_PROPERTIES: Final = re.compile(r"(?:[&!]\S*\s+)*")
_ALIAS: Final = re.compile(r"\s*:\s*\*[^\s,\[\]{}]+")


def opening(value: Value) -> int:
    """Where a value itself begins, behind its anchor."""
    found = _PROPERTIES.match(value.source.text, value.start)
    return found.end() if found else value.start


def is_flow(value: Value) -> bool:
    """Whether it is a list or mapping in brackets."""
    return isinstance(value, Mapping | Sequence) and value.source.text[opening(value)] in "[{"


def newline(source: Source) -> str:
    """How the lines of a text end."""
    return "\r\n" if "\r\n" in source.text else "\n"


def line_start(text: str, offset: int) -> int:
    """Where the line of an offset begins."""
    return text.rfind("\n", 0, offset) + 1


def line_end(text: str, offset: int) -> int:
    """Where the line of an offset ends, before its line break."""
    end = text.find("\n", offset)
    end = len(text) if end < 0 else end
    return end - 1 if end > offset and text[end - 1] == "\r" else end


def indent(text: str, offset: int) -> str:
    """As many spaces as there are characters before an offset in its line."""
    return " " * (offset - line_start(text, offset))


def begins_line(text: str, offset: int) -> bool:
    """Whether there is nothing but space before an offset in its line."""
    return not text[line_start(text, offset) : offset].strip()


def without_lines(text: str, start: int, end: int) -> Edit:
    """Take out the whole lines from one offset to another."""
    first, last = line_start(text, start), text.find("\n", end)
    if last >= 0:
        return Edit(first, last + 1, "")
    return Edit(line_end(text, max(first - 2, 0)) if first else 0, len(text), "")


def end_of(entry: Entry) -> int:
    """Where what is written behind a key ends: its value, or the alias of one that stands elsewhere."""
    if entry.value.start >= entry.end and entry.source is entry.value.source:
        found = _ALIAS.match(entry.source.text, entry.end)
        return found.end() if found else max(entry.value.end, entry.end)
    found = _ALIAS.match(entry.source.text, entry.end)
    if found is None:
        raise CannotFixError(f"`{entry.key}` is not written where it is used")
    return found.end()


def dash_of(item: Value) -> int:
    """Where the `-` of an item in block style stands."""
    text = item.source.text
    dash = len(text[: item.start].rstrip()) - 1
    if dash < 0 or text[dash] != "-":
        raise CannotFixError("there is a remark between its `-` and itself")
    return dash


def need_written(items: Sequence) -> None:
    """Refuse a list that repeats what is written elsewhere: its items cannot be told by their places."""
    places = [items.start, *(offset for item in items.items for offset in (item.start, item.end)), items.end]
    if places != sorted(places):
        raise CannotFixError("its list has an alias")
