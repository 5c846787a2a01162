"""Whether what an edit leaves reads what it read: an item that goes shifts the numbers by which others may be named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from archspec.ir.graph import Graph, Node, Value
from archspec.source.span import Source, Span
from archspec.tools.fix.edits import Edit, after

Key: TypeAlias = "tuple[object, ...]"
"""Where a node is written and used, and which of those written and used there it is."""


def reads_another(old: Graph, new: Graph, source: Source, edits: Sequence[Edit]) -> str | None:
    """The path of a node, or the name of an output, that reads another node than before the edits; None for none.

    What was taken out, put in or replaced is looked through to the first of its own inputs.
    """

    def moved(span: Span) -> tuple[str, int] | None:
        if span.source is not source:
            return span.source.name, span.start
        start, end = after(span.start, edits)
        return (source.name, start) if end == start + 1 else None

    before = _keys(old, moved)
    now = _keys(new, lambda span: (span.source.name, span.start))
    kept = set(before.values()) & set(now.values())
    was = {key: [_read(value, old, before, kept) for value in _reads(old[path])] for path, key in before.items()}
    for path, key in now.items():
        if key in kept and was[key] != [_read(value, new, now, kept) for value in _reads(new[path])]:
            return path
    for name, output in old.outputs.items():
        if _read(output.value, old, before, kept) != _read(new.outputs[name].value, new, now, kept):
            return name
    return None


def _keys(graph: Graph, place: Callable[[Span], tuple[str, int] | None]) -> dict[str, Key]:
    """Every node by path; without those that have no place after the edits."""
    seen: Counter[Key] = Counter()
    keys: dict[str, Key] = {}
    for node in graph:
        places = tuple(place(origin.span) for origin in (node.origin, *node.origin.uses()))
        if None not in places:
            keys[node.path] = (*places, seen[places])
            seen[places] += 1
    return keys


def _reads(node: Node) -> Iterator[Value]:
    yield from node.inputs
    if node.share is not None:
        yield Value(node.share)


def _read(value: Value, graph: Graph, keys: dict[str, Key], kept: set[Key]) -> tuple[Key | None, int]:
    """The kept node that a value comes from, and the port."""
    while keys.get(value.node) not in kept:
        inputs = graph[value.node].inputs
        if not inputs:
            return None, 0
        value = inputs[0]
    return keys[value.node], value.port
