"""`init:` as written in a spec, to initialisers by weight, or by op and weight."""

from __future__ import annotations

from typing import Any

from archspec.frontend.targets import find_target
from archspec.language.validate import did_you_mean, one_of, shown
from archspec.language.values import Mapping, Value
from archspec.recipe.initializer import INITIALIZERS, Initializer, parse
from archspec.source.diagnostic import Diagnostics


def read_by_weight(value: Value, found: Diagnostics) -> dict[str, Initializer]:
    """The initialisers of one node: `{weight: he_normal, bias: 0}`, or a single one, which is the `weight`'s."""
    if not isinstance(value, Mapping) or (len(value.entries) == 1 and next(iter(value.entries)) in INITIALIZERS):
        one = _read_one(value, found)
        return {"weight": one} if one is not None else {}
    read = {name: _read_one(entry.value, found) for name, entry in value.entries.items()}
    return {name: initializer for name, initializer in read.items() if initializer is not None}


def read_by_op(value: Value, found: Diagnostics) -> dict[str, dict[str, Initializer]]:
    """The initialisers of a file, a block's use or a sequence: `{conv: {weight: he_normal}, linear: zeros}`."""
    if not isinstance(value, Mapping):
        found.error(
            "wrong-value",
            f"`init` is {shown(value.plain)}; expected ops with their initialisers",
            value.span,
            help="for example `{conv: he_normal}`",
        )
        return {}
    by_op: dict[str, dict[str, Initializer]] = {}
    for name, entry in value.entries.items():
        message = f"there is no op `{name}`, by which initialisers go here"
        if find_target(name, entry.span, found, message=message) is not None:
            by_op[name] = read_by_weight(entry.value, found)
    return by_op


def _read_one(value: Value, found: Diagnostics) -> Initializer | None:
    try:
        return parse(value.plain)
    except ValueError as error:
        name = next(iter(value.entries)) if isinstance(value, Mapping) and value.entries else str(value.plain)
        problem = _first_message(error)
        if name in INITIALIZERS:
            found.error("wrong-value", f"initialiser `{name}`: {problem}", value.span)
        else:
            help_text = did_you_mean(name, INITIALIZERS) or one_of(list(INITIALIZERS), "initialisers")
            found.error(
                "unknown-initializer",
                f"there is no initialiser {shown(value.plain if not isinstance(value, Mapping) else name)}",
                value.span,
                help=help_text,
            )
        return None


def _first_message(error: Any) -> str:
    if hasattr(error, "errors"):
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        return f"`{place}` {first['msg']}" if place else str(first["msg"])
    return str(error)
