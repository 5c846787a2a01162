"""Residuals: what is added to a trunk, and by how much it is scaled before (Szegedy et al. 2016, section 3.3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from archspec.analysis.linear_runs import LinearRuns, Tail
from archspec.ir.graph import Graph, Node, Value


@dataclass(frozen=True, slots=True)
class Residual:
    """One branch that an `add` adds to a trunk: it ends in a layer, where the trunk does not."""

    join: Node
    branch: int
    """Which of its inputs the branch is."""
    trunk: Value
    tail: Tail
    """The last layer of the branch, and what lies after it."""
    is_normalised: bool
    """Whether a norm brings the branch to a size of its own: after its last layer, or before its first one."""

    def channels(self, graph: Graph) -> int | None:
        """How many channels the trunk has, in space; None where it has no space, or their number is not known."""
        kind = graph.type_of(self.trunk)
        dim = kind.shape[1] if kind is not None and kind.rank > 2 else None
        return dim if isinstance(dim, int) else None


def residuals(graph: Graph, joins: list[Node], runs: LinearRuns) -> Iterator[Residual]:
    """The residuals of convolutions among some additions; time is linear in what they read.

    What the branch starts from goes on to the addition too, so a trunk has at least two readers.
    """
    for join in joins:
        tails = [runs.tails.get(value.node) for value in join.inputs]
        both = zip(join.inputs, tails, strict=True)
        trunk = next((value for value, tail in both if tail is None and len(graph.users(value.node)) > 1), None)
        for branch, tail in enumerate(tails):
            if trunk is not None and tail is not None and tail.layer.resolved.category == "convolution":
                yield _residual(graph, join, branch, trunk, tail)


def _residual(graph: Graph, join: Node, branch: int, trunk: Value, tail: Tail) -> Residual:
    begins_with_norm = any(graph[path].resolved.category == "normalization" for path in graph.users(trunk.node))
    return Residual(join, branch, trunk, tail, tail.is_normalised or begins_with_norm)
