"""Variants: the ways to run a network that are put beside each other."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter

import torch
from torch import Tensor

from archspec.backends.engines.engine import Run
from archspec.backends.engines.onnx_engine import OnnxEngine
from archspec.backends.engines.torch_engine import TorchEngine, outputs_of
from archspec.backends.scope_module import ScopeModule
from archspec.ir.graph import Graph
from archspec.ops.convolution import Conv, ConvTranspose
from archspec.tools.optimize.candidate import Way
from archspec.tools.optimize.guard import OptimizeError, graph_of
from archspec.tools.optimize.optimize import optimize

_FORMATS: Mapping[int, torch.memory_format] = {4: torch.channels_last, 5: torch.channels_last_3d}
"""By rank."""


@dataclass(frozen=True)
class Variant:
    """One way to run a network, made ready."""

    label: str
    run: Run
    seconds: float = 0.0
    """What it took to make ready, beyond the module."""
    passes: Mapping[str, int] = field(default_factory=dict)
    """How often each pass rewrote something."""
    graph: Graph | None = None
    """What is run, node by node; None where an engine makes something else of it."""
    is_seen: bool = True
    """Whether it is torch that allocates the memory."""


def eager(model: ScopeModule) -> Variant:
    """The module as it is."""
    return Variant("eager", _calling(model), graph=model.__graph__)


def channels_last(model: ScopeModule) -> Variant | None:
    """A copy of the module whose images and kernels lie channels last; None where nothing convolves images."""
    graph = graph_of(model)
    ranks = {given.type.rank for given in graph.inputs.values()}
    if ranks.isdisjoint(_FORMATS) or not any(isinstance(node.op, Conv | ConvTranspose) for node in graph.operations()):
        return None
    began = perf_counter()
    laid = copy.deepcopy(model)
    for each in (*laid.parameters(), *laid.buffers()):
        each.data = _laid(each.data)
    call = _calling(laid)
    return Variant("channels last", lambda inputs: call([*map(_laid, inputs)]), perf_counter() - began, graph=graph)


def on_engine(model: ScopeModule, inputs: Sequence[Tensor], way: Way) -> Variant:
    """The network on an engine, after the passes that help it.

    Args:
        model: the module.
        inputs: what it is run on.
        way: the engine, and what it computes in.

    Raises:
        OptimizeError: the engine is not installed, or cannot run it; the text says why.
    """
    engine = way.engine
    if missing := engine.missing():
        raise OptimizeError(f"needs {missing}")
    try:
        fast = optimize(model, inputs, engine=engine.name, precision=way.precision, cache=False)
    except OptimizeError as error:
        raise OptimizeError(str(error).removeprefix(f"`{way.label}` ")) from error
    report = fast.report()
    passes = {each: count for each, count in report.passes.items() if count}
    runs_as_told = isinstance(engine, TorchEngine) and way.precision is None  # of another dtype it takes less memory
    graph = fast.network.graph if runs_as_told else None
    is_seen = not isinstance(engine, OnnxEngine)
    return Variant(way.label, lambda given: outputs_of(fast(*given)), report.seconds, passes, graph, is_seen)


def _calling(model: ScopeModule) -> Callable[[Sequence[Tensor]], Sequence[Tensor]]:
    @torch.inference_mode()
    def run(inputs: Sequence[Tensor]) -> Sequence[Tensor]:
        return outputs_of(model(*inputs))

    return run


def _laid(tensor: Tensor) -> Tensor:
    layout = _FORMATS.get(tensor.dim())
    return tensor if layout is None else tensor.contiguous(memory_format=layout)
