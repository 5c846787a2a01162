"""By node: where the time of a network goes on the torch engine, after passes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from statistics import median
from time import perf_counter
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_pre_hook

from archspec.analysis.at_sizes import at_sizes
from archspec.analysis.cost import cost
from archspec.backends.engines.engine import Run
from archspec.backends.program import Program
from archspec.backends.scope_module import ScopeModule, compile_graph
from archspec.ir.graph import Graph
from archspec.tools.optimize.guard import graph_of
from archspec.tools.optimize.timing import interleaved


@dataclass(frozen=True, slots=True)
class NodeTime:
    """What one node takes."""

    path: str
    op: str
    gives: str
    """The types of its outputs."""
    seconds: float
    """The median of the runs."""
    macs: int


@dataclass(frozen=True)
class ByNode:
    """What all nodes take, and the whole."""

    nodes: Sequence[NodeTime]
    """The slowest first."""
    whole: float
    """The median seconds of runs without clocks in between, which took turns with those."""

    @property
    def total(self) -> float:
        """What the nodes add up to, in seconds."""
        return sum(each.seconds for each in self.nodes)


def time_nodes(run: Run, inputs: Sequence[Tensor], sizes: Mapping[str, int], rounds: int) -> ByNode:
    """Time each node of a network, by a clock between the statements of the module that an engine calls.

    Args:
        run: what calls the module, whose network is flat, as passes make it.
        inputs: what to run it on.
        sizes: what the symbols of the inputs are in these.
        rounds: how often; medians are given.
    """
    with torch.no_grad():
        module, laid = _called(lambda: run(inputs))
        (program,) = module.__structure__.programs
        _, forward = compile_graph(program.build_graph(tick), f"{type(module).__name__} timed")
        found: list[dict[str, float]] = []
        clocked = partial(_clocked, lambda: forward(module, *laid), program, found)
        times = interleaved({"whole": lambda: run(inputs), "nodes": clocked}, rounds=rounds)
    graph = at_sizes(graph_of(module), sizes, "eval")
    nodes = sorted(_nodes(graph, found), key=lambda each: -each.seconds)
    return ByNode(nodes, median(times["whole"]))


_TICKS: ContextVar[list[float]] = ContextVar("when each statement was done")


def tick(row: int, value: Any) -> None:
    """Note that a row is done; the timed forward calls it after each."""
    _TICKS.get().append(perf_counter())


def _called(run: Callable[[], object]) -> tuple[ScopeModule, tuple[Tensor, ...]]:
    """The module that a run calls, and with what."""
    calls: list[tuple[ScopeModule, tuple[Tensor, ...]]] = []

    def note(module: nn.Module, args: tuple[Tensor, ...]) -> None:
        if isinstance(module, ScopeModule):
            calls.append((module, args))

    handle = register_module_forward_pre_hook(note)
    try:
        run()
    finally:
        handle.remove()
    return calls[0]


def _clocked(run: Callable[[], object], program: Program, found: list[dict[str, float]]) -> None:
    """Run once, and keep the seconds of each node by its name: those of all rows since the node before."""
    ticks: list[float] = []
    token = _TICKS.set(ticks)
    before = perf_counter()
    try:
        run()
    finally:
        _TICKS.reset(token)
    seconds: dict[str, float] = {}
    for row, now in zip(program.rows, ticks, strict=True):
        if row.gives is not None:
            name, _port = row.gives
            seconds[name] = seconds.get(name, 0.0) + now - before
            before = now
    found.append(seconds)


def _nodes(graph: Graph, found: Sequence[Mapping[str, float]]) -> Iterator[NodeTime]:
    counts = cost(graph).nodes
    for node in graph.operations():
        if node.name in found[0]:
            macs = counts[node.path].macs
            assert isinstance(macs, int), "all sizes are numbers"
            gives, seconds = ", ".join(map(str, node.types)), median(run[node.name] for run in found)
            yield NodeTime(node.path, node.resolved.name, gives, seconds, macs)
