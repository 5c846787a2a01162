"""The trunk: how much gets through the parts that all of a network has to pass.

Of a module between two tensors that everything passes, the narrowest cut follows from the cuts of the whole. What
stands beside the trunk, such as the gate of a squeeze-and-excitation or the branch of a residual, is no part of it:
what gets narrow there is carried past it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from archspec.analysis.cuts import Capacity, Passage, Stretch
from archspec.ir.graph import Graph


def along_trunk(graph: Graph, capacity: Capacity) -> Mapping[str, Passage]:
    """How much gets through every scope that the trunk goes through, by path, outer scopes before inner ones.

    Takes time linear in the nodes times the depth of scopes.
    """
    inside: dict[str, list[Stretch]] = {}
    for stretch in capacity.stretches:
        scopes = [graph[path].scope.lineage() for path in stretch.nodes]
        for level in zip(*scopes, strict=False):
            if any(scope is not level[0] for scope in level):
                break
            inside.setdefault(level[0].path, []).append(stretch)
    return {scope.path: _passage(inside[scope.path]) for scope in graph.root.scopes() if scope.path in inside}


def _passage(stretches: Sequence[Stretch]) -> Passage:
    between = [stretch.end for stretch in stretches[:-1]]
    inner = [*between, *(stretch.inner for stretch in stretches if stretch.inner is not None)]
    narrowest = min(inner, key=lambda cut: cut.size, default=None)
    return Passage(stretches[0].start.size, stretches[-1].end.size, narrowest)
