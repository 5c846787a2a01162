"""Numbers: what a module gives without being changed, and how far apart two results are."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import RLock

import torch
from torch import Tensor, nn

from archspec.backends.engines.torch_engine import outputs_of


def run_in_eval(model: nn.Module, inputs: Sequence[Tensor]) -> list[Tensor]:
    """What a module gives in eval mode; its mode and torch's random numbers stay what they were."""
    with in_eval(model), torch.no_grad(), torch.random.fork_rng(devices=[]):
        return list(outputs_of(model(*inputs)))


def without_autocast(device: torch.device) -> AbstractContextManager[object]:
    """Leave autocast, whoever is in it: what is computed in is what was asked for."""
    is_on = torch.is_autocast_enabled(device.type)
    return torch.autocast(device.type, enabled=False) if is_on else nullcontext()


_IN_EVAL = RLock()
"""Held while a module may not be in the mode that its owner set: what two threads make of one shall not mix."""


@contextmanager
def in_eval(model: nn.Module) -> Iterator[None]:
    """Have a module in eval mode for a while; one thread at a time does."""
    with _IN_EVAL:
        modes = {each: each.training for each in model.modules()}
        for each in modes:
            each.training = False
        try:
            yield
        finally:
            for each, mode in modes.items():
                each.training = mode


def difference(found: Sequence[Tensor], expected: Sequence[Tensor]) -> float:
    """The largest difference of an output, as a share of the largest number in it; infinite where shapes differ."""
    if len(found) != len(expected):
        return math.inf
    return max((_difference(*pair) for pair in zip(found, expected, strict=True)), default=0.0)


def _difference(found: Tensor, expected: Tensor) -> float:
    if found.shape != expected.shape or found.dtype.is_floating_point != expected.dtype.is_floating_point:
        return math.inf
    found, expected = found.double(), expected.double()
    same = (found == expected) | (found.isnan() & expected.isnan())
    if same.all():
        return 0.0
    gap = (found - expected).abs().masked_fill(same, 0.0)
    largest = expected.abs().nan_to_num(0.0, 0.0, 0.0).max().item()
    return math.inf if not gap.isfinite().all() else gap.max().item() / (largest or 1.0)
