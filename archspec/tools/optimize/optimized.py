"""Optimized: what calls like the module that it was made of, and runs as fast as it can."""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from archspec.backends.dtypes import dtype_name
from archspec.backends.engines.engine import Run
from archspec.backends.engines.torch_engine import TorchEngine
from archspec.backends.inputs import index_bounds
from archspec.backends.outputs import make_outputs
from archspec.ir.graph import Graph
from archspec.tools.optimize.candidate import Candidate, Ground, allowed, ground_of
from archspec.tools.optimize.effects import effects
from archspec.tools.optimize.numbers import difference, without_autocast
from archspec.tools.optimize.report import Report
from archspec.tools.optimize.signature import Signature

_Shapes: TypeAlias = tuple[tuple[int, ...], ...]
_KNOWN_SHAPES = 256
"""How many shapes of inputs are remembered as fitting."""


class Held:
    """Calls of an engine that is not torch, held to torch where the inputs are of shapes that are first met.

    Where the engine fails, or gives other numbers, torch takes over, and a warning says so. So it does where a table
    has no row for an index, which it says, and engines do not.
    """

    def __init__(self, chosen: Candidate, ground: Ground) -> None:
        self.engine = chosen.way.engine.name
        self.run, self.job = chosen.run, replace(chosen.job, precision=chosen.job.dtype)
        self.allowed = allowed(chosen.job.precision)
        self.bounds = index_bounds(chosen.network.graph)
        self.is_right: dict[_Shapes, bool] = {_shapes(ground.inputs): True}

    @cached_property
    def torch(self) -> Run:
        """The network as torch has it."""
        return TorchEngine().prepare(self.job)

    def __call__(self, inputs: Sequence[Tensor]) -> Sequence[Tensor]:
        """The outputs."""
        shapes = _shapes(inputs)
        is_right = self.is_right.get(shapes)
        if is_right is False or any(map(_is_outside, inputs, self.bounds)):
            return self.torch(inputs)
        found: Sequence[Tensor] | None = None
        with suppress(Exception):  # whatever an engine raises; what is wrong with the inputs torch raises too
            found = self.run(inputs)
        if is_right and found is not None:
            return found
        expected = self.torch(inputs)
        is_right = found is not None and difference(found, expected) <= self.allowed
        if len(self.is_right) >= _KNOWN_SHAPES:
            oldest, *_ = self.is_right
            self.is_right.pop(oldest, None)  # another thread may have been quicker
        self.is_right[shapes] = is_right
        if not is_right:
            at = ", ".join(map(str, map(list, shapes)))
            what = "fails" if found is None else "gives other numbers than torch"
            warnings.warn(f"{self.engine} {what} at {at}: torch runs these from now on", RuntimeWarning, stacklevel=4)
        return found if found is not None and is_right else expected


class Optimized:
    """A network for inference: called like its module, it gives the outputs of eval mode, without gradients.

    It has the weights that the module had when it was made. The module is left alone.
    """

    def __init__(self, model: nn.Module, graph: Graph, ground: Ground, chosen: Candidate, report: Report) -> None:
        self._model = weakref.ref(model)
        self._versions = versions(model)
        self._plain, self._inputs, self._report = ground.network, ground.inputs, report
        self._way, self._counts = chosen.way, chosen.counts
        self._run = chosen.run if self.engine == TorchEngine.name else Held(chosen, ground)
        self._signature = Signature(graph, ground.device, ground.dtype)
        self.network = chosen.network
        """What the engine runs: the graph after passes."""
        self._fields = tuple(chosen.network.graph.outputs)
        self._shapes: set[tuple[Any, ...]] = set()

    @property
    def engine(self) -> str:
        """The engine that runs it."""
        return self._way.engine.name

    @property
    def precision(self) -> str:
        """The dtype that it computes in, whatever that of its inputs and outputs is."""
        return self._way.precision or dtype_name(self._signature.dtype)

    @torch.no_grad()
    def __call__(self, *args: Tensor, **kwargs: Tensor) -> Any:
        """The outputs of the network in eval mode: a tensor, or a named tuple of several.

        Args:
            args: its inputs, in order.
            kwargs: the others by name.

        Raises:
            TypeError: the arguments are not its inputs.
            ValueError: a tensor is not what an input says, or the network does not run at its sizes.
        """
        tensors = self._signature.bind(args, kwargs)
        shapes = tuple(_kind(each) if isinstance(each, Tensor) else None for each in tensors)
        if shapes not in self._shapes:
            self._signature.sizes(tensors)
            if len(self._shapes) < _KNOWN_SHAPES:
                self._shapes.add(shapes)
        with without_autocast(self._signature.device):
            found = self._run(tensors)
        return found[0] if len(self._fields) == 1 else make_outputs(self._fields, found)

    def report(self, *, effects_of_passes: bool = False) -> Report:
        """What was done, tried and measured; printed, it is a table.

        Args:
            effects_of_passes: whether to time the network with one pass more each, which takes seconds.

        Raises:
            ValueError: the module is gone, or its weights have changed, so that there is nothing to compare with.
        """
        if self._inputs and self._report.dependence is None:
            others = self._signature.draw(self._report.sizes, seed=1)
            with torch.no_grad(), without_autocast(self._signature.device):
                dependence = difference(self._run(others), self._run(self._inputs))
            self._report = replace(self._report, dependence=dependence)
        if effects_of_passes and not self._report.effects:
            model = self._model()
            if model is None or versions(model) != self._versions:
                raise ValueError("the module is gone, or has changed since, so that passes cannot be compared with it")
            with without_autocast(self._signature.device):
                ground = ground_of(model, self._plain, self._inputs, self._report.sizes)
                found = effects(model, ground, self._way, self._counts)
            self._report = replace(self._report, effects=found)
        return self._report

    def __repr__(self) -> str:
        return f"<Optimized {self._report.name} on {self._report.engine}>"


def versions(model: nn.Module) -> Sequence[tuple[str, int, int]]:
    """What tells whether a module's tensors are those that they were, and hold what they did."""
    state = model.state_dict(keep_vars=True)
    return [(name, id(each), 0 if each.is_inference() else each._version) for name, each in state.items()]


def _shapes(inputs: Sequence[Tensor]) -> _Shapes:
    return tuple(tuple(each.shape) for each in inputs)


def _is_outside(tensor: Tensor, bound: int | None) -> bool:
    """Whether a tensor has an index that is none below a bound."""
    if bound is None or not tensor.numel():
        return False
    least, most = tensor.aminmax()
    return bool(least < 0 or most >= bound)


def _kind(tensor: Tensor) -> tuple[Any, ...]:
    """What has to fit the inputs."""
    return tuple(tensor.shape), tensor.dtype, tensor.device, tensor.layout
