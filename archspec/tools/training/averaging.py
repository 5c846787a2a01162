"""Averaging: a second module whose weights are the average of the first one's over many steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from archspec.recipe import averaging as recipe
from archspec.tools.training.recipe import Spec, graph_of, part_of


def average(spec: Spec, model: nn.Module, *, params: Mapping[str, Any] | None = None) -> AveragedModel:
    """The average that a spec's `training: averaging` describes: a module that is called as the one it averages.

    Call its `update_parameters(model)` after every step; the first call copies the weights. Buffers (the running
    statistics of batch norm) are averaged too, those of whole numbers copied.

    Args:
        spec: the path of a spec, or its graph.
        model: the module to average; it is copied.
        params: values for the spec's parameters, by name.

    Raises:
        SpecError: the spec has errors.
        ValueError: it describes no average.
    """
    how: recipe.Averaging = part_of(graph_of(spec, params), "averaging")
    decay = how.decay if isinstance(how, recipe.ExponentialMovingAverage) else None
    return AveragedModel(model, multi_avg_fn=_Update(decay), use_buffers=True)


@dataclass(frozen=True)
class _Update:
    """How averages follow weights; a class, so that the averaged module pickles.

    With a decay d, average = d * average + (1 - d) * weight; without, the mean of all weights so far.
    """

    decay: float | None

    @torch.no_grad()
    def __call__(
        self, averages: Sequence[torch.Tensor], weights: Sequence[torch.Tensor], seen: torch.Tensor | int
    ) -> None:
        share = 1 - self.decay if self.decay is not None else 1 / (int(seen) + 1)
        for averaged, weight in zip(averages, weights, strict=True):
            if averaged.is_floating_point():
                averaged.lerp_(weight, share)
            else:
                averaged.copy_(weight)
