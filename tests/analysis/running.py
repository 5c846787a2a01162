"""Whether torch runs a network at some size, on the CPU."""

from __future__ import annotations

import torch
from torch import nn


def runs(module: nn.Module, *shape: int) -> bool:
    """Whether a module takes a tensor of a shape."""
    try:
        with torch.no_grad():
            module(torch.rand(shape))
    except (RuntimeError, ValueError, ZeroDivisionError):
        return False
    return True
