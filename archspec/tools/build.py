"""Build: a graph made a module that has run, and compared with what was inferred about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter

from torch import nn

from archspec.analysis.cost import Counts, cost
from archspec.backends.flops import flop_counter
from archspec.backends.inputs import choose_sizes, random_inputs
from archspec.backends.schedule import schedule
from archspec.backends.torch_fx import emit
from archspec.backends.trace import run_and_compare
from archspec.ir.graph import Graph, Phase


class NoSizesError(ValueError):
    """No sizes were found for the symbols of the inputs, so that nothing can be run."""


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a build."""

    counts: Counts
    sizes: Mapping[str, int]
    """What the symbols of the inputs were in the runs."""
    compared: Mapping[Phase, int]
    """How many nodes ran in each phase, every output compared with the type that was inferred."""
    mismatches: tuple[str, ...] = ()
    """Where execution and inference differ: our mistake, not the spec's."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """The time each stage took."""


def build(graph: Graph, on_stage: Callable[[str], None] = lambda stage: None) -> Report:
    """Compile a graph, run it once in eval and once in training mode on random input, and compare.

    Args:
        graph: An inferred graph without errors.
        on_stage: Told the name of each stage as it begins.

    Raises:
        NoSizesError: no size is known to fit for a symbol of the inputs.
    """
    seconds: dict[str, float] = {}

    def stage(name: str) -> _Stage:
        on_stage(name)
        return _Stage(name, seconds)

    try:
        sizes = choose_sizes(graph)
        inputs = random_inputs(graph, sizes=sizes)
    except ValueError as error:
        raise NoSizesError(str(error)) from error
    with stage("compile"):
        module = emit(graph)
    counts = cost(graph).total
    mismatches = list(_weight_mismatches(module, counts))
    compared: dict[Phase, int] = {}
    phases: tuple[Phase, ...] = ("eval", "training")
    for phase in phases:
        with stage(f"run in {phase} mode"), flop_counter() as counter:
            mismatches += map(str, run_and_compare(graph, module, inputs, phase))
        running = _running(graph, phase)
        mismatches += _mac_mismatches(graph, running, sizes, phase, counter.get_total_flops())
        compared[phase] = len(running)
    return Report(counts, sizes, compared, tuple(mismatches), seconds)


class _Stage:
    """Measures how long a stage takes."""

    def __init__(self, name: str, seconds: dict[str, float]) -> None:
        self.name = name
        self.seconds = seconds

    def __enter__(self) -> None:
        self.start = perf_counter()

    def __exit__(self, *_: object) -> None:
        self.seconds[self.name] = perf_counter() - self.start


def _weight_mismatches(module: nn.Module, counts: Counts) -> Iterator[str]:
    """Where the numbers in the `state_dict` are not as many as were counted."""
    state = {id(tensor): tensor for tensor in module.state_dict(keep_vars=True).values()}.values()
    parameters = sum(tensor.numel() for tensor in state if isinstance(tensor, nn.Parameter))
    buffers = sum(tensor.numel() for tensor in state) - parameters
    if parameters != counts.parameters:
        yield f"{counts.parameters:,} parameters were counted, but the module has {parameters:,}"
    if buffers != counts.buffers:
        yield f"{counts.buffers:,} numbers in buffers were counted, but the module has {buffers:,}"


def _mac_mismatches(
    graph: Graph, running: Sequence[str], sizes: Mapping[str, int], phase: Phase, flops: int
) -> Iterator[str]:
    """Where torch counted other multiply-accumulates in a run than were inferred for its sizes."""
    macs = 0
    for path in running:
        node = graph[path]
        inputs, outputs = ([kind.at(sizes) for kind in side] for side in (graph.input_types(node) or (), node.types))
        of_node = node.resolved.macs(inputs, outputs)
        assert isinstance(of_node, int), f"{path} costs {of_node} at {sizes}"
        macs += of_node
    if flops != 2 * macs:
        yield f"{macs:,} MACs were inferred for the run in {phase} mode, but torch counts {flops // 2:,}"


def _running(graph: Graph, phase: Phase) -> list[str]:
    """The paths of the nodes that run in a phase, without inputs: those that its outputs need."""
    running = schedule(graph).running[phase]
    return [node.path for node in graph.operations() if node.path in running]
