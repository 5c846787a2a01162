"""Export: a compiled module as an ONNX file, batch norms folded, in a fraction of the time that tracing it takes."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import nn

from archspec.backends.weight_values import Values
from archspec.passes import FOLDING, run_passes
from archspec.passes.network import for_inference
from archspec.source.files import give_usual_access, replace_file
from archspec.tools.optimize.guard import OptimizeError, check, graph_of


def export_onnx(model: nn.Module, path: str | os.PathLike[str], *, fold: bool = True) -> None:
    """Write what a module computes in eval mode as an ONNX file, which other runtimes read.

    Inputs and outputs have the names that the spec gives them, and sides that are symbols stay so. The file is written
    whole or not at all.

    Args:
        model: what `archspec.compile_spec` or `archspec.compile_graph` made, with the weights that are to be written.
        path: of the file.
        fold: whether batch norms, factors and what does nothing in eval mode become part of their neighbours.

    Raises:
        OptimizeError: the module is not what its spec says any more, or `onnx` is not installed.
        NotInOnnxError: something in it is not expressed in ONNX; a `ValueError`.
        OSError: the file cannot be written.
    """
    if find_spec("onnx") is None:
        raise OptimizeError("an ONNX file needs onnx: pip install 'archspec-nn[onnx]'")
    from archspec.backends.onnx.emit import emit_onnx

    graph = graph_of(model)
    network = for_inference(graph)
    check(model, graph, network)
    if fold:
        network, _ = run_passes(network, FOLDING)
    values = Values(model.state_dict(), copies=False)
    with torch.device("cpu"):  # whatever torch's default is
        made = emit_onnx(network, values.of(network))
        replace_file(Path(path).resolve(), made.parts(), give_usual_access)
