"""Edits of the attributes and keys of an item, in the style that it is written in."""

from __future__ import annotations

from collections.abc import Mapping as AnyMapping
from typing import TypeAlias

from archspec import ops
from archspec.language.values import Entry, Mapping, Scalar, Sequence
from archspec.tools.fix.edits import CannotFixError, Edit
from archspec.tools.fix.layout import begins_line, end_of, indent, is_flow, line_end, newline, opening, without_lines
from archspec.tools.fix.text import Place

Changes: TypeAlias = AnyMapping[str, str | None]
"""Key to its new value as YAML; None takes the key out."""


def set_keys(place: Place, changes: Changes) -> list[Edit]:
    """Give an item these values: `- relu`, `- max_pool: 3`, `- conv: {kernel: 3}` or a mapping in block style.

    Raises:
        CannotFixError: when its form has no room for them.
    """
    if isinstance(place.value, Scalar):
        return _set_of_bare(place, place.value, _pairs(changes))
    value = place.attributes
    if isinstance(value, Mapping):
        return set_entries(value, changes)
    (entry,) = place.value.entries.values()
    return _set_of_shorthand(entry, changes)


def set_entries(mapping: Mapping, changes: Changes) -> list[Edit]:
    """Change, add and take out keys of a mapping."""
    entries = list(mapping.entries.values())
    kept = [entry for entry in entries if changes.get(entry.key, "") is not None]
    added = {key: text for key, text in changes.items() if text is not None and key not in mapping.entries}
    if not kept and is_flow(mapping):
        return [Edit(opening(mapping) + 1, mapping.end - 1, _pairs(added))]
    if not kept:
        raise CannotFixError("nothing would be left of its attributes")
    edits = [_replaced(entry, text) for entry in kept if (text := changes.get(entry.key)) is not None]
    edits += _without(entries, kept) if is_flow(mapping) else _without_lines_of(entries, kept)
    if added:
        edits.append(_added(mapping, kept[-1], added))
    return edits


def _pairs(changes: Changes) -> str:
    return ", ".join(f"{key}: {text}" for key, text in changes.items() if text is not None)


def _set_of_bare(place: Place, value: Scalar, pairs: str) -> list[Edit]:
    if not pairs:
        return []
    if not place.stands_for_a_branch and not place.in_flow:
        return [Edit(value.end, value.end, f": {{{pairs}}}")]
    return [Edit(value.start, value.start, "{"), Edit(value.end, value.end, f": {{{pairs}}}}}")]


def _set_of_shorthand(entry: Entry, changes: Changes) -> list[Edit]:
    """`- max_pool: 3`: the value is that of the attribute that needs no name."""
    op, value = ops.find(entry.key), entry.value
    if op is None or op.shorthand is None or (isinstance(value, Sequence) and not is_flow(value)):
        raise CannotFixError(f"`{entry.key}` has no attributes by name here")
    others = {key: text for key, text in changes.items() if key != op.shorthand}
    own = changes.get(op.shorthand)
    edits = [Edit(value.start, value.end, own)] if own is not None else []
    if pairs := _pairs(others):
        edits.append(Edit(value.start, value.start, f"{{{op.shorthand}: "))
        edits.append(Edit(value.end, value.end, f", {pairs}}}"))
    return edits


def _replaced(entry: Entry, text: str) -> Edit:
    value = entry.value
    if not entry.end <= value.start or end_of(entry) != value.end:
        raise CannotFixError(f"`{entry.key}` is written as an alias")
    return Edit(value.start, value.end, text if value.end > value.start else f" {text}")


def _added(mapping: Mapping, last: Entry, added: Changes) -> Edit:
    end = end_of(last)
    if is_flow(mapping):
        return Edit(end, end, f", {_pairs(added)}")
    text, first = mapping.source.text, next(iter(mapping.entries.values()))
    if not begins_line(text, first.start):
        raise CannotFixError("its attributes begin in the middle of a line")
    lines = [
        f"{newline(mapping.source)}{indent(text, first.start)}{_pairs({key: value})}" for key, value in added.items()
    ]
    return Edit(line_end(text, end), line_end(text, end), "".join(lines))


def _without(entries: list[Entry], kept: list[Entry]) -> list[Edit]:
    """Take out entries in flow style, each with the comma on the side of what is kept."""
    edits, seen_kept = [], False
    for index, entry in enumerate(entries):
        if entry in kept:
            seen_kept = True
        elif seen_kept:
            edits.append(Edit(end_of(entries[index - 1]), end_of(entry), ""))
        else:
            edits.append(Edit(entry.start, entries[index + 1].start, ""))
    return edits


def _without_lines_of(entries: list[Entry], kept: list[Entry]) -> list[Edit]:
    removed = [entry for entry in entries if entry not in kept]
    if any(not begins_line(entry.source.text, entry.start) for entry in removed):
        raise CannotFixError("a key to take out begins in the middle of a line")
    return [without_lines(entry.source.text, entry.start, end_of(entry)) for entry in removed]
