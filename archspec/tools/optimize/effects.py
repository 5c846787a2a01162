"""Effects: what each pass gives by itself, seen on the engine that it was made for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor, nn

from archspec.backends.engines.engine import CannotRunError
from archspec.backends.engines.torch_engine import outputs_of
from archspec.tools.optimize.candidate import Ground, Way, make
from archspec.tools.optimize.numbers import difference, in_eval
from archspec.tools.optimize.report import Timing
from archspec.tools.optimize.timing import interleaved


def effects(
    model: nn.Module, ground: Ground, way: Way, counts: Mapping[str, int], rounds: int = 7
) -> tuple[Timing, ...]:
    """The module as it is, then the engine with no pass, with the first that rewrote something, with two, ..."""
    applied = [each for each in way.engine.passes if counts.get(each.name)]
    calls: dict[str, Callable[[], Sequence[Tensor]]] = {"as it is": lambda: outputs_of(model(*ground.inputs))}
    for count in range(len(applied) + 1):
        label = f"+ {applied[count - 1].name}" if count else f"{replace(way, tried=()).label}, no pass"
        passes = applied[:count]
        tried = tuple(each.name for each in passes if each.is_measured)
        made = None
        with suppress(CannotRunError):  # an engine may not have what a pass is yet to take out
            made = make(ground, replace(way, tried=tried), passes)
        if made is not None:
            calls[label] = partial(made.run, ground.inputs)
    with in_eval(model), torch.no_grad():
        found = {label: difference(call(), ground.expected) for label, call in calls.items()}
        times = interleaved(calls, rounds=rounds)
    return tuple(Timing(label, tuple(times[label]), found[label]) for label in calls)
