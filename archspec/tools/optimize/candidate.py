"""Candidate: a network on an engine, made ready and held to the module that it stands for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from weakref import WeakValueDictionary

import torch
from torch import Tensor, nn

from archspec.backends.engines.engine import CannotRunError, Engine, Job, Layouts, Run, first_line
from archspec.backends.engines.torch_engine import TorchEngine
from archspec.backends.weight_values import Values
from archspec.passes import Done, run_passes
from archspec.passes.network import Network
from archspec.passes.pass_type import Pass
from archspec.tools.optimize.guard import device_and_dtype
from archspec.tools.optimize.numbers import difference, run_in_eval

TOLERANCE: Mapping[torch.dtype, float] = {torch.float64: 1e-9, torch.float32: 1e-4}
"""How far outputs may be from the module's, as a share of the largest number, by what they are computed in."""
_COARSE = 5e-2
"""The same for half precision: 2 to 3 digits, through some hundred layers."""


def allowed(precision: torch.dtype) -> float:
    """How far outputs that are computed in a dtype may be off, as a share of the largest number."""
    return TOLERANCE.get(precision, _COARSE)


@dataclass(frozen=True)
class Way:
    """A way to run a network."""

    engine: Engine
    precision: str | None = None
    """What it computes in where that is coarser than the weights are: `bfloat16`."""
    tried: tuple[str, ...] = ()
    """The passes among those that may not help."""

    @property
    def label(self) -> str:
        """What it is called in tables."""
        return " + ".join((" ".join(filter(None, (self.engine.name, self.precision))), *self.tried))


@dataclass
class Candidate:
    """A network made ready to run."""

    way: Way
    counts: Mapping[str, int]
    """How often each pass rewrote something."""
    network: Network
    run: Run
    job: Job
    seconds: float
    """What it took to make ready, the first run included."""
    first: float
    """What its first run took, in seconds."""
    difference: float
    """To the module's outputs, as a share of their largest number."""
    times: list[float] = field(default_factory=list)
    """Seconds of runs, where it was timed."""

    @property
    def label(self) -> str:
        """What it is called in tables: passes that found nothing to do are not told."""
        return replace(self.way, tried=tuple(name for name in self.way.tried if self.counts[name])).label


@dataclass(frozen=True)
class Ground:
    """What all candidates are made of and held to."""

    network: Network
    values: Values
    inputs: Sequence[Tensor]
    expected: Sequence[Tensor]
    sizes: Mapping[str, int]
    device: torch.device
    dtype: torch.dtype
    layouts: Layouts = field(default_factory=WeakValueDictionary)
    done: Done = field(default_factory=dict)
    """What passes have made of the network."""


def ground_of(model: nn.Module, network: Network, inputs: Sequence[Tensor], sizes: Mapping[str, int]) -> Ground:
    """The ground for a module as it is now."""
    device, dtype = device_and_dtype(model)
    expected = run_in_eval(model, inputs)
    return Ground(network, Values(model.state_dict()), inputs, expected, sizes, device, dtype)


def make(ground: Ground, way: Way, passes: Sequence[Pass] | None = None) -> Candidate | None:
    """Make a candidate ready; None where the passes that are to be tried find nothing to do.

    Args:
        ground: the network, and what it gives.
        way: how it is to run.
        passes: those to choose from; all of the engine where nothing is said.

    Raises:
        CannotRunError: the engine cannot run the network, or gives other numbers.
    """
    began = perf_counter()
    engine = way.engine
    network, counts = run_passes(ground.network, engine.passes if passes is None else passes, way.tried, ground.done)
    if way.tried and not any(counts[name] for name in way.tried):
        return None
    precision = ground.dtype if way.precision is None else getattr(torch, way.precision)
    values = ground.values.of(network)
    job = Job(network, values, ground.sizes, ground.device, ground.dtype, precision, layouts=ground.layouts)
    try:
        with torch.no_grad():
            run = engine.prepare(job)
            ready = perf_counter()
            found = run(ground.inputs)
            ran = perf_counter()
    except CannotRunError:
        raise
    except Exception as error:
        if engine.name == TorchEngine.name and way.precision is None:
            raise
        raise CannotRunError(first_line(error)) from error
    apart = difference(found, ground.expected)
    if not apart <= allowed(precision):
        most = f"{allowed(precision):.0e} is allowed in {precision}"
        raise WrongNumbersError(f"its outputs are off by {apart:.1e} of the largest number, and {most}")
    return Candidate(way, counts, network, run, job, ran - began, ran - ready, apart)


class WrongNumbersError(CannotRunError):
    """An engine gives other numbers than the module."""
