"""Engines: what runs networks for inference. An engine is one file and one entry here."""

from __future__ import annotations

from archspec.backends.engines.engine import Engine
from archspec.backends.engines.inductor import InductorEngine
from archspec.backends.engines.onnxruntime_engine import OnnxRuntimeEngine
from archspec.backends.engines.openvino_engine import OpenVinoEngine
from archspec.backends.engines.torch_engine import TorchEngine

ENGINES: dict[str, Engine] = {
    engine.name: engine for engine in (TorchEngine(), OnnxRuntimeEngine(), OpenVinoEngine(), InductorEngine())
}
"""All engines, by name."""
