"""`init:` as written in a spec, to initialisers by weight, or by op and weight."""

from __future__ import annotations

from collections.abc import Mapping as AnyMapping

from archspec.frontend.targets import find_target
from archspec.ir.graph import Node
from archspec.language.schema import Item
from archspec.language.validate import did_you_mean, one_of, shown, validate
from archspec.language.values import Entry, Mapping, Value
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


def by_weight_of(node: Node, written: AnyMapping[str, Initializer]) -> dict[str, Initializer]:
    """The same by the names that a node has: one for `weight` is for the weight at its own path, where that is all."""
    is_weight_itself = "" in node.weights and "weight" not in node.weights
    return {"" if is_weight_itself and name == "weight" else name: how for name, how in written.items()}


def check_init(node: Node, item: Item, found: Diagnostics) -> None:
    """Report initialisers of weights that a node does not have, and those that its weights have too few axes for."""
    entry = item.entries.get("init")
    written = entry.value.entries if entry is not None and isinstance(entry.value, Mapping) else {}
    for name in by_weight_of(node, item.init):
        if name not in node.weights:
            place = written.get(name, entry)
            known = [weight for weight in node.weights if weight]
            found.error(
                "unknown-weight",
                f"`{node.path}` has no weight `{name}`",
                place.span if place is not None else item.span,
                help=did_you_mean(name, known) or one_of(known, "its weights are"),
                origin=node.origin,
            )
    for name, initializer in node.init.items():
        shape = node.weights[name].shape if name in node.weights else None
        if shape is not None and len(shape) < initializer.least_rank:
            place = written.get(name, entry)
            found.error(
                "wrong-value",
                f"`{initializer.name}` is for weights of {initializer.least_rank} axes or more, "
                f"but {f'`{name}` of ' if name else ''}`{node.path}` is {list(shape)}",
                place.span if place is not None else item.span,
                help="such as `zeros`, `constant` or `normal`",
                origin=node.origin,
            )


def _read_one(value: Value, found: Diagnostics) -> Initializer | None:
    try:
        return parse(value.plain)
    except ValueError:
        _report(value, found)
        return None


def _report(value: Value, found: Diagnostics) -> None:
    """What is wrong with an initialiser: its form, its name, or one of its attributes."""
    settings: Entry | None = None
    name = value.plain
    if isinstance(value, Mapping) and len(value.entries) == 1:
        (settings,) = value.entries.values()
        name = settings.key
    if not isinstance(name, str):
        found.error(
            "wrong-value",
            f"{shown(name)} is no initialiser",
            value.span,
            help="write its name, a number, or `{normal: {std: 0.01}}`",
        )
        return
    kind = INITIALIZERS.get(name)
    if kind is None:
        help_text = did_you_mean(name, INITIALIZERS) or one_of(list(INITIALIZERS), "initialisers")
        place = settings.span if settings is not None else value.span
        found.error("unknown-initializer", f"there is no initialiser {shown(name)}", place, help=help_text)
        return
    entries = {}
    if settings is not None and isinstance(settings.value, Mapping):
        entries = settings.value.entries
    elif settings is not None and kind.shorthand is not None:
        entries = {kind.shorthand: settings}
    elif settings is not None:
        message = f"`{name}` is {shown(settings.value.plain)}; expected a mapping of its attributes"
        found.error("wrong-value", message, settings.value.span)
        return
    plain = {key: entry.value.plain for key, entry in entries.items()}
    place = settings.span if settings is not None else value.span
    validate(kind, plain, entries, found, owner=f"initialiser `{name}`", span=place, noun="attribute")
