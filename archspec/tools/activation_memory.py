"""Activation memory: what torch allocates while a network runs, seen by torch's profiler.

What a kernel of torch allocates and frees itself is its workspace: scratch space of oneDNN, or weights that it lays out
anew. Everything else is activations, as in `archspec.analysis.memory`, also what one kernel gives and another drops.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch._C._profiler import _EventType
from torch.autograd.profiler import profile

_LOG_LEVEL = "KINETO_LOG_LEVEL"
_SILENT = "100"
_ALLOCATING = frozenset(f"aten::{name}" for name in ("empty", "empty_like", "empty_strided", "new_empty", "resize_"))
"""Operators that allocate for whoever calls them."""


@dataclass(frozen=True, slots=True)
class Peak:
    """The most bytes that are allocated at once on the processor, inputs included."""

    activations: int
    """Without the workspaces of kernels."""
    total: int
    """With them."""


def measure_peak(run: Callable[[Sequence[Tensor]], object], inputs: Sequence[Tensor]) -> Peak:
    """The peak of a run, after one that is not looked at. Memory that is not torch's is not seen.

    Args:
        run: computes outputs from inputs.
        inputs: these are alive throughout, as the caller holds them.
    """
    with torch.no_grad():
        run(inputs)
        with _silent(), profile(profile_memory=True, use_kineto=False) as profiled:
            kept = run(inputs)
    assert profiled.kineto_results is not None
    events = sorted(_events(profiled.kineto_results.experimental_event_tree()))
    del kept
    held = sum({each.data_ptr(): each.nbytes for each in inputs}.values())
    of_kernels = _workspaces(events)
    without = (0 if index in of_kernels else each.bytes for index, each in enumerate(events))
    return Peak(held + _highest(without), held + _highest(each.bytes for each in events))


class _Event(NamedTuple):
    """An allocation, or a release where `bytes` is negative."""

    time: int
    address: int
    bytes: int
    calls: tuple[int, ...]
    """The operators in which it happens, the outermost first, without those that allocate for others."""


def _events(tree: Iterable[Any], calls: tuple[int, ...] = ()) -> Iterator[_Event]:
    for each in tree:
        kind, fields = each.typed
        if kind == _EventType.Allocation and fields.device.type == "cpu":
            yield _Event(each.start_time_ns, fields.ptr, fields.alloc_size, calls)
        is_call = kind == _EventType.TorchOp and "::" in each.name and each.name not in _ALLOCATING
        yield from _events(each.children, (*calls, each.id) if is_call else calls)


def _workspaces(events: Iterable[_Event]) -> set[int]:
    """The indices of what is allocated and freed by one kernel, and of what was there before all."""
    found: set[int] = set()
    alive: dict[int, tuple[int, _Event]] = {}
    for index, each in enumerate(events):
        if each.bytes > 0:
            alive[each.address] = index, each
            continue
        made, allocated = alive.pop(each.address, (index, each))
        if made == index or (allocated.calls and allocated.calls[-1] in each.calls):
            found |= {made, index}
    return found


def _highest(changes: Iterable[int]) -> int:
    return max(accumulate(changes, initial=0))


@contextmanager
def _silent() -> Iterator[None]:
    """Keep the profiler from telling on standard error that it begins and ends."""
    if _LOG_LEVEL in os.environ:
        yield
        return
    os.environ[_LOG_LEVEL] = _SILENT
    try:
        yield
    finally:
        del os.environ[_LOG_LEVEL]
