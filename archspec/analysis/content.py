"""Content: which inputs a node reads, and not only the shape of."""

from __future__ import annotations

from archspec.ir.graph import Node, Value
from archspec.ir.op import Op


def content(node: Node) -> tuple[Value, ...]:
    """The inputs of a node whose numbers get through to what it gives."""
    if not isinstance(node.op, Op) or not node.op.shape_only:
        return node.inputs
    return tuple(value for index, value in enumerate(node.inputs) if index not in node.op.shape_only)
