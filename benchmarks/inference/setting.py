"""Setting: how much is measured, and how inference is timed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from archspec.tools.optimize.timing import interleaved
from benchmarks.measure import Times

SIDES = {"inception_v2": 299, "inception_v3": 299, "inception_v4": 299, "inception_resnet_v2": 299}
"""Of the images of networks that do not read 224."""


@dataclass(frozen=True)
class Setting:
    """What is measured."""

    rounds: int = 15
    networks: tuple[str, ...] = ()
    """Where none is named, those of each table."""
    quick: bool = False
    """Whether `torch.compile` is left out, which takes a minute for each network and batch."""
    batches: tuple[int, ...] = (1, 8)
    side: int | None = None
    """Of the images; where nothing is said, as published."""
    seconds: float = 180.0
    """After which no further round of a comparison begins; there are three at least."""

    def chosen(self, named: Iterable[str]) -> tuple[str, ...]:
        """Of the networks of a table, those that are measured."""
        return self.networks or tuple(named)

    def images(self, name: str, batch: int) -> Tensor:
        """What a network is run on."""
        side = self.side or SIDES.get(name, 224)
        return torch.randn(batch, 3, side, side, generator=torch.Generator().manual_seed(0))

    def timed(self, calls: Mapping[str, Callable[[], object]]) -> dict[str, Times]:
        """Time calls in turns, in a random order, each right after one of its own that is not timed."""
        times = interleaved(calls, rounds=self.rounds, budget=self.seconds)
        return {name: Times(tuple(seconds)) for name, seconds in times.items()}
