"""A value right after an item's name, as in `- dropout: 0.2`: the attribute it sets, or what to write instead."""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import Final

from archspec.frontend.parameters import fits
from archspec.ir.attributes import Accepts
from archspec.ir.op import Op
from archspec.language.fields import is_path
from archspec.language.schema import Body, Item
from archspec.language.values import Entry, Sequence, Value
from archspec.source.diagnostic import Diagnostics

_LONGEST: Final = 60
"""Of characters that a help repeats as they are written."""


def add_shorthand(
    item: Item, target: type[Op] | Body, entries: dict[str, Entry], seen: Iterable[str], found: Diagnostics
) -> None:
    """Put an item's value among its attributes, or report that it needs a name.

    Args:
        item: the item, which has such a value.
        target: what it is a use of.
        entries: takes the attribute.
        seen: the names of what stands around the item, which a value may have meant.
        found: takes the diagnostic.
    """
    value = item.shorthand
    assert value is not None, "there is such a value"
    if not isinstance(target, Body) and target.shorthand is not None:
        entries[target.shorthand] = Entry(target.shorthand, value.source, value.start, value.end, value)
        return
    message = f"`{item.name}` takes no value without a name"
    names = frozenset(seen if not found.crowded else ())
    found.error("item-form", message, value.span, help=_with_a_name(item.name, target, value, names))
    item.broken = True


def _with_a_name(name: str, target: type[Op] | Body, value: Value, seen: Set[str]) -> str:
    """The item as it was most likely meant: its value is what it reads, or the first attribute that may be that."""
    if _names_what_is_read(target, value, seen):
        return f"write `- {name}: {{from: {_written(value)}}}`"
    keys = list(target.params if isinstance(target, Body) else target.model_fields)
    fitting = next((key for key in keys if _may_be(target, key, value)), None)
    if fitting is not None:
        return f"write `- {name}: {{{fitting}: {_written(value)}}}`"
    return f"write `- {name}: {{{keys[0]}: ...}}`" if keys else f"write `- {name}`: it has no attributes"


def _names_what_is_read(target: type[Op] | Body, value: Value, seen: Set[str]) -> bool:
    paths = value.plain if isinstance(value, Sequence) else [value.plain]
    counted = isinstance(value, Sequence) and not isinstance(target, Body) and target.variadic
    return bool(paths) and all(is_path(path) and _is_seen(str(path), seen, counted=counted) for path in paths)


def _is_seen(path: str, seen: Set[str], *, counted: bool) -> bool:
    """Whether a path begins at a name; `counted` lets it begin at the position of an item."""
    first = path.lstrip(".").partition(".")[0]
    return first in seen or (counted and first.isdigit())


def _may_be(target: type[Op] | Body, key: str, value: Value) -> bool:
    if isinstance(target, Body):
        return fits(target.params[key].type, value.plain)
    accepts = (each for each in target.model_fields[key].metadata if isinstance(each, Accepts))
    return any(each.read(value.plain) is not None for each in accepts)


def _written(value: Value) -> str:
    text = value.span.text
    return text if len(text) <= _LONGEST and "\n" not in text else "..."
