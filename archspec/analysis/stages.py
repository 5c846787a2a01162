"""Stages: where on the way from fine to coarse grids the multiply-accumulates are spent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from archspec.analysis.cost import Cost
from archspec.ir.graph import Graph


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that gives tensors on one grid."""

    grid: tuple[int, ...]
    """Its sides: depth, height and width, as many as there are."""
    first: str
    """The path of the first node on it that multiplies."""
    macs: int
    """Multiply-accumulates per sample in eval mode."""
    share: float
    """The same, as a share of those of the whole network."""


def stages(graph: Graph, cost: Cost) -> tuple[Stage, ...]:
    """The stages in the order of their first nodes; empty where sides are symbols, or nothing multiplies on a grid.

    What is no convolution, such as a classifier behind the last pool, belongs to no stage, but to the whole.
    """
    total = cost.total.macs
    macs: dict[tuple[int, ...], int] = {}
    first: dict[tuple[int, ...], str] = {}
    if not isinstance(total, int):
        return ()
    for path, counts in cost.nodes.items():
        spent = counts.macs
        is_on_grid = graph[path].resolved.category == "convolution"  # what attention multiplies has no grid
        if is_on_grid and spent and isinstance(spent, int) and (grid := grid_of(graph, path)):
            macs[grid] = macs.get(grid, 0) + spent
            first.setdefault(grid, path)
    return tuple(Stage(grid, first[grid], spent, spent / total) for grid, spent in macs.items())


def grid_of(graph: Graph, path: str) -> tuple[int, ...]:
    """The sides of the grid that a node gives its first output on; empty where there is none, or it is not known."""
    types = graph[path].types
    sides = types[0].shape[2:] if types else ()
    known = tuple(side for side in sides if isinstance(side, int))
    return known if len(known) == len(sides) and any(side > 1 for side in known) else ()


def spent_before(graph: Graph, cost: Cost) -> Mapping[str, float]:
    """By path of the node, the share of the multiply-accumulates in eval mode that is done when it begins.

    The order is that of the graph; empty where sides are symbols, or nothing multiplies.
    """
    total = cost.total.macs
    if not isinstance(total, int) or not total:
        return {}
    done, found = 0, {}
    for node in graph:
        found[node.path] = done / total
        spent = cost.nodes[node.path].macs if node.op is not None else 0
        done += spent if isinstance(spent, int) else 0
    return found
