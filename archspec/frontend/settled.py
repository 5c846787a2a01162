"""Settle: a value of the spec with its expressions over the spec's parameters evaluated, every part at its place."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final, cast

from archspec.frontend.closures import part_of
from archspec.language.expression import ExpressionError, is_expression, parse
from archspec.language.validate import did_you_mean, one_of
from archspec.language.values import Entry, Scalar, Sequence, Value
from archspec.language.values import Mapping as MappingValue
from archspec.source.diagnostic import Diagnostics

_BROKEN: Final = object()
"""What stands for the value of an expression that was reported."""


def settle(value: Value, params: Mapping[str, Any], declared: Collection[str], found: Diagnostics) -> Value:
    """The value with every expression in it replaced by what it comes to.

    Args:
        value: what is written.
        params: the values of the spec's parameters.
        declared: the names of all its parameters; one without a value was reported.
        found: takes the diagnostics.
    """
    if isinstance(value, Scalar):
        if not is_expression(value.value):
            return value
        return replace(value, value=cast("Any", _evaluated(value, params, declared, found)))
    if isinstance(value, Sequence):
        return replace(value, items=[settle(item, params, declared, found) for item in value.items])
    entries = {key: _settled(entry, params, declared, found) for key, entry in value.entries.items()}
    return replace(value, entries=entries)


def is_broken(value: Value) -> bool:
    """Whether an error was reported about an expression in it, so that nothing more is said of it."""
    if isinstance(value, Sequence):
        return any(map(is_broken, value.items))
    if isinstance(value, MappingValue):
        return any(is_broken(entry.value) for entry in value.entries.values())
    return value.value is cast("Any", _BROKEN)


def expression_of(value: Value) -> str | None:
    """The expression that a settled value came from; None where it was written as it is."""
    return value.text if isinstance(value, Scalar) and value.text.startswith("$") else None


def _settled(entry: Entry, params: Mapping[str, Any], declared: Collection[str], found: Diagnostics) -> Entry:
    return replace(entry, value=settle(entry.value, params, declared, found))


def _evaluated(written: Scalar, params: Mapping[str, Any], declared: Collection[str], found: Diagnostics) -> object:
    text = str(written.value)
    try:
        expression = parse(text)
        missing = next((name for name in expression.names if name not in params), None)
        if missing in declared:
            return _BROKEN
        if missing is not None:
            raise ExpressionError(
                f"the spec has no parameter `{missing}`",
                expression.place_of(missing),
                len(missing),
                name="unknown-parameter",
                help=did_you_mean(missing, params) or one_of(list(params), "its parameters are"),
            )
        return expression.evaluate(params)
    except ExpressionError as error:
        place = part_of(written.span, text, error.offset, error.length)
        found.error(error.name, str(error), place, help=error.help)
        return _BROKEN
