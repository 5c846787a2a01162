"""What the engines that read ONNX have in common: models of a network, for all sizes at once where that can be."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ClassVar, TypeAlias

import torch
from torch import Tensor

from archspec.analysis.at_sizes import at_sizes, sizes_of_shapes
from archspec.backends.engines.engine import CannotRunError, Engine, Job, Run

Session: TypeAlias = Callable[[Sequence[Tensor]], Sequence[Tensor]]
_KEPT = 4
"""How many sizes have a session of their own, where one cannot do for all."""


class OnnxEngine(Engine):
    """Base of the engines that run an ONNX model on the processor."""

    tried: ClassVar[tuple[tuple[str, ...], ...]] = ((), ("commute-pooling",))

    def prepare(self, job: Job) -> Run:
        """Open a session for all sizes; where the network is another at others, for each when it is first met."""
        from archspec.backends.onnx.emit import free_sizes

        if job.device.type != "cpu" or job.dtype != torch.float32:
            raise CannotRunError(f"it is run with weights of float32 on the CPU, not of {job.dtype} on {job.device}")
        if free_sizes(job.network):
            return self._session(job, nominal=False)
        return _BySizes(job, lambda sized: self._session(sized, nominal=True))

    def _session(self, job: Job, *, nominal: bool) -> Session:
        from archspec.backends.onnx.emit import emit_onnx
        from archspec.backends.onnx.refusal import NotInOnnxError

        try:
            model = emit_onnx(job.network, job.values, nominal=nominal).SerializeToString()
        except NotInOnnxError as error:
            raise CannotRunError(str(error)) from error
        return self.open(model, list(job.network.graph.inputs), list(job.network.graph.outputs))

    @abstractmethod
    def open(self, model: bytes, inputs: Sequence[str], outputs: Sequence[str]) -> Session:
        """A session of a model.

        Raises:
            CannotRunError: the engine does not take it.
        """


class _BySizes:
    """A session for each sizes of the inputs, of which the last few are kept."""

    def __init__(self, job: Job, opened: Callable[[Job], Session]) -> None:
        self.job, self.opened = job, opened
        self.sessions: dict[tuple[tuple[int, ...], ...], Session] = {}

    def __call__(self, inputs: Sequence[Tensor]) -> Sequence[Tensor]:
        shapes = tuple(tuple(each.shape) for each in inputs)
        session = self.sessions.pop(shapes, None) or self.opened(self._at(inputs))
        self.sessions[shapes] = session
        if len(self.sessions) > _KEPT:
            self.sessions.pop(next(iter(self.sessions)))
        return session(inputs)

    def _at(self, inputs: Sequence[Tensor]) -> Job:
        graph = self.job.network.graph
        at = at_sizes(graph, sizes_of_shapes(graph, [each.shape for each in inputs]), "eval")
        return replace(self.job, network=replace(self.job.network, graph=at))
