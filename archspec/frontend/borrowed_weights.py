"""Weights of another node: what `share` and `tie` take must be what the borrower needs."""

from __future__ import annotations

from collections.abc import Mapping

from archspec.ir.graph import Graph, Node
from archspec.ir.op import Op, Weight
from archspec.ir.types import TensorType
from archspec.language.validate import did_you_mean, one_of
from archspec.language.values import Mapping as MappingValue
from archspec.language.values import Value
from archspec.source.diagnostic import Diagnostics, Label


def check_share(node: Node, needed: Mapping[str, Weight], graph: Graph, found: Diagnostics) -> None:
    """Report a node whose inputs or dims need another module than the one it uses again."""
    owner = graph[str(node.share)]
    if not isinstance(owner.op, Op) or not owner.types:
        return
    message = ""
    if owner.op != node.op:
        name = next(name for name, value in owner.op if value != getattr(node.op, name))
        has, needs = getattr(owner.op, name), getattr(node.op, name)
        message = f"`{node.path}` needs `{name}` to be {needs}, but in `{owner.path}`, which it uses again, it is {has}"
    for name in (name for name in needed if not _alike(needed[name], owner.weights.get(name))):
        has, needs = _type(owner.weights.get(name)), _type(needed[name])
        message = f"`{node.path}` needs `{name}` to be {needs}, but in `{owner.path}`, which it uses again, it is {has}"
        break
    if message:
        labels = (Label(owner.origin.span, "its weights are shared"),)
        help_text = "what shares weights is given inputs of the same channels; drop `share` to have weights of its own"
        found.error("wrong-share", message, node.origin.span, labels=labels, help=help_text, origin=node.origin)


def check_ties(node: Node, written: Value, graph: Graph, found: Diagnostics) -> None:
    """Report a weight that is to be one with another, and one of the two is not there, or their shapes differ."""
    for name, key in node.ties.items():
        entry = written.entries[name] if isinstance(written, MappingValue) else None
        span = entry.value.span if entry is not None else written.span
        owner = _owner(key, graph)
        if name not in node.weights:
            help_text = did_you_mean(name, node.weights) or one_of([*filter(None, node.weights)], "its weights are")
            place = entry.span if entry is not None else written.span
            found.error(
                "unknown-weight", f"`{node.path}` has no weight `{name}`", place, help=help_text, origin=node.origin
            )
            continue
        if owner is not None and not owner.types:
            continue
        weight = owner.weights.get(key[len(owner.path) :].removeprefix(".")) if owner is not None else None
        if owner is None or weight is None:
            known = [other for other in owner.weights if other] if owner is not None else []
            help_text = did_you_mean(key.rpartition(".")[2], known) or one_of(known, "its weights are")
            message = f"`{name}` is tied to `{key}`, and there is no such weight"
            found.error("unknown-weight", message, span, help=help_text, origin=node.origin)
        elif not _alike(node.weights[name], weight):
            message = f"`{name}` of `{node.path}` is {_type(node.weights[name])}, but `{key}` is {_type(weight)}"
            labels = (Label(owner.origin.span, f"`{key}` is a weight of this"),)
            help_text = "weights that are one have one shape"
            found.error("wrong-tie", message, span, labels=labels, help=help_text, origin=node.origin)


def _owner(key: str, graph: Graph) -> Node | None:
    path = key
    while path and path not in graph:
        path = path.rpartition(".")[0]
    return graph[path] if path else None


def _alike(one: Weight, other: Weight | None) -> bool:
    return other is not None and (one.shape, one.dtype, one.kind) == (other.shape, other.dtype, other.kind)


def _type(weight: Weight | None) -> str:
    return str(TensorType(weight.shape, weight.dtype)) if weight is not None else "not there"
