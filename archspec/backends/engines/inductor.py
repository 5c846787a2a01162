"""Inductor: what `torch.compile` makes of the folded network, its weights frozen. It takes about a minute."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from archspec.backends.engines.engine import CannotRunError, Engine, Job, Run
from archspec.backends.engines.torch_engine import emit_with, in_precision


class InductorEngine(Engine):
    """Passes the network through to torch's own compiler; needs a C++ compiler."""

    name: ClassVar[str] = "inductor"
    precisions: ClassVar[tuple[str, ...]] = ("bfloat16", "float16")
    is_ours: ClassVar[bool] = False
    is_brief: ClassVar[bool] = False

    def prepare(self, job: Job) -> Run:
        """Compile it, for the sizes it is first run at; torch compiles it anew for others."""
        module = emit_with(job)
        for layer in module.modules():
            if isinstance(layer, nn.Conv2d):
                layer.to(memory_format=torch.channels_last)
        compiled = in_precision(job, torch.compile(module, options={"freezing": True}))

        def run(inputs: Sequence[Tensor]) -> Sequence[Tensor]:
            try:
                return compiled(inputs)
            except torch._dynamo.exc.TorchDynamoException as error:
                raise CannotRunError(str(error).partition("\n")[0]) from error

        return run
