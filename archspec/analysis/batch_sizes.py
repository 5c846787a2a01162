"""Batch sizes: how many samples a network runs on, in each phase: batch norm cannot train on one value a channel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from archspec.analysis.input_sizes import Binding, Sizes, solved
from archspec.analysis.phases import running
from archspec.frontend.size_demands import Demands, explain, size_demands
from archspec.ir.conditions import Condition
from archspec.ir.dims import Size, evaluate, symbol, symbols
from archspec.ir.graph import Graph, Phase


def batch_sizes(graph: Graph, fitting: Mapping[Phase, tuple[Sizes, ...]]) -> dict[Phase, Sizes]:
    """The batches that fit by phase, where all other sizes are the smallest; empty where no first axis is a symbol.

    Args:
        graph: an inferred graph without errors.
        fitting: the other sizes that fit, as `input_sizes` gives them.
    """
    if not graph.batch_symbols:
        return {}
    demands, runs = size_demands(graph), running(graph)
    return {phase: _Phase(graph, demands, phase, runs[phase]).sizes(every) for phase, every in fitting.items()}


_Demand: TypeAlias = tuple[str | None, Condition]
"""The path of the node that demands it, or None for the `where` of an input, and what it demands."""


class _Phase:
    def __init__(self, graph: Graph, demands: Demands, phase: Phase, runs: set[str]) -> None:
        self.graph, self.demands = graph, demands
        kinds = [demands.of_nodes] + ([demands.of_training] if phase == "training" else [])
        of_nodes = [(path, each) for kind in kinds for path, every in kind.items() if path in runs for each in every]
        promised = [(None, condition) for given in graph.inputs.values() for condition in given.constraints]
        self.conditions: list[_Demand] = [
            (path, condition)
            for path, condition in (*of_nodes, *promised)
            if symbols(condition.dim) & graph.batch_symbols
        ]

    def sizes(self, fitting: Iterable[Sizes]) -> Sizes:
        names = tuple(sorted(self.graph.batch_symbols))
        beside: dict[str, int] = {}
        for sizes in fitting:
            beside.update({name: sizes.minimum or 1 for name in sizes.symbols})
            beside.update(sizes.beside)
        alone = self._solved(names, {}, [each for each in self.conditions if symbols(each[1].dim) <= {*names}])
        found = self._solved(names, beside, self.conditions)
        same = alone.fitting is not None and found.fitting is not None and alone.fitting.runs == found.fitting.runs
        return alone if same else found

    def _solved(self, names: Sequence[str], beside: Mapping[str, int], demands: Iterable[_Demand]) -> Sizes:
        """The batches that meet some demands at some other sizes."""
        one: dict[str, Size] = {**beside, **{name: symbol(names[0]) for name in names}}
        conditions = [replace(condition, dim=evaluate(condition.dim, one)) for _, condition in demands]
        found = solved(Sizes(tuple(names), None, together=len(names) > 1, beside=beside), conditions)
        low = found.minimum
        return replace(
            found,
            below=self._stop(low - 1, names, beside, demands) if low is not None and low > 1 else None,
            between=self._stop(found.gap, names, beside, demands) if found.gap is not None else None,
        )

    def _stop(
        self, size: int, names: Iterable[str], beside: Mapping[str, int], demands: Iterable[_Demand]
    ) -> Binding | None:
        """What stops a batch of some size."""
        at = {**beside, **dict.fromkeys(names, size)}
        for path, condition in demands:
            if condition.holds(at) is False:
                said = explain(self.graph, self.demands, path, condition, at) if path else condition.message
                return Binding(size, path, said)
        return None
