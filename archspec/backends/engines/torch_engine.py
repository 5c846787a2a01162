"""Torch: the network as one flat module, channels last, its convolutions those of oneDNN, weights laid out.

On CUDA it is channels last and replayed as a CUDA graph; on other devices, and of other dtypes, channels last alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor

from archspec.backends.engines.cuda_graphs import CudaGraphs
from archspec.backends.engines.engine import Engine, Job, Run
from archspec.backends.fused_conv import FusedConv
from archspec.backends.initialize import skip_torch_defaults
from archspec.backends.scope_module import ScopeModule
from archspec.backends.torch_fx import emit
from archspec.ir.dims import evaluate
from archspec.passes import PASSES
from archspec.passes.pass_type import Pass


class TorchEngine(Engine):
    """Needs nothing but torch, and runs any network at all sizes."""

    name: ClassVar[str] = "torch"
    passes: ClassVar[tuple[Pass, ...]] = PASSES
    tried: ClassVar[tuple[tuple[str, ...], ...]] = ((), ("commute-pooling", "merge-convolutions"))

    def prepare(self, job: Job) -> Run:
        """Emit the network, and lay its weights out."""
        module = emit_with(job)
        _lay_out(module, job)

        def run(inputs: Sequence[Tensor]) -> Sequence[Tensor]:
            return [each.contiguous() for each in outputs_of(module(*inputs))]

        return CudaGraphs(run) if job.device.type == "cuda" else run


def emit_with(job: Job) -> ScopeModule:
    """The module of a network, with its weights, in eval mode."""
    with skip_torch_defaults(True):  # not on the meta device, where constants would have no values
        module = emit(job.network.graph, device=job.device, dtype=job.dtype)
    module.load_state_dict(dict(job.values), assign=True)
    return module.eval().requires_grad_(False)


def outputs_of(returned: Tensor | Sequence[Tensor]) -> Sequence[Tensor]:
    """What a module returned, as a sequence."""
    return [returned] if isinstance(returned, Tensor) else returned


def _lay_out(module: ScopeModule, job: Job) -> None:
    graph, packs = job.network.graph, _has_onednn(job)
    for path, layer in module.named_modules():
        if isinstance(layer, FusedConv) and packs:
            given = graph.input_types(graph[path])
            assert given is not None
            sides = [evaluate(side, job.sizes) for side in given[0].shape]
            layer.pack([side for side in sides if isinstance(side, int)])
        elif isinstance(layer, FusedConv):
            layer.to(memory_format=torch.channels_last)


def _has_onednn(job: Job) -> bool:
    """Whether oneDNN runs the convolutions of a network."""
    has_onednn: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return job.device.type == "cpu" and job.dtype == torch.float32 and has_onednn
