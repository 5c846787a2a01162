"""CUDA graphs: all kernels of a call launched at once, for the shapes that were captured."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import NamedTuple

import torch
from torch import Tensor

from archspec.backends.engines.engine import Run

_KEPT = 4
"""How many shapes are kept captured."""
_WARM_UPS = 3
"""Calls before one is captured, in which libraries choose their kernels (as PyTorch's own helper does)."""


class _Captured(NamedTuple):
    graph: torch.cuda.CUDAGraph
    inputs: list[Tensor]
    outputs: Sequence[Tensor]


class CudaGraphs:
    """Calls that are captured at their first shapes and replayed from then on; what cannot be captured is called."""

    def __init__(self, run: Run, device: torch.device) -> None:
        self.run, self.device = run, device
        self.captured: dict[tuple[torch.Size, ...], _Captured | None] = {}
        self.lock = Lock()
        """Held for a call: threads share the places of inputs and outputs, and the stream that they queue on."""

    def __call__(self, inputs: Sequence[Tensor]) -> Sequence[Tensor]:
        """The outputs, in memory of their own."""
        with self.lock, torch.cuda.device(self.device):
            return self._call(inputs)

    def _call(self, inputs: Sequence[Tensor]) -> Sequence[Tensor]:
        shapes = tuple(each.shape for each in inputs)
        if shapes not in self.captured:
            self.captured[shapes] = self._capture(inputs)
            if len(self.captured) > _KEPT:
                self.captured.pop(next(iter(self.captured)))
        found = self.captured[shapes]
        if found is None:
            return self.run(inputs)
        for place, given in zip(found.inputs, inputs, strict=True):
            place.copy_(given)
        found.graph.replay()
        return [each.clone() for each in found.outputs]

    def _capture(self, inputs: Sequence[Tensor]) -> _Captured | None:
        places = [each.clone() for each in inputs]
        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(_WARM_UPS):
                self.run(places)
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph):
                outputs = self.run(places)
        except RuntimeError:  # something in it asks the device, or allocates by itself
            return None
        return _Captured(graph, places, outputs)
