"""Bench: time the variants of a network side by side, and say how good each is."""

from __future__ import annotations

import copy
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import product

import torch
from torch import Tensor

from archspec.analysis.at_sizes import at_sizes
from archspec.analysis.cost import cost
from archspec.analysis.memory import memory
from archspec.backends.engines import ENGINES
from archspec.backends.inputs import choose_sizes, random_inputs
from archspec.backends.scope_module import ScopeModule
from archspec.backends.torch_fx import emit
from archspec.ir.graph import Graph
from archspec.tools.activation_memory import Peak, measure_peak
from archspec.tools.bench.by_node import ByNode, time_nodes
from archspec.tools.bench.variants import Variant, channels_last, eager, on_engine
from archspec.tools.optimize.candidate import Way
from archspec.tools.optimize.guard import OptimizeError
from archspec.tools.optimize.numbers import difference, run_in_eval
from archspec.tools.optimize.report import Timing
from archspec.tools.optimize.timing import interleaved
from archspec.tools.roof import measure_roof


@dataclass(frozen=True)
class Row:
    """What was found of one variant."""

    timing: Timing
    """Its difference is that to a run of the module in float64; not a number where the module does not run in that."""
    passes: Mapping[str, int]
    """How often each pass rewrote something."""
    peak: Peak | None
    """Of its memory; None where it is not torch that allocates it."""
    bound: int | None
    """The same by analysis of what it runs; None where that is not known node by node."""


@dataclass(frozen=True)
class Bench:
    """What was found of a network."""

    name: str
    """Of the network."""
    sizes: Mapping[str, int]
    """Of the symbols of its inputs."""
    macs: int
    """Of one run in eval mode, all samples of the batch included."""
    roof: float
    """The best throughput of products of matrices, in GFLOP/s."""
    threads: int
    rows: Sequence[Row]
    """The module as it is first."""
    left_out: Mapping[str, str]
    """The engines that could not be timed, and why."""
    load: float | None
    """How many processes ran or waited here, on average over the minute before; None where that is unknown."""
    by_node: ByNode | None = None

    def share(self, macs: int, seconds: float) -> float:
        """What a time is of the roof: 1 where the multiply-accumulates are done as fast as in products of matrices."""
        return 2 * macs / seconds / (self.roof * 1e9)


class SizesError(ValueError):
    """A network does not run at some sizes; the text says what stops."""


def brief_engines() -> list[str]:
    """The engines that are ready within seconds, installed or not."""
    return [name for name, engine in ENGINES.items() if engine.is_brief]


def bench(
    graph: Graph,
    sizes: Mapping[str, int],
    engines: Iterable[str],
    rounds: int = 11,
    by_node: bool = False,
    threads: int | None = None,
    precision: str | None = None,
    on_stage: Callable[[str], None] = lambda stage: None,
) -> Bench:
    """Time a network with random weights: as it is, channels last, and on engines.

    Args:
        graph: an inferred graph without errors.
        sizes: of symbols of its inputs; the others are nominal, and the batch is one sample.
        engines: their names.
        rounds: how often each variant is timed.
        by_node: whether the nodes are timed, too.
        threads: how many torch and the engines have; where nothing is said as many as torch has.
        precision: what the engines that can compute in it are timed in, too: `bfloat16` or `float16`.
        on_stage: told the name of each stage as it begins.

    Raises:
        SizesError: the network does not run at these sizes.
    """
    try:
        at_sizes(graph, sizes, "eval")  # it says what stops, and where
        chosen = choose_sizes(graph, 1, sizes, "eval")
    except ValueError as error:
        raise SizesError(str(error)) from error
    with _threads(threads):
        return _bench(graph, chosen, engines, rounds, by_node, precision, on_stage)


def _bench(
    graph: Graph,
    sizes: Mapping[str, int],
    engines: Iterable[str],
    rounds: int,
    by_node: bool,
    precision: str | None,
    on_stage: Callable[[str], None],
) -> Bench:
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    inputs = list(random_inputs(graph, sizes=sizes, phase="eval").values())
    on_stage("compile")
    model = _model(graph)
    variants, left_out = _variants(model, inputs, engines, precision, on_stage)
    on_stage("measure the roof")
    roof = measure_roof()
    on_stage("time")
    calls = {each.label: partial(each.run, inputs) for each in variants}
    with torch.no_grad():
        times = interleaved(calls, rounds=rounds)
    on_stage("measure the roof")
    roof = max(roof, measure_roof())  # what else runs here may have hit either
    on_stage("compare with float64")
    expected = _in_float64(model, inputs)
    rows = [_row(each, inputs, sizes, expected, times[each.label]) for each in variants]
    nodes = None
    if by_node:
        on_stage("time nodes")
        try:
            engine = next((each for each in variants if each.label == "torch"), None) or on_engine(
                model, inputs, Way(ENGINES["torch"])
            )
            nodes = time_nodes(engine.run, inputs, sizes, rounds)
        except OptimizeError as error:
            left_out["by node"] = f"torch cannot run it: {error}"
    macs = cost(at_sizes(graph, sizes, "eval")).total.macs
    assert isinstance(macs, int), "all sizes are numbers"
    return Bench(graph.name, sizes, macs, roof, torch.get_num_threads(), rows, left_out, load, nodes)


@contextmanager
def _threads(count: int | None) -> Iterator[None]:
    """Have torch run with a number of threads for a while."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _model(graph: Graph) -> ScopeModule:
    """The module with the same random weights each time."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return emit(graph).eval()


def _variants(
    model: ScopeModule,
    inputs: Sequence[Tensor],
    engines: Iterable[str],
    precision: str | None,
    on_stage: Callable[[str], None],
) -> tuple[list[Variant], dict[str, str]]:
    """What can be run, and why the rest cannot."""
    variants, left_out = [eager(model)], dict[str, str]()
    if (laid := channels_last(model)) is not None:
        variants.append(laid)
    coarser = [] if precision is None else [precision]
    for name, each in product(engines, (None, *coarser)):
        way = Way(ENGINES[name], each)
        on_stage(f"optimize for {way.label}")
        try:
            variants.append(on_engine(model, inputs, way))
        except OptimizeError as error:
            left_out[name if way.engine.missing() else way.label] = str(error)
    return variants, left_out


def _row(
    variant: Variant,
    inputs: Sequence[Tensor],
    sizes: Mapping[str, int],
    expected: Sequence[Tensor] | None,
    times: Sequence[float],
) -> Row:
    with torch.no_grad():
        apart = math.nan if expected is None else difference(variant.run(inputs), expected)
    timing = Timing(variant.label, tuple(times), apart, variant.seconds)
    graph = None if variant.graph is None else at_sizes(variant.graph, sizes, "eval")
    return Row(
        timing,
        variant.passes,
        measure_peak(variant.run, inputs) if variant.is_seen else None,
        memory(graph).inference.peak if graph is not None else None,
    )


def _in_float64(model: ScopeModule, inputs: Sequence[Tensor]) -> list[Tensor] | None:
    """What the module gives in float64; None where a part of it is of another dtype whatever the weights are."""
    exact = [each.double() if each.is_floating_point() else each for each in inputs]
    try:
        return run_in_eval(copy.deepcopy(model).double(), exact)
    except RuntimeError:
        return None
