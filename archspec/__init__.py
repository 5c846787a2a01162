"""archspec: a neural network's architecture as a checked, executable document.

The front door: what is named in `__all__` is public, everything else is private and may change.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from archspec import testing as testing
    from archspec import training as training
    from archspec.backends.onnx.refusal import NotInOnnxError
    from archspec.backends.torch_fx import emit as compile_graph
    from archspec.compiler import check_spec, compile_spec, load_graph
    from archspec.frontend.builder import Builder
    from archspec.ir.graph import Graph
    from archspec.ir.op import Op
    from archspec.ops import register_op
    from archspec.source.diagnostic import Diagnostic, Diagnostics, SpecError
    from archspec.tools.export_onnx import export_onnx
    from archspec.tools.optimize.guard import OptimizeError
    from archspec.tools.optimize.optimize import optimize
    from archspec.tools.weights.load import load_weights
    from archspec.tools.weights.report import WeightsError

_HOMES = {
    "Builder": ("archspec.frontend.builder", "Builder"),
    "Diagnostic": ("archspec.source.diagnostic", "Diagnostic"),
    "Diagnostics": ("archspec.source.diagnostic", "Diagnostics"),
    "Graph": ("archspec.ir.graph", "Graph"),
    "NotInOnnxError": ("archspec.backends.onnx.refusal", "NotInOnnxError"),
    "Op": ("archspec.ir.op", "Op"),
    "OptimizeError": ("archspec.tools.optimize.guard", "OptimizeError"),
    "SpecError": ("archspec.source.diagnostic", "SpecError"),
    "WeightsError": ("archspec.tools.weights.report", "WeightsError"),
    "check_spec": ("archspec.compiler", "check_spec"),
    "compile_graph": ("archspec.backends.torch_fx", "emit"),
    "compile_spec": ("archspec.compiler", "compile_spec"),
    "export_onnx": ("archspec.tools.export_onnx", "export_onnx"),
    "load_graph": ("archspec.compiler", "load_graph"),
    "load_weights": ("archspec.tools.weights.load", "load_weights"),
    "optimize": ("archspec.tools.optimize.optimize", "optimize"),
    "register_op": ("archspec.ops", "register_op"),
}
_MODULES = ("testing", "training")
__all__ = [
    "Builder",
    "Diagnostic",
    "Diagnostics",
    "Graph",
    "NotInOnnxError",
    "Op",
    "OptimizeError",
    "SpecError",
    "WeightsError",
    "__version__",
    "check_spec",
    "compile_graph",
    "compile_spec",
    "export_onnx",
    "load_graph",
    "load_weights",
    "optimize",
    "register_op",
    "testing",
    "training",
]


def __getattr__(name: str) -> Any:
    """Import what is asked for at first use: the command line starts without pydantic, networkx or torch."""
    if name in _HOMES:
        module, attribute = _HOMES[name]
        return getattr(import_module(module), attribute)
    if name in _MODULES:
        return import_module(f"archspec.{name}")
    raise AttributeError(f"module `archspec` has no attribute `{name}`")


def __dir__() -> list[str]:
    return sorted(__all__)
