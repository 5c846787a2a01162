"""Runs to compare: what a module gives in each phase, its gradients, and what one training step leaves behind."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from archspec.ir.graph import Phase


@dataclass(frozen=True, slots=True)
class Dropout:
    """A dropout that would have worked in training mode."""

    kind: str
    """What torch calls it: `dropout`, `dropout2d`, ..."""
    p: float
    """The chance of being dropped."""
    size: int
    """How many values its input has."""
    norm: float
    """Of its input: by size and norm, the same place is found in two networks."""

    def __str__(self) -> str:
        return f"{self.kind} of {self.p:g}"


@dataclass(slots=True)
class Run:
    """All that came of running a module."""

    outputs: dict[Phase, dict[str, torch.Tensor]] = field(default_factory=dict)
    """The outputs of each phase by name; by position (`0`, `1`) where they have none."""
    gradients: dict[str, torch.Tensor | None] = field(default_factory=dict)
    """The gradient of each parameter by key, None where the loss does not depend on it."""
    buffers: dict[str, torch.Tensor] = field(default_factory=dict)
    """The buffers by key, as one training step left them."""
    dropouts: list[Dropout] = field(default_factory=list)
    """In order of execution."""


Arrange = Callable[[Phase, Mapping[str, torch.Tensor]], Sequence[torch.Tensor] | None]
"""Brings outputs into an order that two networks agree on; None where there is none."""


def run(
    module: nn.Module,
    inputs: Sequence[torch.Tensor],
    phases: Sequence[Phase],
    arrange: Arrange = lambda _, outputs: list(outputs.values()),
    seed: int = 0,
    lone: Mapping[Phase, str] | None = None,
) -> Run:
    """Run a module in eval mode, and in training mode with gradients; it is left as it was, but for its mode.

    Dropout lets everything through and is noted instead; other noise is drawn from `seed`. The loss is the sum of
    products of all outputs with fixed random numbers, so that a gradient differs when any value of any output does.

    Args:
        module: of the dtype of `inputs`.
        inputs: given by position.
        phases: which modes to run in.
        arrange: brings training outputs into the order by which the loss draws its numbers.
        seed: of the loss and of noise.
        lone: what the output of a phase is called where it is one tensor, which has no name; `0` where nothing is said.
    """
    made = Run()
    lone = lone or {}
    before = [(buffer, buffer.clone()) for buffer in module.buffers()]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if "eval" in phases:
            with torch.no_grad():
                outputs = named_outputs(module.eval()(*inputs), lone=lone.get("eval", "0"))
                made.outputs["eval"] = {name: value.clone() for name, value in outputs.items()}
        if "training" in phases:
            with NoDropout(made.dropouts):
                outputs = named_outputs(module.train()(*inputs), lone=lone.get("training", "0"))
            _step(module, outputs, arrange("training", outputs), seed, made)
    with torch.no_grad():
        for buffer, value in before:
            buffer.copy_(value)
    return made


def _step(
    module: nn.Module,
    outputs: Mapping[str, torch.Tensor],
    arranged: Sequence[torch.Tensor] | None,
    seed: int,
    made: Run,
) -> None:
    made.outputs["training"] = {name: value.detach().clone() for name, value in outputs.items()}
    made.buffers = {key: buffer.clone() for key, buffer in _all_buffers(module)}
    if arranged is None:
        return
    generator = torch.Generator().manual_seed(seed)
    loss = torch.zeros(())
    for output in arranged:
        weights = torch.randn(output.shape, generator=generator, dtype=torch.float64).to(output.dtype)
        if output.requires_grad:
            loss = loss + (output * weights).sum()
    if loss.requires_grad:
        loss.backward()  # type: ignore[no-untyped-call]
    for key, parameter in module.named_parameters(remove_duplicate=False):
        made.gradients[key] = parameter.grad
    module.zero_grad(set_to_none=True)


def _all_buffers(module: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """The buffers that checkpoints hold."""
    held = module.state_dict(keep_vars=True)
    return ((key, value.detach()) for key, value in held.items() if not isinstance(value, nn.Parameter))


def named_outputs(given: Any, name: str = "", lone: str = "0") -> dict[str, torch.Tensor]:
    """The tensors in what a module returned, by name: of a field, a key, or the position in a tuple or list.

    What is no tensor (None where a head is off) is left out.

    Args:
        given: what the module returned, or a part of it.
        name: of the part, empty for the whole.
        lone: what the whole is called where it is a tensor.
    """
    if isinstance(given, torch.Tensor):
        return {name or lone: given}
    if isinstance(given, Mapping):
        pairs = [(str(key), value) for key, value in given.items()]
    elif isinstance(given, tuple) and hasattr(given, "_fields"):
        pairs = list(zip(given._fields, given, strict=True))
    elif isinstance(given, tuple | list):
        pairs = [(str(index), value) for index, value in enumerate(value for value in given if value is not None)]
    elif dataclasses.is_dataclass(given) and not isinstance(given, type):
        pairs = [(entry.name, getattr(given, entry.name)) for entry in dataclasses.fields(given)]
    else:
        return {}
    found: dict[str, torch.Tensor] = {}
    for key, value in pairs:
        found |= named_outputs(value, f"{name}.{key}" if name else key)
    return found


class NoDropout(TorchFunctionMode):
    """Drops nothing, as two networks cannot be made to draw the same noise; notes what would be, if given a list."""

    def __init__(self, dropouts: list[Dropout] | None = None) -> None:
        super().__init__()
        self.dropouts = dropouts

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if "dropout" not in name or not callable(func):
            return func(*args, **kwargs)
        given = dict(zip(("input", "p", "training"), args, strict=False)) | kwargs
        source, p = given["input"], given.get("p", 0.5)
        if self.dropouts is not None and given.get("training", True) and p:
            with torch.no_grad():
                self.dropouts.append(Dropout(name, p, source.numel(), float(source.double().norm())))
        return source
