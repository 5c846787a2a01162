"""What the rules about factorised convolutions share: which convolutions they look at, and what splits one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from archspec.analysis.factorization import Convolution, Factors
from archspec.frontend.canonical import text_of
from archspec.ir.graph import Graph, Node
from archspec.rules.rule import Case, Finding, Rule, Setting
from archspec.source.remedy import Remedy, SplitItem

GRID: Final = {
    "finest": Setting(20, "the larger side of a grid on which 1xn and nx1 work well"),
    "coarsest": Setting(12, "the smaller side of a grid on which 1xn and nx1 work well"),
}
"""Szegedy et al. (2015), Rethinking the Inception Architecture, section 3.2: between 12 and 20."""


def splits(
    rule: Rule, case: Case, wanted: Callable[[Convolution], bool], split: Callable[..., Factors | None]
) -> Iterator[tuple[int, Finding]]:
    """The findings about convolutions that cost less in factors, each with the multiply-accumulates it saves.

    The channels between are those that the convolution gives; where that saves too little, they grow evenly.
    """
    runs = case.facts.running["eval"]
    for path, whole in case.facts.convolutions.items():
        node = case.graph[path]
        if path not in runs or _is_small(rule, whole) or _sees_all(whole) or not wanted(whole):
            continue
        for growing in (False, True):
            factors = split(whole, growing=growing)
            if factors is not None and factors.saving >= rule.setting("saving"):
                remedy = None if growing else _remedy(case.graph, node, whole, factors)
                yield whole.macs - factors.macs, _finding(node, whole, factors, remedy)
                break


def is_medium(whole: Convolution, rule: Rule) -> bool:
    """Whether a convolution works on a grid on which 1xn and nx1 work well."""
    return all(rule.setting("coarsest") <= side <= rule.setting("finest") for side in whole.given or whole.grid)


def _is_small(rule: Rule, whole: Convolution) -> bool:
    return whole.side < rule.setting("kernel") or min(whole.inputs, whole.outputs) < rule.setting("channels")


def _sees_all(whole: Convolution) -> bool:
    return whole.side >= min(whole.given or whole.grid)


def _finding(node: Node, whole: Convolution, factors: Factors, remedy: Remedy | None) -> Finding:
    many, between = len(factors.kernels), ", ".join(f"{width:,}" for width in factors.widths[:-1])
    alike = factors.kernels[0] == factors.kernels[-1]
    what = f"{_COUNTS.get(many, many)} 3x3" if alike else f"{factors}"
    return Finding(
        node,
        f"{what} with {between} channels between see as much as the {whole.side}x{whole.side} of `{node.path}`, and "
        f"take {factors.macs:,} MACs for its {whole.macs:,} ({-factors.saving:.0%})",
        help=f"write {what} in a row, with an activation after each",
        caption=f"{whole}",
        remedy=remedy,
    )


_COUNTS: Final = {2: "two", 3: "three", 4: "four", 5: "five"}


def _remedy(graph: Graph, node: Node, whole: Convolution, factors: Factors) -> Remedy | None:
    """The items in place of the one; None where its padding is neither none nor half of its kernel, or it is shared."""
    is_shared = any(other.share == node.path for other in graph)
    if is_shared or graph.input_types(node) is None or whole.padding not in (0, whole.side // 2):
        return None
    pads = whole.padding > 0 and getattr(node.op, "padding", None) != "same"
    parts = []
    for place, (height, width) in enumerate(factors.kernels):
        part = {"kernel": f"{height}" if height == width else f"{height}x{width}"}
        if pads:
            part["padding"] = f"{height // 2}" if height == width else f"[{height // 2}, {width // 2}]"
        if whole.stride > 1 and place < len(factors.kernels) - 1:
            part["stride"] = "1"
        parts.append(part)
    return Remedy(f"split it into {factors}", (SplitItem(node.path, "kernel", tuple(parts), _unit(graph, node)),))


def _unit(graph: Graph, node: Node) -> tuple[str, ...]:
    """The norm and the activation that follow a convolution beside it, and so go between its factors, as YAML."""
    found, scope = list[str](), node.scope
    while len(readers := graph.users(node.path)) == 1:
        node = graph[readers[0]]
        if node.scope is not scope or node.resolved.category not in ("normalization", "activation"):
            break
        found.append(_item(node))
        if node.resolved.category == "activation":
            return tuple(found)
    return ()


def _item(node: Node) -> str:
    attributes = node.resolved.model_dump(exclude_defaults=True)
    return f"{node.resolved.name}: {text_of(attributes)}" if attributes else node.resolved.name
