"""Facts: what is measured of a graph, each thing once and only when somebody asks."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from archspec.analysis.cost import Cost, cost
from archspec.ir.graph import Graph, Phase

if TYPE_CHECKING:
    from archspec.analysis.input_sizes import Sizes


class Facts:
    """The measurements of one graph, made on first use."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    @cached_property
    def cost(self) -> Cost:
        """Weights and multiply-accumulates."""
        return cost(self.graph)

    @cached_property
    def input_sizes(self) -> Mapping[Phase, tuple[Sizes, ...]]:
        """The sizes of inputs that fit, in each phase."""
        from archspec.analysis.input_sizes import input_sizes  # few ask, and it takes a while

        return input_sizes(self.graph)
