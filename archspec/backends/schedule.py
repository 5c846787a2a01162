"""Schedule: what runs in which phase."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from archspec.analysis import phases
from archspec.ir.graph import PHASES, Graph, Scope

Mode: TypeAlias = Literal["training", "eval", "alone"]
"""A phase; or, for a scope that no output needs, the mode in which everything in it runs when it is called."""


@dataclass(frozen=True)
class Schedule:
    """What runs in which mode."""

    running: dict[Mode, set[str]]
    """The paths of the nodes that run in each mode, and of the scopes that they lie in."""
    modes: dict[str, tuple[Mode, ...]]
    """The modes for which a scope needs a forward of its own: one, or training and eval where their nodes differ."""

    def mode(self, scope: Scope, surrounding: Mode) -> Mode:
        """The mode that a scope runs in when what calls it is in `surrounding`."""
        modes = self.modes[scope.path]
        return surrounding if surrounding in modes else modes[0]


def schedule(graph: Graph) -> Schedule:
    """Find what runs: in a phase, whatever the outputs need that exist in it."""
    running: dict[Mode, set[str]] = {"alone": {node.path for node in graph.operations()}}
    for phase, paths in phases.running(graph).items():
        running[phase] = paths
    differing = _scopes_around(graph, running["training"] ^ running["eval"])
    for paths in running.values():
        paths.update(_scopes_around(graph, paths))
    modes: dict[str, tuple[Mode, ...]] = {}
    for scope in (graph.root, *graph.root.scopes()):
        own = tuple(phase for phase in PHASES if scope.path in running[phase])
        modes[scope.path] = own if scope.path in differing else own[:1] or ("alone",)
    return Schedule(running, modes)


def _scopes_around(graph: Graph, paths: Iterable[str]) -> set[str]:
    around: set[str] = set()
    for path in paths:
        scope: Scope | None = graph[path].scope
        while scope is not None and scope.path not in around:
            around.add(scope.path)
            scope = scope.parent
    return around
