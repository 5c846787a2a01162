"""Weights of another node: what `share` and `tie` take must be what the borrower needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any

from archspec.ir.dims import Dim
from archspec.ir.graph import Graph, Node
from archspec.ir.op import Op, Step, Weight
from archspec.ir.own_sizes import at_inputs
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
        message = _other_attribute(name, node, owner, graph)
    for name in (name for name in needed if not _alike(needed[name], owner.weights.get(name))):
        has, needs = _type(owner.weights.get(name)), _type(needed[name])
        message = f"`{node.path}` needs `{name}` to be {needs}, but in `{owner.path}`, which it uses again, it is {has}"
        break
    message = message or _other_module(node, owner, graph)
    if message:
        labels = (Label(owner.origin.span, "its weights are shared"),)
        help_text = (
            "what shares weights is given inputs of as many axes and the same channels; "
            "drop `share` to have weights of its own"
        )
        found.error("wrong-share", message, node.origin.span, labels=labels, help=help_text, origin=node.origin)


def _other_attribute(name: str, node: Node, owner: Node, graph: Graph) -> str:
    """What is wrong where an attribute differs; one that follows the inputs is shown as it is with those there are."""
    needs, has = (_shown(getattr(each.op, name), graph.input_types(each) or ()) for each in (node, owner))
    if needs == has:
        return f"`{node.path}` takes `{name}` from other sides of its input than `{owner.path}`, which it uses again"
    return f"`{node.path}` needs `{name}` to be {needs}, but in `{owner.path}`, which it uses again, it is {has}"


def _shown(value: Any, inputs: Sequence[TensorType]) -> str:
    """The value of an attribute, each size in it that follows the inputs as it is where they are these."""
    if isinstance(value, list | tuple):
        return f"({', '.join(_shown(each, inputs) for each in value)})"
    return str(at_inputs(value, inputs) if isinstance(value, Dim) else value)


def _other_module(node: Node, owner: Node, graph: Graph) -> str:
    """What is wrong where the module of the owner is none that a node's inputs can be given; empty where it is one.

    Two layers with equal weights may be different modules: those of torch are of one rank.
    """
    reads, first = graph.input_types(node), graph.input_types(owner)
    if reads is None or first is None or not all(given.is_known for given in first):
        return ""
    pairs = zip_longest(_modules(node.resolved.lower(*reads)), _modules(owner.resolved.lower(*first)))
    needs, has = next((pair for pair in pairs if pair[0] != pair[1]), (None, None))
    if needs == has:
        return ""
    return (
        f"`{node.path}`, which is given {_listed(reads)}, needs {_module(needs)}, but `{owner.path}`, which it uses "
        f"again, is given {_listed(first)} and is {_module(has)}"
    )


def _modules(steps: Iterable[Step]) -> list[Step]:
    """What is made once of the steps, and called by every use."""
    return [replace(step, args=()) for step in steps if step.kind == "module"]


def _module(step: Step | None) -> str:
    if step is None:
        return "no module"
    settings = ", ".join(f"{name}={value}" for name, value in step.settings.items())
    return f"`{step.target.rpartition('.')[2]}({settings})`"


def _listed(types: Iterable[TensorType]) -> str:
    return " and ".join(map(str, types)) or "nothing"


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
        elif (wrong := _cannot_be_one(f"{node.path}.{name}".rstrip("."), node.weights[name], key, weight)) is not None:
            message, help_text = wrong
            labels = (Label(owner.origin.span, f"`{key}` is a weight of this"),)
            found.error("wrong-tie", message, span, labels=labels, help=help_text, origin=node.origin)


def _cannot_be_one(key: str, weight: Weight, other_key: str, other: Weight) -> tuple[str, str] | None:
    """Why two weights, called by their keys, cannot be one, and what to do; None where they can."""
    for name, each in ((key, weight), (other_key, other)):
        if each.kind != "parameter":
            message = f"`{name}` is a {each.kind}, but only learned weights can be tied"
            return message, "drop the `tie`, or tie parameters"
    if _alike(weight, other):
        return None
    return f"`{key}` is {_type(weight)}, but `{other_key}` is {_type(other)}", "weights that are one have one shape"


def _owner(key: str, graph: Graph) -> Node | None:
    path = key
    while path and path not in graph:
        path = path.rpartition(".")[0]
    return graph[path] if path else None


def _alike(one: Weight, other: Weight | None) -> bool:
    return other is not None and (one.shape, one.dtype, one.kind) == (other.shape, other.dtype, other.kind)


def _type(weight: Weight | None) -> str:
    return str(TensorType(weight.shape, weight.dtype)) if weight is not None else "not there"
