"""Facts: what is measured of a graph, each thing once and only when somebody asks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from archspec.analysis.branches import Join, joins
from archspec.analysis.cost import Cost, cost
from archspec.analysis.factorization import Convolution, convolution
from archspec.analysis.layers_in_a_row import Pair, layers_in_a_row
from archspec.analysis.linear_over_space import linear_over_space
from archspec.analysis.linear_runs import LinearRuns, linear_runs
from archspec.analysis.phases import running
from archspec.analysis.receptive_field import Field, receptive_fields
from archspec.analysis.residuals import Residual, residuals
from archspec.analysis.side_outputs import Ways, ways
from archspec.analysis.stages import Stage, spent_before, stages
from archspec.ir.graph import Graph, Node, Phase

if TYPE_CHECKING:
    from archspec.analysis.capacity_curve import GridChange
    from archspec.analysis.cuts import Capacity, Passage
    from archspec.analysis.input_sizes import Sizes
    from archspec.analysis.memory import Memory


class Facts:
    """The measurements of one graph, made on first use."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    @cached_property
    def by_op(self) -> Mapping[str, list[Node]]:
        """The nodes by the name of their op, in order; empty for an op that is not used."""
        found: defaultdict[str, list[Node]] = defaultdict(list)
        for node in self.graph.operations():
            found[node.resolved.name].append(node)
        return found

    @cached_property
    def linear_runs(self) -> LinearRuns:
        """The layers around each node that no nonlinearity stands before."""
        return linear_runs(self.graph)

    @cached_property
    def linear_over_space(self) -> Mapping[str, str]:
        """The linear layers that mix places instead of channels, each with what laid its input out so."""
        return linear_over_space(self.graph)

    @cached_property
    def layers_in_a_row(self) -> tuple[Pair, ...]:
        """Two layers each that nothing but linear ops lies between."""
        return tuple(layers_in_a_row(self.graph, self.linear_runs))

    @cached_property
    def residuals(self) -> tuple[Residual, ...]:
        """The convolutions that are added to a trunk."""
        return tuple(residuals(self.graph, self.by_op["add"], self.linear_runs))

    @cached_property
    def ways(self) -> Ways | None:
        """The main output and those beside it; None where there are not several."""
        return ways(self.graph, self.running["eval"])

    @cached_property
    def convolutions(self) -> Mapping[str, Convolution]:
        """The convolutions that could be factorised, by path of the node."""
        found = {node.path: convolution(self.graph, node) for node in self.by_op["conv"]}
        return {path: whole for path, whole in found.items() if whole is not None}

    @cached_property
    def cost(self) -> Cost:
        """Weights and multiply-accumulates."""
        return cost(self.graph)

    @cached_property
    def input_sizes(self) -> Mapping[Phase, tuple[Sizes, ...]]:
        """The sizes of inputs that fit, in each phase."""
        from archspec.analysis.input_sizes import input_sizes  # few ask, and it takes a while

        return input_sizes(self.graph)

    @cached_property
    def batch_sizes(self) -> Mapping[Phase, Sizes]:
        """The batches that fit at the smallest other sizes, in each phase; empty where the batch is no symbol."""
        from archspec.analysis.batch_sizes import batch_sizes  # few ask, as above

        return batch_sizes(self.graph, self.input_sizes)

    @cached_property
    def running(self) -> Mapping[Phase, set[str]]:
        """The nodes that run in each phase."""
        return running(self.graph)

    @cached_property
    def capacity(self) -> Capacity | None:
        """How much of the input gets through; None where no output depends on an input, or sizes are not known."""
        from archspec.analysis.cuts import UnknownSizeError, capacity

        try:
            return capacity(self.graph)
        except UnknownSizeError:
            return None

    @cached_property
    def memory(self) -> Memory | None:
        """What one sample takes, in float32; None where sizes are not known."""
        from archspec.analysis.cuts import UnknownSizeError
        from archspec.analysis.memory import memory

        try:
            return memory(self.graph)
        except UnknownSizeError:
            return None

    @cached_property
    def passages(self) -> Mapping[str, Passage]:
        """How much gets through every scope; empty where sizes are not known."""
        from archspec.analysis.cuts import UnknownSizeError, passages

        try:
            return passages(self.graph)
        except UnknownSizeError:
            return {}

    @cached_property
    def receptive_fields(self) -> Mapping[str, tuple[Field, ...]]:
        """What each node sees of the input."""
        return receptive_fields(self.graph)

    @cached_property
    def receptive_field(self) -> tuple[Field, ...]:
        """What the network sees, by axis: the outputs that have space, or else the final representation.

        Of several tensors that which sees most; empty where none has a field, or sizes are not known.
        """
        from archspec.analysis.cuts import has_space

        runs = self.running["eval"]
        outputs = [output.value for output in self.graph.outputs.values() if output.value.node in runs]
        spatial = [value for value in outputs if has_space(self.graph, value)]
        final = self.capacity.final.values if self.capacity is not None else ()
        found = [self.receptive_fields.get(value.node, ()) for value in spatial or final]
        return max(found, key=lambda fields: max((one.largest.size for one in fields), default=0), default=())

    @cached_property
    def trunk(self) -> Mapping[str, Passage]:
        """How much gets through every scope that all of the network passes; empty where sizes are not known."""
        from archspec.analysis.trunk import along_trunk

        return along_trunk(self.graph, self.capacity) if self.capacity is not None else {}

    @cached_property
    def grid_changes(self) -> tuple[GridChange, ...]:
        """The steps to coarser grids that all of the network passes; empty where sizes are not known."""
        from archspec.analysis.capacity_curve import grid_changes

        return grid_changes(self.graph, self.capacity, self.receptive_fields) if self.capacity is not None else ()

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """The multiply-accumulates of each grid."""
        return stages(self.graph, self.cost)

    @cached_property
    def spent_before(self) -> Mapping[str, float]:
        """The share of all multiply-accumulates that is done before each node."""
        return spent_before(self.graph, self.cost)

    @cached_property
    def joins(self) -> tuple[Join, ...]:
        """Every `concat` of channels, with its branches."""
        return joins(self.graph)
