"""The capacity curve: the narrowest cut as a function of how far a network has come, and what its grid changes keep.

Where a tensor is passed by everything, the narrowest cut is that tensor. Between two of these it is the narrowest cut
strictly inside; where the later one reads the earlier one itself, as a residual does, every cut inside holds the
earlier one, so the narrower of both counts. Both are known once the cuts are (`cuts.py`), so the curve is linear in
the nodes.

A grid change is a step between two such tensors that makes the stride of the receptive field grow: a pooling, a strided
convolution, or a reduction with branches. The share of elements that it keeps tells a bottleneck (Szegedy et al. 2015,
Rethinking the Inception Architecture, section 5).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from archspec.analysis.cuts import Capacity, Cut, Stretch
from archspec.analysis.receptive_field import Field
from archspec.ir.graph import Graph


@dataclass(frozen=True, slots=True)
class Segment:
    """Places of the execution over which the narrowest cut is one and the same."""

    start: int
    """How many nodes have run before the first of them; 0 is the inputs."""
    end: int
    """The same for the last of them; equal to `start` for a tensor that everything passes."""
    cut: Cut


@dataclass(frozen=True, slots=True)
class GridChange:
    """A step to a coarser grid."""

    path: str
    """The node, or the innermost scope that holds all of the nodes between; the last node, where none does."""
    before: Cut
    """The tensor that the step starts from."""
    after: Cut
    """The tensor on the coarser grid."""
    stride: int
    """Of places on the coarser grid, in pixels of the input, along the axis where it is largest."""

    @property
    def ratio(self) -> float:
        """The elements after it, as a share of those before."""
        return self.after.size / self.before.size


def capacity_curve(capacity: Capacity) -> tuple[Segment, ...]:
    """The narrowest cut at every place, from the inputs to the final representation.

    Segments follow each other without a gap; tensors that everything passes and stretches between them take turns.
    """
    if not capacity.stretches:
        return (Segment(0, 0, capacity.narrowest),)
    single = {cut.values for cut in capacity.tensors}
    found, place = [Segment(0, 0, capacity.stretches[0].start)], 0
    for stretch in capacity.stretches:
        ends_in_tensor = stretch.end.values in single
        inside = len(stretch.nodes) - ends_in_tensor
        if inside:
            found.append(Segment(place + 1, place + inside, _inside(stretch)))
        place += len(stretch.nodes)
        if ends_in_tensor:
            found.append(Segment(place, place, stretch.end))
    return tuple(found)


def grid_changes(graph: Graph, capacity: Capacity, fields: Mapping[str, Sequence[Field]]) -> tuple[GridChange, ...]:
    """The steps to coarser grids on the way to the final representation, in order; where places are told apart.

    Args:
        graph: the graph.
        capacity: its cuts.
        fields: its receptive fields by path of the node.
    """
    found: list[GridChange] = []
    for stretch in capacity.stretches:
        before, after = (_stride(cut, fields) for cut in (stretch.start, stretch.end))
        if before and after and any(new > old for old, new in zip(before, after, strict=True)):
            path = _around(graph, stretch.nodes)
            found.append(GridChange(path, stretch.start, stretch.end, max(after)))
    return tuple(found)


def _inside(stretch: Stretch) -> Cut:
    return stretch.inner if stretch.inner is not None else min(stretch.start, stretch.end, key=lambda cut: cut.size)


def _stride(cut: Cut, fields: Mapping[str, Sequence[Field]]) -> tuple[int, ...] | None:
    """The stride along each axis of a cut of one tensor; None where that is not known."""
    if len(cut.values) != 1 or cut.values[0].node not in fields:
        return None
    return tuple(field.stride for field in fields[cut.values[0].node])


def _around(graph: Graph, nodes: Sequence[str]) -> str:
    """The path of a node; of several that of the innermost scope around all of them, or the last of them."""
    if len(nodes) == 1:
        return nodes[0]
    chains = [graph[path].scope.lineage() for path in nodes]
    common = [level[0].path for level in zip(*chains, strict=False) if all(scope is level[0] for scope in level)]
    return common[-1] if common else nodes[-1]
