"""The smallest batch that a network runs on, in each phase: batch norm cannot train on one value a channel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from archspec.analysis.input_sizes import Binding, Sizes
from archspec.analysis.phases import running
from archspec.frontend.size_demands import Demands, explain, size_demands
from archspec.ir.dims import symbols
from archspec.ir.graph import Graph, Phase

_MOST: Final = 64
"""Batches from 1 that are tried."""


@dataclass(frozen=True, slots=True)
class SmallestBatch:
    """What a symbol of a first axis has to be at least, where all other sizes are the smallest that fit."""

    size: int | None
    """None where none of those that were tried does."""
    beside: Mapping[str, int]
    """The other sizes."""
    below: Binding | None = None
    """What stops a smaller one; None where that is 0."""


def smallest_batch(graph: Graph, fitting: Mapping[Phase, tuple[Sizes, ...]]) -> dict[Phase, SmallestBatch]:
    """The smallest batch by phase; empty where no first axis of an input is a symbol.

    Args:
        graph: an inferred graph without errors.
        fitting: the sizes that fit, as `input_sizes` gives them.
    """
    if not graph.batch_symbols:
        return {}
    demands, runs = size_demands(graph), running(graph)
    return {phase: _Phase(graph, demands, phase, runs[phase]).smallest(every) for phase, every in fitting.items()}


class _Phase:
    def __init__(self, graph: Graph, demands: Demands, phase: Phase, runs: set[str]) -> None:
        self.graph, self.demands = graph, demands
        kinds = [demands.of_nodes] + ([demands.of_training] if phase == "training" else [])
        of_batch = graph.batch_symbols
        self.conditions = [
            (path, condition)
            for of_nodes in kinds
            for path, conditions in of_nodes.items()
            if path in runs
            for condition in conditions
            if symbols(condition.dim) & of_batch
        ]

    def smallest(self, fitting: Iterable[Sizes]) -> SmallestBatch:
        beside: dict[str, int] = {}
        for sizes in fitting:
            beside.update({name: sizes.minimum or 1 for name in sizes.symbols})
            beside.update(sizes.beside)
        below: Binding | None = None
        for size in range(1, _MOST):
            stop = self._stop(size, beside)
            if stop is None:
                return SmallestBatch(size, beside, below)
            below = stop
        return SmallestBatch(None, beside, below)

    def _stop(self, size: int, beside: Mapping[str, int]) -> Binding | None:
        """What stops a batch of some size."""
        at = {**beside, **dict.fromkeys(self.graph.batch_symbols, size)}
        for path, condition in self.conditions:
            if condition.holds(at) is False:
                return Binding(size, path, explain(self.graph, self.demands, path, condition, at))
        return None
