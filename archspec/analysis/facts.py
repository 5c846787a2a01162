"""Facts: what is measured of a graph, each thing once and only when somebody asks."""

from __future__ import annotations

from functools import cached_property

from archspec.analysis.cost import Cost, cost
from archspec.ir.graph import Graph


class Facts:
    """The measurements of one graph, made on first use."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    @cached_property
    def cost(self) -> Cost:
        """Weights and multiply-accumulates."""
        return cost(self.graph)
