"""Memory as `archspec.analysis.memory` tells it without torch, beside what torch takes."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import archspec
from archspec.analysis.memory import memory
from archspec.backends.inputs import random_inputs
from benchmarks.measure import Figure
from benchmarks.startup import ROOT

SPECS = ("inception_v1", "googlenet", "inception_v3", "inception_v4", "inception_resnet_v2")
BATCH = 2
TARGET = 1.05


def figures() -> Iterator[Figure]:
    for name in SPECS:
        graph = archspec.load_graph(ROOT / f"specs/{name}.yaml")
        module = archspec.compile_graph(graph)
        told = memory(graph, BATCH)
        inputs = list(random_inputs(graph, batch=BATCH).values())
        yield _beside(f"{name}, peak in eval mode", told.inference.peak, peak_bytes(module, inputs))
        yield _beside(f"{name}, saved for backward", told.saved_in[""], saved_bytes(module, inputs))


def peak_bytes(module: nn.Module, inputs: Sequence[torch.Tensor]) -> int:
    """The most bytes of activations that are alive at once in eval mode, inputs included.

    What a kernel allocates for itself is not seen, as the workspaces of convolutions.
    """
    live = _Live(_weights(module))
    with torch.no_grad(), live:
        for tensor in inputs:
            live.see(tensor)
        module.eval()(*inputs)
    return live.peak


def saved_bytes(module: nn.Module, inputs: Sequence[torch.Tensor]) -> int:
    """The bytes that torch saves for the backward pass, each storage once, without weights and buffers."""
    weights = {_place(tensor) for tensor in _weights(module)}
    saved: dict[int, int] = {}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        saved[_place(tensor)] = tensor.untyped_storage().nbytes()
        return tensor

    with saved_tensors_hooks(note, lambda tensor: tensor):
        outputs = module.train()(*inputs)
        del outputs
    return sum(taken for place, taken in saved.items() if place not in weights)


class _Live(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the storages that are alive after each call of torch; those of weights are left aside."""

    def __init__(self, weights: Sequence[torch.Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.weights = {_place(tensor) for tensor in weights}
        self.live: dict[int, int] = {}
        self.bytes = self.peak = 0

    def see(self, tensor: torch.Tensor) -> None:
        storage, place = tensor.untyped_storage(), _place(tensor)
        if place in self.live or place in self.weights:
            return
        self.live[place] = storage.nbytes()
        self.bytes += storage.nbytes()
        self.peak = max(self.peak, self.bytes)
        weakref.finalize(storage, self._drop, place)

    def _drop(self, place: int) -> None:
        self.bytes -= self.live.pop(place)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if isinstance(leaf, torch.Tensor):
                self.see(leaf)
        return result


def _weights(module: nn.Module) -> list[torch.Tensor]:
    return [*module.parameters(), *module.buffers()]


def _place(tensor: torch.Tensor) -> int:
    place: int = tensor.untyped_storage()._cdata
    return place


def _beside(what: str, told: int, measured: int) -> Figure:
    detail = f"{told:,} bytes told, {measured:,} measured, batch {BATCH}"
    return Figure(what, max(told, measured) / min(told, measured), "x", TARGET, detail)
