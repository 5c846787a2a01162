"""What is wrong in many uses of one item, but not in all of them, is said once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from archspec.ir.graph import Graph, Node, Scope
from archspec.rules.rule import Finding
from archspec.rules.together import together
from archspec.source.span import Span


def by_item(rule: str, findings: Iterable[Finding], graph: Graph) -> Iterator[Finding]:
    """The findings of nodes, item by item.

    What goes for all nodes of an item is found in each of them, and so is the item's matter; what goes for some of them
    is found in the first, with the names of the others.
    """
    wrong: defaultdict[tuple[int, int], list[Finding]] = defaultdict(list)
    for finding in findings:
        wrong[_place(finding.at)].append(finding)
    if wrong:
        nodes = Counter(_place(node) for node in graph.operations())
        for place, found in wrong.items():
            yield from found if len(found) == nodes[place] else together(f"{rule} at {place}", found)


def _place(at: Node | Scope | Span) -> tuple[int, int]:
    span = at if isinstance(at, Span) else at.origin.span if at.origin is not None else None
    return (id(span.source), span.start) if span is not None else (0, -1)
