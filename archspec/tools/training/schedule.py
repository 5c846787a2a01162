"""Schedule: the learning rate of an optimiser, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from archspec.recipe import schedule as recipe
from archspec.tools.training.recipe import Spec, graph_of, part_of


def schedule(
    spec: Spec, optimizer: Optimizer, *, steps_per_epoch: int, params: Mapping[str, Any] | None = None
) -> LambdaLR:
    """The learning rates that a spec's `training: schedule` describes, of all groups of an optimiser.

    Call its `step()` after every step of the optimiser, not after every epoch.

    Args:
        spec: the path of a spec, or its graph.
        optimizer: the optimiser, with the learning rates that the factors of the schedule are of.
        steps_per_epoch: how many batches the training set has.
        params: values for the spec's parameters, by name.

    Raises:
        SpecError: the spec has errors.
        ValueError: it describes no schedule, or `steps_per_epoch` is not positive.
    """
    graph = graph_of(spec, params)
    how: recipe.Schedule = part_of(graph, "schedule")
    if steps_per_epoch < 1:
        raise ValueError(f"`steps_per_epoch` is {steps_per_epoch}; expected a positive whole number")
    clock = recipe.Clock(steps_per_epoch, graph.training.epochs)
    # A partial function and not a lambda, so that the schedule pickles and holds nothing more in its `state_dict`.
    return LambdaLR(optimizer, partial(how.factor, clock=clock))
