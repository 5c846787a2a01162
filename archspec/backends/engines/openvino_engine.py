"""OpenVINO: on the processor, for the latency of one call."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from archspec.backends.engines.engine import CannotRunError, Job
from archspec.backends.engines.onnx_engine import OnnxEngine, Session
from archspec.ir.graph import Node

_HINTS: Mapping[torch.dtype, str] = {torch.float32: "f32", torch.bfloat16: "bf16"}


def _is_wide(node: Node) -> bool:
    return any(given.dtype == "int64" for given in node.types)


class OpenVinoEngine(OnnxEngine):
    """Runs ONNX models by Intel's runtime."""

    name: ClassVar[str] = "openvino"
    packages: ClassVar[tuple[str, ...]] = ("onnx", "openvino")
    precisions: ClassVar[tuple[str, ...]] = ("bfloat16",)

    def open(self, model: bytes, job: Job) -> Session:
        """Compile the model."""
        import openvino

        wide = next((node.path for node in job.network.graph.operations() if _is_wide(node)), None)
        if wide is not None:
            raise CannotRunError(f"it computes whole numbers of 64 bits, as those of `{wide}`, in 32")
        inputs, outputs = list(job.network.graph.inputs), list(job.network.graph.outputs)
        settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": _HINTS[job.precision],
            "INFERENCE_NUM_THREADS": job.threads,
        }
        core: Any = openvino.Core()
        try:
            compiled = core.compile_model(core.read_model(model), "CPU", settings)
        except Exception as error:  # its errors have no common base but this
            raise CannotRunError(f"it says: {str(error).strip().splitlines()[-1]}") from error

        requests = threading.local()  # one for each thread, as a second call on one would overwrite the first one's
        kept = {port.get_any_name() for port in compiled.inputs}  # it drops those of which the shape alone counts

        def run(tensors: Sequence[Tensor]) -> Sequence[Tensor]:
            named = zip(inputs, tensors, strict=True)
            given = {name: each.detach().contiguous().numpy() for name, each in named if name in kept}
            if not hasattr(requests, "own"):
                requests.own = compiled.create_infer_request()
            found = requests.own.infer(given, share_inputs=True)
            return [torch.from_numpy(found[name]) for name in outputs]

        return run
