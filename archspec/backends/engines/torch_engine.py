"""Torch: the network as one flat module, channels last, its convolutions and linear layers those of oneDNN.

On CUDA it is channels last and replayed as a CUDA graph; on other devices, and of dtypes for which oneDNN has nothing
on the processor, channels last alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from archspec.backends.engines.cuda_graphs import CudaGraphs
from archspec.backends.engines.engine import Engine, Job, Run
from archspec.backends.fused import Fused
from archspec.backends.initialize import skip_torch_defaults
from archspec.backends.scope_module import ScopeModule
from archspec.backends.torch_fx import emit
from archspec.ir.dims import evaluate
from archspec.ir.types import TensorType
from archspec.passes import PASSES
from archspec.passes.network import key_of
from archspec.passes.pass_type import Pass


class TorchEngine(Engine):
    """Needs nothing but torch, and runs any network at all sizes."""

    name: ClassVar[str] = "torch"
    passes: ClassVar[tuple[Pass, ...]] = PASSES
    tried: ClassVar[tuple[tuple[str, ...], ...]] = ((), ("commute-pooling", "merge-convolutions"))
    precisions: ClassVar[tuple[str, ...]] = ("bfloat16", "float16")

    def prepare(self, job: Job) -> Run:
        """Emit the network, and lay its weights out."""
        module = emit_with(job)
        _lay_out(module, job)

        run = in_precision(job, _Owned(module))
        return CudaGraphs(run, job.device) if job.device.type == "cuda" else run


def emit_with(job: Job) -> ScopeModule:
    """The module of a network, with its weights, in eval mode."""
    # Not on the meta device, where constants would have no values; what is drawn all the same is not the caller's.
    with skip_torch_defaults(), torch.random.fork_rng(devices=[]):
        module = emit(job.network.graph, device=job.device, dtype=job.precision)
    values = {key: value.to(job.precision) if value.dtype == job.dtype else value for key, value in job.values.items()}
    module.load_state_dict(values, assign=True)
    return module.eval().requires_grad_(False)


def in_precision(job: Job, call: Callable[..., Any]) -> Run:
    """What gives a module its inputs in what it computes in, and brings its outputs back."""
    if job.precision == job.dtype:
        return lambda inputs: [each.contiguous() for each in outputs_of(call(*inputs))]
    graph = job.network.graph
    reads = [_dtype(each.type, job.precision) for each in graph.inputs.values()]
    types = [graph.type_of(each.value) for each in graph.outputs.values()]
    gives = [_dtype(each, job.dtype) for each in types if each is not None]

    def run(inputs: Sequence[Tensor]) -> Sequence[Tensor]:
        found = outputs_of(call(*map(Tensor.to, inputs, reads)))
        return [each.to(dtype).contiguous() for each, dtype in zip(found, gives, strict=True)]

    return run


class _Owned:
    """Calls of a module, whose outputs share no memory with its weights, nor with its inputs."""

    def __init__(self, module: ScopeModule) -> None:
        self.module = module
        self.held = {_storage(each) for each in (*module.parameters(), *module.buffers())}

    def __call__(self, *inputs: Tensor) -> Sequence[Tensor]:
        """The outputs."""
        held = self.held.union(map(_storage, inputs))
        return [each.clone() if _storage(each) in held else each for each in outputs_of(self.module(*inputs))]


def _storage(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def _dtype(given: TensorType, of_floats: torch.dtype) -> torch.dtype:
    """What a tensor is of where those of float32 are of another dtype."""
    found: torch.dtype = of_floats if given.dtype == "float32" else getattr(torch, given.dtype)
    return found


def outputs_of(returned: Tensor | Sequence[Tensor]) -> Sequence[Tensor]:
    """What a module returned, as a sequence."""
    return [returned] if isinstance(returned, Tensor) else returned


def _lay_out(module: ScopeModule, job: Job) -> None:
    packs = _has_onednn(job)
    for path, layer in module.named_modules():
        if isinstance(layer, Fused) and not packs:
            layer.to(memory_format=torch.channels_last)
        elif isinstance(layer, Fused) and layer.gains(sides := _sides(job, path)):
            key = (job.network.values[key_of(path, "weight")], job.precision, layer.layout, *sides)
            if (packed := job.layouts.get(key)) is None:
                packed = job.layouts[key] = layer.laid_out(sides)
            layer.pack(packed)


def _sides(job: Job, path: str) -> list[int]:
    """The sides of what a node reads first, at the sizes that the network is made ready for."""
    given = job.network.graph.input_types(job.network.graph[path])
    assert given is not None
    sides = [evaluate(side, job.sizes) for side in given[0].shape]
    known = [side for side in sides if isinstance(side, int)]
    assert len(known) == len(sides), f"`{path}` has sides without a number"
    return known


def _has_onednn(job: Job) -> bool:
    """Whether oneDNN runs the convolutions and linear layers of a network."""
    has_onednn: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return has_onednn and job.device.type == "cpu" and _ONEDNN.get(job.precision, lambda: False)()


_ONEDNN: Mapping[torch.dtype, Callable[[], bool]] = {
    torch.float32: lambda: True,
    torch.bfloat16: lambda: torch.ops.mkldnn._is_mkldnn_bf16_supported(),
    torch.float16: lambda: torch.ops.mkldnn._is_mkldnn_fp16_supported(),
}
"""Whether it computes in a dtype on this processor."""
