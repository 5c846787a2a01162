"""ONNX Runtime: on the processor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from archspec.backends.engines.engine import CannotRunError, Job, first_line
from archspec.backends.engines.onnx_engine import OnnxEngine, Session

_ERRORS_ONLY = 3


class OnnxRuntimeEngine(OnnxEngine):
    """Runs ONNX models by Microsoft's runtime."""

    name: ClassVar[str] = "onnxruntime"
    packages: ClassVar[tuple[str, ...]] = ("onnx", "onnxruntime")

    def open(self, model: bytes, job: Job) -> Session:
        """Open an inference session."""
        import onnxruntime

        inputs, outputs = list(job.network.graph.inputs), list(job.network.graph.outputs)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = job.threads, 1
        options.log_severity_level = _ERRORS_ONLY
        try:
            session: Any = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its errors have no common base but this
            raise CannotRunError(first_line(error)) from error

        def run(tensors: Sequence[Tensor]) -> Sequence[Tensor]:
            given = {name: each.detach().contiguous().numpy() for name, each in zip(inputs, tensors, strict=True)}
            return [torch.from_numpy(each) for each in session.run(outputs, given)]

        return run
