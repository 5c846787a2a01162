"""Traffic: the bytes that are read and written, and how many operations each of them serves.

A node reads its inputs and its weights and writes what it gives. The arithmetic intensity, FLOPs (twice the
multiply-accumulates) per byte, tells whether a machine is held up by its arithmetic or by its memory (Williams,
Waterman and Patterson 2009, Roofline).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from archspec.analysis.content import content
from archspec.analysis.cost import Cost
from archspec.analysis.phases import running
from archspec.ir.dims import Size, unless_too_long
from archspec.ir.graph import Graph, Node, Scope, Value
from archspec.ir.types import DTYPES


@dataclass(frozen=True, slots=True)
class Traffic:
    """What one part of a network moves in eval mode."""

    read: Size = 0
    """Bytes of activations that are read."""
    weights: Size = 0
    """Bytes of weights that are read: once for a whole batch."""
    written: Size = 0
    """Bytes of activations that are written."""

    def __add__(self, other: Traffic) -> Traffic:
        return Traffic(
            unless_too_long(lambda: self.read + other.read),
            unless_too_long(lambda: self.weights + other.weights),
            unless_too_long(lambda: self.written + other.written),
        )

    @property
    def total(self) -> Size:
        """All bytes, with the weights."""
        return unless_too_long(lambda: self.read + self.weights + self.written)

    def intensity(self, macs: Size) -> float | None:
        """FLOPs per byte, for so many multiply-accumulates; None where sides are symbols, or nothing is moved."""
        total = self.total
        return 2 * macs / total if isinstance(macs, int) and isinstance(total, int) and total else None


def traffic(graph: Graph, cost: Cost, batch: int = 1, dtype: str = "float32") -> Mapping[str, Traffic]:
    """The traffic of every node and scope by path, `""` for the whole; what runs in training only moves nothing.

    Args:
        graph: an inferred graph without errors.
        cost: its costs, whose nodes are those that count.
        batch: how many samples the symbols of the first axes count as.
        dtype: what all float32 tensors are instead.
    """
    sizes = _Bytes(graph, dict.fromkeys(graph.batch_symbols, batch), {"float32": dtype})
    runs = running(graph)["eval"]
    found: dict[str, Traffic] = {}

    def add(scope: Scope) -> Traffic:
        total = Traffic()
        for member in scope.members:
            if isinstance(member, Scope):
                total += add(member)
            elif member.path in cost.nodes:
                found[member.path] = _of_node(graph, member, sizes) if member.path in runs else Traffic()
                total += found[member.path]
        found[scope.path] = total
        return total

    add(graph.root)
    return found


def _of_node(graph: Graph, node: Node, sizes: _Bytes) -> Traffic:
    if not node.types:
        return Traffic()
    inputs = graph.input_types(node) or ()
    if node.is_weight or node.resolved.gives_view("eval", *inputs):
        return Traffic()
    owner = graph[node.share] if node.share is not None and node.share in graph else node
    written = sizes.of_values([Value(node.path, port) for port in range(len(node.types))])
    weights: Size = sum(sizes.of_element(weight.dtype) * weight.elements for weight in owner.weights.values())
    return Traffic(
        read=sizes.of_values(content(node)),
        weights=weights if node.resolved.index_bound() is None else written,  # of a table the rows that are asked for
        written=written,
    )


@dataclass(frozen=True, slots=True)
class _Bytes:
    """What tensors take."""

    graph: Graph
    sizes: Mapping[str, int]
    """What the symbols of the batch are."""
    dtypes: Mapping[str, str]
    """What a dtype is instead."""
    found: dict[Value, Size] = field(default_factory=dict)
    """What was looked at: one tensor may have many readers."""

    def of_value(self, value: Value) -> Size:
        if value not in self.found:
            kind = self.graph.type_of(value)
            self.found[value] = 0 if kind is None else kind.at(self.sizes).amount * self.of_element(kind.dtype)
        return self.found[value]

    def of_values(self, values: Iterable[Value]) -> Size:
        return unless_too_long(lambda: sum(map(self.of_value, values), start=0))

    def of_element(self, dtype: str) -> int:
        return DTYPES[self.dtypes.get(dtype, dtype)]
