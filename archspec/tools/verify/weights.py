"""Weights to compare with: drawn so that every attribute of every layer shows in the outputs, and carried over."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn


def redraw(module: nn.Module, seed: int = 0) -> None:
    """Draw all weights and batch statistics of a module anew, as no training would leave them.

    Networks start with what hides mistakes: statistics of mean 0 and variance 1, affine weights of 1, biases of 0, and
    weights so small that the input is gone after ten layers. Here variances lie from 0.5 to 2, means around 0 with
    deviation 0.5, affine weights from 0.5 to 1.5, biases around 0 with deviation 0.2, and what is multiplied by has a
    variance of 2 / fan-in, which carries a signal through any number of ReLUs (He et al. 2015).
    """
    generator = torch.Generator().manual_seed(seed)

    def uniform(tensor: torch.Tensor, low: float, high: float) -> None:
        tensor.copy_(torch.rand(tensor.shape, generator=generator) * (high - low) + low)

    def normal(tensor: torch.Tensor, deviation: float) -> None:
        tensor.copy_(torch.randn(tensor.shape, generator=generator) * deviation)

    with torch.no_grad():
        for key, parameter in module.named_parameters():
            if parameter.dim() > 1:
                normal(parameter, (2 * parameter.shape[0] / max(parameter.numel(), 1)) ** 0.5)
            elif key.endswith("bias"):
                normal(parameter, 0.2)
            else:
                uniform(parameter, 0.5, 1.5)
        for key, buffer in module.named_buffers():
            if key.endswith("running_var"):
                uniform(buffer, 0.5, 2)
            elif key.endswith("running_mean"):
                normal(buffer, 0.5)


def weights_of(module: nn.Module) -> dict[str, torch.Tensor]:
    """What checkpoints hold, by key, each weight once: in a `state_dict` a tied one has several keys."""
    first: dict[int, str] = {}
    state = module.state_dict(keep_vars=True)
    return {key: value.detach() for key, value in state.items() if first.setdefault(id(value), key) == key}


@torch.no_grad()
def carry(pairs: Mapping[str, str], source: nn.Module, target: nn.Module) -> None:
    """Copy the weights of a module into another one.

    Args:
        pairs: keys of `source` with keys of `target`, their weights of equal shape.
        source: what has the weights.
        target: what gets them.
    """
    given, taken = source.state_dict(), target.state_dict()
    for theirs, ours in pairs.items():
        taken[ours].copy_(given[theirs])
