"""Roof: how many floating-point operations a second the processor does at best, as seen on products of matrices."""

from __future__ import annotations

from time import perf_counter
from typing import Final

import torch

SIDES: Final = (512, 1024, 2048)
"""The sides of the square matrices that are multiplied."""
_FEWEST = 2


def measure_roof(seconds: float = 0.5) -> float:
    """The best throughput of products of float32 matrices, in GFLOP/s, with the threads that torch has now.

    Args:
        seconds: what it may take, about; each size is tried twice at least.
    """
    return max(_best(side, seconds / len(SIDES)) for side in SIDES)


@torch.no_grad()
def _best(side: int, seconds: float) -> float:
    left, right = torch.full((2, side, side), 0.5).unbind()
    product = torch.empty(side, side)
    fastest, runs, started = float("inf"), 0, perf_counter()
    while runs < _FEWEST or perf_counter() - started < seconds:
        began = perf_counter()
        torch.mm(left, right, out=product)
        fastest = min(fastest, perf_counter() - began)
        runs += 1
    return 2 * side**3 / fastest / 1e9
