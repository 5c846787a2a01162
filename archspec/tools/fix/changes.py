"""Each kind of change as edits of a text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from archspec.language.values import Mapping, Sequence, Value
from archspec.source.remedy import AppendToBranch, Change, Remedy, RemoveItem, SetAttribute, SplitItem
from archspec.tools.fix.attributes import set_keys
from archspec.tools.fix.edits import CannotFixError, Edit, edited
from archspec.tools.fix.layout import begins_line, dash_of, indent, is_flow, newline
from archspec.tools.fix.lists import append, as_list, remove
from archspec.tools.fix.text import Place, Text

_ONE_ONLY: Final = ("repeat", "each", "share", "tie", "init", "branches", "layers")
"""Keys of an item that several items cannot have in its place."""


def edits_of(remedy: Remedy, text: Text) -> list[Edit]:
    """A remedy as edits of the text, in order.

    Raises:
        CannotFixError: when one of its changes cannot be made in this text.
    """
    return sorted(edit for change in remedy.changes for edit in _EDITS[type(change)](change, text))


def place_of(change: Change, text: Text) -> Place:
    """The item that a change edits.

    Raises:
        CannotFixError: when it is not in this text.
    """
    if isinstance(change, SetAttribute | SplitItem):
        return text.item_with(change.path, change.attribute)[0]
    return text.item(change.path)


def _set_attribute(change: SetAttribute, text: Text) -> list[Edit]:
    place, name = text.item_with(change.path, change.attribute)
    return set_keys(place, {name: change.value})


def _remove_item(change: RemoveItem, text: Text) -> list[Edit]:
    return [remove(text.item(change.path))]


def _split_item(change: SplitItem, text: Text) -> list[Edit]:
    place = place_of(change, text)
    if alone := next((key for key in _ONE_ONLY if place.written(key) is not None), None):
        raise CannotFixError(f"its item has `{alone}`")
    if place.is_branch or not place.steps:
        raise CannotFixError("it is no item of a list")
    source, value = text.source, place.value
    between = _between(change, place) if text.is_item_of(change.path, place) else []
    items: list[str] = []
    for index, part in enumerate(change.parts):
        keys = _keys_of_part(place, index, len(change.parts)) | {
            _called(name, change.path, place, text): written for name, written in part.items()
        }
        items += between if index else []
        items.append(edited(source.text, set_keys(place, keys), value.start, value.end))
    return [Edit(value.start, value.end, _joined(place, items))]


def _between(change: SplitItem, place: Place) -> list[str]:
    """What goes between the new items: in braces where a list is in flow style."""
    if not place.stands_for_a_branch and not is_flow(place.owner[0]):
        return list(change.between)
    return [f"{{{item}}}" if ":" in item else item for item in change.between]


def _keys_of_part(place: Place, index: int, count: int) -> dict[str, str | None]:
    """What only one of the new items keeps: the first what is read, the last the name and what is given."""
    last = index + 1 == count
    keys: dict[str, str | None] = {}
    if index:
        keys |= dict.fromkeys(key for key in ("from", "input") if place.written(key) is not None)
    if not last:
        keys |= dict.fromkeys(key for key in ("output", "after") if place.written(key) is not None)
        given = place.written("id")
        keys |= {"id": f"{given.plain}_{index + 1}"} if given is not None else {}
    return keys


def _called(attribute: str, path: str, place: Place, text: Text) -> str:
    """What an attribute of the node is called at the item that is split."""
    other, name = text.item_with(path, attribute)
    if other.value.start != place.value.start:
        raise CannotFixError(f"`{attribute}` is written at another item")
    return name


def _joined(place: Place, items: list[str]) -> str:
    """Items one after the other, as those around them stand."""
    if place.stands_for_a_branch:
        return as_list(items)
    owner, value = place.owner[0], place.value
    text = value.source.text
    if not is_flow(owner):
        return f"{newline(value.source)}{indent(text, dash_of(value))}- ".join(items)
    ahead = f"{newline(value.source)}{indent(text, value.start)}" if begins_line(text, value.start) else " "
    return f",{ahead}".join(items)


def _append_to_branch(change: AppendToBranch, text: Text) -> list[Edit]:
    place = text.item(change.path)
    branches = place.written("branches")
    parts = (
        branches.items
        if isinstance(branches, Sequence)
        else [entry.value for entry in branches.entries.values()]
        if isinstance(branches, Mapping)
        else []
    )
    if len(parts) != text.input_count(change.path):
        raise CannotFixError("not all of its inputs are branches")
    return [_appended(parts[change.branch], change.item)]


def _appended(branch: Value, item: str) -> Edit:
    """A branch is a list, a mapping with `layers`, or one item alone."""
    layers = branch.get("layers") if isinstance(branch, Mapping) else None
    items = layers if layers is not None else branch
    if isinstance(items, Sequence):
        return append(items, item)
    alone = as_list([branch.source.text[branch.start : branch.end]])
    return Edit(branch.start, branch.end, f"{alone[:-1]}, {{{item}}}]")


_EDITS: Final[dict[type, Callable[[Any, Text], list[Edit]]]] = {
    SetAttribute: _set_attribute,
    RemoveItem: _remove_item,
    SplitItem: _split_item,
    AppendToBranch: _append_to_branch,
}
