"""`extends`: one spec as the changes to another, merged before anything is expanded.

Items are addressed by path and their attributes merged one by one; an item with another op replaces the old one
wholly; `null` removes; lists never merge and nothing is inserted. Every value keeps the file it is written in.
"""

from __future__ import annotations

from archspec.language.validate import did_you_mean
from archspec.language.values import Entry, Mapping, Scalar, Sequence, Value
from archspec.source.diagnostic import Diagnostics

_MERGED = ("params", "defaults", "blocks", "inputs", "heads", "outputs", "checks", "init", "training", "weights")
_OWN = ("extends", "include")
_OF_ONE_NETWORK = ("expect",)
"""Contracts hold of the network that they were written for."""


def merge(base: Mapping, changes: Mapping, found: Diagnostics) -> Mapping:
    """The mapping of the changed spec."""
    entries = {key: entry for key, entry in base.entries.items() if key not in (*_OWN, *_OF_ONE_NETWORK)}
    for key, entry in changes.entries.items():
        old = entries.get(key)
        if key == "extends":
            continue
        if _is_null(entry.value):
            entries.pop(key, None)
        elif key == "layers" and old is not None:
            if isinstance(entry.value, Mapping) and isinstance(old.value, Sequence):
                entries[key] = _with_value(old, _changed_items(old.value, entry.value, found))
            else:
                message = "with `extends`, `layers` is a mapping from the path of an item to its changes"
                found.error(
                    "wrong-value",
                    message,
                    entry.value.span,
                    help="for example `layers: {mixed5: {figure5: {repeat: 4}}}`",
                )
        elif key in _MERGED and old is not None and isinstance(old.value, Mapping) and isinstance(entry.value, Mapping):
            entries[key] = _with_value(entry, _merged(old.value, entry.value))
        else:
            entries[key] = entry
    return Mapping(changes.source, changes.start, changes.end, entries)


def _merged(old: Mapping, new: Mapping) -> Mapping:
    entries = dict(old.entries)
    for key, entry in new.entries.items():
        if _is_null(entry.value):
            entries.pop(key, None)
        else:
            entries[key] = entry
    return Mapping(new.source, new.start, new.end, entries)


def _changed_items(items: Sequence, changes: Mapping, found: Diagnostics) -> Sequence:
    for path, entry in changes.entries.items():
        changed = _change(items, path, entry)
        if changed is None:
            known = _names(items)
            inside = any(path.startswith(f"{name}.") for name in known)
            help_text = None if inside else did_you_mean(path, known)
            help_text = help_text or "a turn of a repeat, or what is inside a block, cannot be addressed"
            found.error(
                "unknown-node", f"the spec that this one extends has no item `{path}`", entry.span, help=help_text
            )
        else:
            items = changed
    removed = {id(entry.value) for entry in changes.entries.values() if _is_null(entry.value)}
    stripped = _without(items, removed) if removed else items
    assert isinstance(stripped, Sequence), "a list without some of its items is a list"
    return stripped


def _without(value: Value, removed: set[int]) -> Value:
    """A value without what was removed, which holds its place until all changes are made: paths are those of before."""
    if isinstance(value, Sequence):
        items = [_without(item, removed) for item in value.items if id(item) not in removed]
        return Sequence(value.source, value.start, value.end, items)
    if isinstance(value, Mapping):
        entries = {key: entry for key, entry in value.entries.items() if id(entry.value) not in removed}
        return _with_entries(value, {key: _with_value(e, _without(e.value, removed)) for key, e in entries.items()})
    return value


def _change(items: Sequence, path: str, entry: Entry) -> Sequence | None:
    """The list with the item at `path` changed, or None when there is no such item."""
    for index, item in enumerate(items.items):
        name = _id_of(item, index)
        if path == name:
            return _replaced(items, index, _changed_item(item, entry.value))
        below = path.removeprefix(f"{name}.") if name and path.startswith(f"{name}.") else path
        inner = _change_inside(item, below, entry, named=below != path)
        if inner is not None:
            return _replaced(items, index, inner)
    return None


def _change_inside(item: Value, path: str, entry: Entry, *, named: bool) -> Value | None:
    """The item with one of its own items changed: in `layers` below its name, in `branches` beside it."""
    if not isinstance(item, Mapping) or len(item.entries) != 1:
        return None
    (use,) = item.entries.values()
    if not isinstance(use.value, Mapping):
        return None
    key = "layers" if named and "layers" in use.value.entries else "branches"
    inside = use.value.entries.get(key)
    if inside is None:
        return None
    changed = (
        _change(inside.value, path, entry)
        if isinstance(inside.value, Sequence) and key == "layers"
        else _change_branch(inside.value, path, entry)
    )
    if changed is None:
        return None
    attributes = {**use.value.entries, key: _with_value(inside, changed)}
    return _with_entries(item, {use.key: _with_value(use, _with_entries(use.value, attributes))})


def _change_branch(branches: Value, path: str, entry: Entry) -> Value | None:
    if isinstance(branches, Sequence):
        for index, branch in enumerate(branches.items):
            changed = _change(branch, path, entry) if isinstance(branch, Sequence) else None
            if changed is not None:
                return Sequence(
                    branches.source,
                    branches.start,
                    branches.end,
                    [*branches.items[:index], changed, *branches.items[index + 1 :]],
                )
    if isinstance(branches, Mapping):
        name, _, below = path.partition(".")
        branch_entry = branches.entries.get(name)
        if branch_entry is not None:
            old = branch_entry.value
            new = (
                _change(old, below, entry)
                if below and isinstance(old, Sequence)
                else _changed_item(old, entry.value)
                if not below
                else None
            )
            if new is not None:
                return _with_entries(branches, {**branches.entries, name: _with_value(branch_entry, new)})
    return None


def _changed_item(old: Value, new: Value) -> Value:
    old_use, new_use = _use_of(old), _use_of(new)
    if old_use is None or new_use is None or old_use[0] != new_use[0]:
        return new
    old_entry, new_entry = old_use[1], new_use[1]
    if new_entry is None or not isinstance(new_entry.value, Mapping):
        return new
    attributes = old_entry.value if old_entry is not None and isinstance(old_entry.value, Mapping) else None
    merged = _merged(attributes, new_entry.value) if attributes else new_entry.value
    holder = old_entry or new_entry
    assert isinstance(new, Mapping), "an item with attributes is a mapping"
    return _with_entries(new, {holder.key: _with_value(holder, merged)})


def _use_of(item: Value) -> tuple[str, Entry | None] | None:
    if isinstance(item, Scalar):
        return str(item.value), None
    if isinstance(item, Mapping) and len(item.entries) == 1:
        (entry,) = item.entries.values()
        return entry.key, entry
    return None


def _id_of(item: Value, index: int) -> str:
    use = _use_of(item)
    if use and use[1] is not None and isinstance(use[1].value, Mapping):
        given = use[1].value.get("id")
        if given is not None:
            return str(given.plain)
    return str(index)


def _names(items: Sequence) -> list[str]:
    return [_id_of(item, index) for index, item in enumerate(items.items)]


def _is_null(value: Value) -> bool:
    return isinstance(value, Scalar) and value.value is None


def _with_value(entry: Entry, value: Value) -> Entry:
    return Entry(entry.key, entry.source, entry.start, entry.end, value)


def _with_entries(mapping: Mapping, entries: dict[str, Entry]) -> Mapping:
    return Mapping(mapping.source, mapping.start, mapping.end, entries)


def _replaced(items: Sequence, index: int, new: Value) -> Sequence:
    return Sequence(items.source, items.start, items.end, [*items.items[:index], new, *items.items[index + 1 :]])
