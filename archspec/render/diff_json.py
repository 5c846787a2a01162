"""A difference as plain data."""

from __future__ import annotations

from typing import Any

from archspec.analysis.diff.changes import Change, OutputChange
from archspec.analysis.diff.matching import Pair
from archspec.analysis.diff.networks import Diff, Types
from archspec.analysis.diff.side import Member, op_name
from archspec.analysis.diff.totals import Total
from archspec.analysis.diff.weights import Key
from archspec.analysis.facts import Facts
from archspec.ir.dims import Size
from archspec.ir.graph import Node
from archspec.render.table import number_or_text, type_data


def diff_data(found: Diff) -> dict[str, Any]:
    """All there is to tell of a difference; every list is in the order of the networks.

    `before`, `after`: `name`, `title` and how many `nodes` there are. `same`: whether there is no difference.
    `removed`, `added`: the outermost parts that only one network has: `path`, `type` (an op, a block, `sequence`),
    `title`, `nodes`, and what comes out (`outputs`).
    `renamed`, `shifted`: `before` and `after`, two paths; what is shifted is called by its position.
    `changed`: `before` and `after`, and `details`: `what` is not the same, with its value `before` and `after`.
    `reshaped`: `before` and `after`, with `inputs` and `outputs` of both: `{"before": [...], "after": [...]}`.
    `reinitialized`: `before` and `after` of nodes whose weights start from something else.
    `outputs`: `name`, with the nodes that give it, `before` and `after`; null where there is no such output.
    `reordered`: which of `inputs` and `outputs` are in another order.
    `params`: by name, the values `before` and `after`. `training`: whether the recipes are not the same.
    `totals`: `name`, `unit`, `before`, `after` and `difference`: a number, text where it is symbolic, null where it is
    not known.
    `weights`: `same`, `renamed`, `reshaped`, `new`, `left_over` and `misplaced` (the same name and shape, but of
    another weight): each a list of keys, with the key `before` and `after` and the number of `elements`.
    `nodes`, `scopes`: the paths of all parts that are in both networks, the second's by the first's.
    """
    return {
        "before": _network(found.before),
        "after": _network(found.after),
        "same": found.is_same,
        "removed": [_part(member, found.types_before(member)) for member in found.removed],
        "added": [_part(member, found.types_after(member)) for member in found.added],
        "renamed": list(map(_paths, found.renamed)),
        "shifted": list(map(_paths, found.shifted)),
        "changed": list(map(_change, found.changes)),
        "reshaped": [_shapes(found, pair) for pair in found.reshaped],
        "reinitialized": list(map(_paths, found.reinitialized)),
        "outputs": list(map(_output, found.outputs)),
        "reordered": list(found.reordered),
        "params": {name: {"before": old, "after": new} for name, (old, new) in found.params.items()},
        "training": found.has_other_recipe,
        "totals": list(map(_total, found.totals)),
        "weights": {name: list(map(_key, getattr(found.weights, name))) for name in found.weights.__slots__},
        "nodes": dict(found.matching.nodes),
        "scopes": {before: after for before, after in found.matching.scopes.items() if before},
    }


def _network(facts: Facts) -> dict[str, Any]:
    graph = facts.graph
    return {"name": graph.name, "title": graph.title, "nodes": sum(1 for _ in graph.operations())}


def _part(member: Member, types: Types) -> dict[str, Any]:
    return {
        "path": member.path,
        "type": op_name(member) if isinstance(member, Node) else member.block or "sequence",
        "title": None if isinstance(member, Node) else member.title,
        "nodes": 1 if isinstance(member, Node) else sum(1 for _ in member.nodes()),
        "outputs": list(map(type_data, types[1])),
    }


def _paths(pair: Pair) -> dict[str, Any]:
    return {"before": pair.before.path, "after": pair.after.path}


def _change(change: Change) -> dict[str, Any]:
    details = [
        {"what": detail.what, "before": _plain(detail.before), "after": _plain(detail.after)}
        for detail in change.details
    ]
    return {**_paths(change.pair), "details": details}


def _shapes(found: Diff, pair: Pair) -> dict[str, Any]:
    one, other = found.types_before(pair.before), found.types_after(pair.after)
    sides = zip(("inputs", "outputs"), one, other, strict=True)
    return {
        **_paths(pair),
        **{side: {"before": list(map(type_data, old)), "after": list(map(type_data, new))} for side, old, new in sides},
    }


def _output(output: OutputChange) -> dict[str, Any]:
    return {"name": output.name, "before": output.before, "after": output.after}


def _total(total: Total) -> dict[str, Any]:
    return {
        "name": total.name,
        "unit": total.unit,
        "before": _size(total.before),
        "after": _size(total.after),
        "difference": _size(total.difference),
    }


def _size(size: Size | None) -> int | str | None:
    return None if size is None else number_or_text(size)


def _key(key: Key) -> dict[str, Any]:
    return {"before": key.before, "after": key.after, "elements": key.elements}


def _plain(value: Any) -> Any:
    """The value of an attribute; what is no plain data is told as text."""
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
