"""What the engines that read ONNX have in common: sessions of a network, by the sizes it is run at."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import ClassVar, TypeAlias

import torch
from torch import Tensor

from archspec.analysis.at_sizes import WrongSizesError, at_sizes, sizes_of_shapes
from archspec.backends.engines.engine import CannotRunError, Engine, Job, Run
from archspec.ir.dims import evaluate

Session: TypeAlias = Callable[[Sequence[Tensor]], Sequence[Tensor]]
_KEPT = 4
"""How many other sizes have a session of their own, where one cannot do for all."""


class OnnxEngine(Engine):
    """Base of the engines that run an ONNX model on the processor."""

    tried: ClassVar[tuple[tuple[str, ...], ...]] = ((), ("commute-pooling",))

    def prepare(self, job: Job) -> Run:
        """Open a session for the sizes of the job; others have theirs when they are first met."""
        if job.device.type != "cpu" or job.dtype != torch.float32:
            raise CannotRunError(f"it is run with weights of float32 on the CPU, not of {job.dtype} on {job.device}")
        return _Sessions(job, self._session)

    def _session(self, job: Job, *, nominal: bool) -> Session:
        from archspec.backends.onnx.emit import emit_onnx
        from archspec.backends.onnx.refusal import NotInOnnxError

        try:
            with job.device:  # whatever torch's default is by then
                model = b"".join(emit_onnx(job.network, job.values, nominal=nominal).parts())
        except NotInOnnxError as error:
            raise CannotRunError(str(error)) from error
        return self.open(model, job)

    @abstractmethod
    def open(self, model: bytes, job: Job) -> Session:
        """A session of the model of a job.

        Raises:
            CannotRunError: the engine does not take it.
        """


class _Sessions:
    """A session for the sizes that a network is made for, which runtimes plan best, and one for all others.

    Where the network is another at other sizes, each of these has its own, and the last few are kept.
    """

    def __init__(self, job: Job, opened: Callable[..., Session]) -> None:
        self.job, self.opened = job, opened
        self.shapes = tuple(
            tuple(evaluate(side, job.sizes) for side in given.shape) for given in job.network.graph.inputs.values()
        )
        self.first = self._at(job.sizes)
        self.others: dict[tuple[tuple[int, ...], ...], Session] = {}

    def __call__(self, inputs: Sequence[Tensor]) -> Sequence[Tensor]:
        shapes = tuple(tuple(each.shape) for each in inputs)
        if shapes == self.shapes:
            return self.first(inputs)
        return (self.general or self._of(shapes))(inputs)

    @cached_property
    def general(self) -> Session | None:
        """The session for all sizes; None where there can be none."""
        from archspec.backends.onnx.emit import free_sizes

        try:
            return self.opened(self.job, nominal=False) if free_sizes(self.job.network) else None
        except CannotRunError:
            return None

    def _of(self, shapes: tuple[tuple[int, ...], ...]) -> Session:
        session = self.others.pop(shapes, None) or self._at(sizes_of_shapes(self.job.network.graph, shapes))
        self.others[shapes] = session
        if len(self.others) > _KEPT:
            oldest, *_ = self.others
            self.others.pop(oldest, None)  # another thread may have been quicker
        return session

    def _at(self, sizes: Mapping[str, int]) -> Session:
        network = self.job.network
        try:
            sized = replace(network, graph=at_sizes(network.graph, sizes, "eval"))
        except WrongSizesError as error:
            raise CannotRunError(str(error)) from error
        return self.opened(replace(self.job, network=sized), nominal=True)
