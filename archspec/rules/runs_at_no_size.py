"""A network that runs at no size of its inputs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from archspec.ir.dims import symbols
from archspec.ir.graph import PHASES, Graph, Node, Phase
from archspec.rules.rule import Case, Finding, Rule
from archspec.source.diagnostic import Severity

if TYPE_CHECKING:
    from archspec.analysis.input_sizes import Sizes


class RunsAtNoSize(Rule):
    """No size of a symbol meets all demands.

    ## Why it matters

    Sizes without a nominal one (`H` rather than `H=224`) are left to whoever runs the network, and each demand by
    itself can be met by some. Together they leave none: it can never run.

    ## Bad

    ```yaml
    archspec: 1
    name: bad
    inputs: {x: {shape: [N, 1, L], where: L <= 100}}
    layers:
      - conv: {kernel: 200, channels: 8}
    ```

    ## Good

    ```yaml
    archspec: 1
    name: good
    inputs: {x: {shape: [N, 1, L], where: L <= 100}}
    layers:
      - conv: {kernel: 20, channels: 8}
    ```
    """

    name = "runs-at-no-size"
    severity = Severity.ERROR

    def check(self, case: Case) -> Iterator[Finding]:
        """Symbols for themselves that no size fits; at nominal sizes a network that has no error runs."""
        graph = case.graph
        if all(name in given.symbols for given in graph.inputs.values() for name in _names(graph, given.name)):
            return
        for phase in PHASES:
            for sizes in case.facts.input_sizes[phase]:
                if sizes.fitting is not None and not sizes.fitting.runs and not sizes.together and not sizes.beside:
                    yield self._finding(graph, sizes, phase)
                    return

    def _finding(self, graph: Graph, sizes: Sizes, phase: Phase) -> Finding:
        stops = "; ".join(str(stop) for stop in (sizes.below, sizes.above) if stop is not None)
        return Finding(
            _input_of(graph, sizes.symbols[0]),
            f"no size of {sizes.name} fits in {phase} mode: {stops}",
            help="change what stops at one end or at the other",
        )


def _names(graph: Graph, given: str) -> list[str]:
    """The symbols of an input that are no batch."""
    return [name for dim in graph.inputs[given].shape for name in symbols(dim) if name not in graph.batch_symbols]


def _input_of(graph: Graph, name: str) -> Node:
    """The first input that has a symbol."""
    return graph[next(given for given in graph.inputs if name in _names(graph, given))]
