"""Measured attributes: those whose sizes follow the sides of what an op is given, `reshape: [$N, $T, 12, 64]`.

Other attributes are settled at the nominal sizes and keep what they were. In these a size of the spec becomes a symbol
for the side of an input of the node that is that size at all sizes (`archspec.ir.own_sizes`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

from archspec.frontend.size_demands import Demands
from archspec.ir.attributes import DIMS
from archspec.ir.dims import UNKNOWN, Dim, Size
from archspec.ir.graph import Graph, Node, Value
from archspec.ir.op import Op
from archspec.ir.own_sizes import own_size
from archspec.language.expression import ExpressionError


@cache
def measured(op: type[Op]) -> frozenset[str]:
    """The names of an op's attributes that follow its inputs."""
    return frozenset(name for name, field in op.model_fields.items() if DIMS in field.metadata)


class Place(NamedTuple):
    """Where a size of the spec is found."""

    value: Value
    """A value of which it is a side."""
    axis: int
    written: str
    """What the spec calls it."""


class Sides:
    """What the sizes of a spec are over the symbols of its inputs, and which inputs of a node have them as a side."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.demands = Demands.of_inputs(graph)
        self.places: dict[str, Place] = {}
        """By the name of a size, which is unique among the blocks around."""

    def add(self, node: Node) -> None:
        """Take in the next node, once its types are inferred."""
        given = (self.demands.types.get(value.node) for value in node.inputs)
        if node.types and all(given):
            self.demands.add(node, self.graph)

    def over_symbols(self, name: str) -> Size:
        """A size of the spec over the symbols of the inputs; `UNKNOWN` after an error about what has it."""
        if name not in self.places:
            return UNKNOWN
        value, axis, _ = self.places[name]
        found = self._shape(value)
        return found[axis] if found is not None else UNKNOWN

    def of(self, node: Node) -> Mapping[str, Size]:
        """The sizes of the spec as sides of what a node is given."""
        return _OwnSizes(self, node)

    def _shape(self, value: Value) -> tuple[Size, ...] | None:
        kinds = self.demands.types.get(value.node)
        return kinds[value.port].shape if kinds else None

    def are_unknown(self, node: Node) -> bool:
        """Whether nothing is known of a side of an input of a node at other sizes."""
        return any(side is UNKNOWN for value in node.inputs for side in self._shape(value) or (UNKNOWN,))

    def place(self, size: Dim, node: Node) -> tuple[int, int] | None:
        """The input of a node and its axis that have a size; None where there is none."""
        for port, value in enumerate(node.inputs):
            for axis, side in enumerate(self._shape(value) or ()):
                if side == size:
                    return port, axis
        return None


class _OwnSizes(Mapping[str, Size]):
    def __init__(self, sides: Sides, node: Node) -> None:
        self.sides, self.node = sides, node

    def __getitem__(self, name: str) -> Size:
        size = self.sides.over_symbols(name)
        if isinstance(size, int) or size is UNKNOWN:
            return size
        place = self.sides.place(size, self.node)
        if place is not None:
            port, axis = place
            return own_size(axis, port)
        given = " and ".join(map(str, self.sides.graph.input_types(self.node) or ()))
        written = self.sides.places[name].written
        if self.sides.are_unknown(self.node):
            raise ExpressionError(
                f"no shape rule says which side of the input {given} is `{written}`",
                name="unknown-size",
                help="write a number in its place, or -1; or give the op before it, which has no shape rule, a method"
                " `infer`",
            )
        raise ExpressionError(
            f"`{written}` is no side of the input {given}, so that it is not known when this runs",
            name="unknown-size",
            help="use it where an input has it, or take sizes from another tensor, as `expand_like` does",
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self.sides.places)

    def __len__(self) -> int:
        return len(self.sides.places)
