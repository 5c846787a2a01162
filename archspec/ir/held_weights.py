"""Held weights: which of its weights a node's own module holds, and which are another node's."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.ir.graph import Node
from archspec.ir.op import Weight


def own_weights(node: Node) -> Iterator[Weight]:
    """The weights, buffers and constants that a node holds: what it shares or ties is held where it is from."""
    if node.share is None:
        yield from (weight for name, weight in node.weights.items() if name not in node.ties)
