"""`if`, `repeat` and `each`: whether an item stands, and how often, decided by parameters and never by shapes."""

from __future__ import annotations

from typing import Any

from archspec.frontend.budget import Budget
from archspec.frontend.closures import evaluate, is_deferred
from archspec.frontend.instances import ListContext
from archspec.language.fields import IdRange
from archspec.language.schema import Item
from archspec.language.validate import shown
from archspec.language.values import Mapping
from archspec.source.diagnostic import Diagnostics
from archspec.source.span import Span


def decide(condition: Any, span: Span, context: ListContext, found: Diagnostics) -> bool:
    """Whether an `if` holds; true after reporting that it cannot be decided."""
    value = evaluate(condition, span, context, found, context.origin)
    if is_deferred(value):
        _report_dims("if", span, context, found)
    elif value is not None and not isinstance(value, bool):
        message = f"`if` is {shown(value)}; expected true or false"
        help_text = "compare it with something, as in `$(width > 64)`"
        found.error("wrong-value", message, span, help=help_text, origin=context.origin)
    return value is not False


def turns_of(item: Item, context: ListContext, budget: Budget, found: Diagnostics) -> list[dict[str, Any]] | None:
    """The attributes that differ in each turn of an item, or None for an item that stands once."""
    keys = item.keys
    if keys.repeat is None and keys.each is None:
        return [{} for _ in keys.id.names()] if isinstance(keys.id, IdRange) else None
    count = _repeat_count(item, context, found) if keys.repeat is not None else None
    columns = _each_columns(item, context, found)
    lengths = {f"`{name}` has {len(column)} values": len(column) for name, column in columns.items()}
    if count is not None:
        lengths[f"`repeat` is {count}"] = count
    if len(set(lengths.values())) > 1:
        message = f"`each` needs one value for each turn, but {', '.join(lengths)}"
        found.error("turns-differ", message, item.entries["each"].span, origin=context.origin)
    turns = min(lengths.values(), default=1)
    budget.check(turns * context.multiplicity * max(1, budget.least_of_item(item, turns=1)), item.span)
    return [{name: column[turn] for name, column in columns.items()} for turn in range(turns)]


def _repeat_count(item: Item, context: ListContext, found: Diagnostics) -> int:
    span = item.entries["repeat"].value.span
    count = evaluate(item.keys.repeat, span, context, found, context.origin)
    if is_deferred(count):
        _report_dims("repeat", span, context, found)
    elif isinstance(count, int) and not isinstance(count, bool) and count >= 0:
        return count
    elif count is not None:
        message = f"`repeat` is {shown(count)}; expected a whole number of at least 0"
        found.error("wrong-value", message, span, origin=context.origin)
    return 1


def _each_columns(item: Item, context: ListContext, found: Diagnostics) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {}
    written = item.entries["each"].value if item.keys.each else None
    for name, given in (item.keys.each or {}).items():
        span = written.entries[name].value.span if isinstance(written, Mapping) else item.span
        column = evaluate(given, span, context, found, context.origin)
        if isinstance(column, list | tuple):
            columns[name] = list(column)
        elif column is not None:
            message = f"`{name}` is {shown(column)}; expected a list with a value for each turn"
            found.error("wrong-value", message, span, origin=context.origin)
    return columns


def _report_dims(key: str, span: Span, context: ListContext, found: Diagnostics) -> None:
    message = f"`{key}` is decided before shapes are known, so it cannot use dims"
    found.error("shape-dependent", message, span, help="decide it by a parameter of the block", origin=context.origin)
