"""OpenVINO: on the processor, for the latency of one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from archspec.backends.engines.engine import CannotRunError, Job
from archspec.backends.engines.onnx_engine import OnnxEngine, Session

_HINTS: Mapping[torch.dtype, str] = {torch.float32: "f32", torch.bfloat16: "bf16"}


class OpenVinoEngine(OnnxEngine):
    """Runs ONNX models by Intel's runtime."""

    name: ClassVar[str] = "openvino"
    packages: ClassVar[tuple[str, ...]] = ("onnx", "openvino")
    precisions: ClassVar[tuple[str, ...]] = ("bfloat16",)

    def open(self, model: bytes, job: Job) -> Session:
        """Compile the model."""
        import openvino

        inputs, outputs = list(job.network.graph.inputs), list(job.network.graph.outputs)
        settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": _HINTS[job.precision],
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        }
        core: Any = openvino.Core()
        try:
            compiled = core.compile_model(core.read_model(model), "CPU", settings)
        except Exception as error:  # its errors have no common base but this
            raise CannotRunError(f"it says: {str(error).strip().splitlines()[-1]}") from error

        kept = {port.get_any_name() for port in compiled.inputs}  # it drops those of which the shape alone counts

        def run(tensors: Sequence[Tensor]) -> Sequence[Tensor]:
            named = zip(inputs, tensors, strict=True)
            given = {name: each.detach().contiguous().numpy() for name, each in named if name in kept}
            found = compiled(given, share_inputs=True)
            return [torch.from_numpy(found[name]) for name in outputs]

        return run
