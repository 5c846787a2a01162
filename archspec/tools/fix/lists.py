"""Edits of lists of items and of branches: take one out, put one in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from archspec.language import values
from archspec.language.values import Mapping
from archspec.tools.fix.attributes import set_entries
from archspec.tools.fix.edits import CannotFixError, Edit
from archspec.tools.fix.layout import (
    begins_line,
    dash_of,
    indent,
    is_flow,
    line_end,
    need_written,
    newline,
    opening,
    without_lines,
)
from archspec.tools.fix.text import Place, Step

_COMMA_AND_REMARK: Final = re.compile(r"[ \t]*,?[ \t]*(#[^\r\n]*)?(?=\r?\n)")


def remove(place: Place) -> Edit:
    """Take an item out of its list, with its line and the remark at its end; a branch of nothing else becomes empty.

    Raises:
        CannotFixError: when it is more than an item that would go.
    """
    if place.is_branch:
        assert isinstance(place.value, Mapping), "branches and heads have names"
        return _without_branch(place.value, place.name, place.steps[-1])
    owner, at = place.owner
    under = place.steps[-2][1]
    if place.stands_for_a_branch and under == "branches":
        return Edit(place.value.start, place.value.end, "[]")
    if isinstance(owner, Mapping):
        if under != "heads":
            raise CannotFixError("it changes an item of the spec that this one extends")
        return _without_branch(owner, str(at), place.steps[-2])
    assert isinstance(at, int), "an item of a list has a position"
    need_written(owner)
    if len(owner.items) == 1:
        return _emptied(owner)
    return _from_flow(owner, at) if is_flow(owner) else _from_block(owner, at)


def append(owner: values.Sequence, item: str) -> Edit:
    """Put an item, in flow style, at the end of a list."""
    need_written(owner)
    if is_flow(owner):
        item = f"{{{item}}}"
        if not owner.items:
            return Edit(opening(owner) + 1, owner.end - 1, item)
        return Edit(owner.items[-1].end, owner.items[-1].end, f", {item}")
    text, last = owner.source.text, owner.items[-1]
    end = line_end(text, last.end)
    return Edit(end, end, f"{newline(owner.source)}{indent(text, dash_of(last))}- {item}")


def as_list(items: Sequence[str]) -> str:
    """Items as a list in place of the one that was all of a branch."""
    if any("\n" in item for item in items):
        raise CannotFixError("it stands alone as a branch, on several lines")
    return f"[{', '.join(item if item.startswith('{') or ':' not in item else f'{{{item}}}' for item in items)}]"


def _without_branch(branches: Mapping, name: str, around: Step) -> Edit:
    """Take a branch or head out, and `heads` with the last of them."""
    outer, key = around
    assert isinstance(outer, Mapping), "`branches` and `heads` are keys"
    is_last_head = key == "heads" and len(branches.entries) == 1
    (edit,) = set_entries(outer, {"heads": None}) if is_last_head else set_entries(branches, {name: None})
    return edit


def _emptied(owner: values.Sequence) -> Edit:
    """An empty list in place of one item, right behind the key or dash that the list belongs to."""
    text = owner.source.text
    if is_flow(owner):
        return Edit(opening(owner), owner.end, "[]")
    ahead = len(text[: owner.start].rstrip())
    if text[ahead - 1] not in ":-":
        raise CannotFixError("there is a remark before its list")
    return Edit(ahead, line_end(text, owner.end), " []")


def _from_block(owner: values.Sequence, at: int) -> Edit:
    text, item = owner.source.text, owner.items[at]
    dash = dash_of(item)
    if begins_line(text, dash):
        return without_lines(text, dash, item.end)
    if at + 1 == len(owner.items):
        raise CannotFixError("it begins in the middle of a line")
    return Edit(dash, dash_of(owner.items[at + 1]), "")


def _from_flow(owner: values.Sequence, at: int) -> Edit:
    text, item = owner.source.text, owner.items[at]
    rest = _COMMA_AND_REMARK.match(text, item.end)
    if begins_line(text, item.start) and rest is not None:
        return without_lines(text, item.start, rest.end())
    if at + 1 < len(owner.items):
        return Edit(item.start, owner.items[at + 1].start, "")
    return Edit(owner.items[at - 1].end, item.end, "")
