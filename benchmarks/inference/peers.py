"""Peers: what else runs a module of torchvision or timm, each as its own documentation has it."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import onnxruntime
import openvino
import torch
from torch import Tensor, nn

Call: TypeAlias = Callable[[], Sequence[Tensor]]


def peers(module: nn.Module, images: Tensor, folder: Path, *, quick: bool) -> dict[str, Call]:
    """All of them, by name, ready to run on images.

    Args:
        module: in eval mode.
        images: what it is run on.
        folder: where the exported file goes.
        quick: whether `torch.compile` is left out.
    """
    path = folder / "exported.onnx"
    export(module, images, path)
    found = {
        "eager": eager(module, images),
        "channels last": _channels_last(module, images),
        "onnxruntime": on_onnxruntime(path, images),
        "openvino": _openvino(path, images),
    }
    return found if quick else found | {"torch.compile": _compiled(module, images)}


def eager(module: nn.Module, images: Tensor) -> Call:
    """The module as it is."""

    @torch.inference_mode()
    def run() -> Sequence[Tensor]:
        return [module(images)]

    return run


def export(module: nn.Module, images: Tensor, path: Path) -> None:
    """Write the file that torch makes of a module, for the sizes of these images alone."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what torch itself calls
        torch.onnx.export(module, (images,), path, dynamo=True, verbose=False)


def _channels_last(module: nn.Module, images: Tensor) -> Call:
    laid = copy.deepcopy(module).to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def run() -> Sequence[Tensor]:
        return [laid(images.contiguous(memory_format=torch.channels_last))]

    return run


def _compiled(module: nn.Module, images: Tensor) -> Call:
    compiled: Any = torch.compile(copy.deepcopy(module), options={"freezing": True})

    @torch.no_grad()
    def run() -> Sequence[Tensor]:
        return [compiled(images)]

    return run


def on_onnxruntime(path: Path, images: Tensor) -> Call:
    """A file of ONNX in ONNX Runtime."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    return lambda: [torch.from_numpy(session.run(None, {given.name: images.numpy()})[0])]


def _openvino(path: Path, images: Tensor) -> Call:
    settings = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
    }
    compiled = openvino.Core().compile_model(path, "CPU", settings)
    return lambda: [torch.from_numpy(compiled([images.numpy()], share_inputs=True)[0])]
