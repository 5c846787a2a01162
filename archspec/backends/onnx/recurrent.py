"""Recurrent layers. ONNX has one layer a node, both directions of it together, and its gates in another order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import torch

from archspec.backends.onnx.registry import COMPOSITES, translates
from archspec.backends.onnx.types import Tensor
from archspec.backends.onnx.writer import Writer
from archspec.ir.types import TensorType

_ORDER: Final = {"LSTM": (0, 3, 1, 2), "GRU": (1, 0, 2), "RNN": (0,)}
"""Where ONNX's gates are among torch's: input, forget, cell, output as i, o, f, c; reset, update, new as z, r, h."""


@dataclass(frozen=True)
class _Layers:
    """A stack of recurrent layers."""

    kind: str
    features: int
    depth: int
    ways: int
    bias: bool
    settings: dict[str, Any]


@translates("torch.nn.LSTM")
def lstm(
    w: Writer, x: Tensor, state: tuple[Tensor, Tensor] | None = None, /, **settings: Any
) -> tuple[Tensor, tuple[Tensor, ...]]:
    layers = _layers("LSTM", settings, {})
    return _run(w, layers, x, state or ())


@translates("torch.nn.GRU")
def gru(w: Writer, x: Tensor, state: Tensor | None = None, /, **settings: Any) -> tuple[Tensor, Tensor]:
    layers = _layers("GRU", settings, {"linear_before_reset": 1})
    shown, states = _run(w, layers, x, () if state is None else (state,))
    return shown, states[0]


@translates("torch.nn.RNN")
def rnn(w: Writer, x: Tensor, state: Tensor | None = None, /, **settings: Any) -> tuple[Tensor, Tensor]:
    bend = "Relu" if settings.get("nonlinearity") == "relu" else "Tanh"
    layers = _layers("RNN", settings, {"activations": [bend] * (2 if settings.get("bidirectional") else 1)})
    shown, states = _run(w, layers, x, () if state is None else (state,))
    return shown, states[0]


@translates(f"{COMPOSITES}ProjectedLSTM")
def projected_lstm(w: Writer, *args: Any, **settings: Any) -> NoReturn:
    w.refuse("ONNX has no LSTM whose state is projected")


def _layers(kind: str, settings: dict[str, Any], attributes: dict[str, Any]) -> _Layers:
    return _Layers(
        kind,
        settings["hidden_size"],
        settings.get("num_layers", 1),
        2 if settings.get("bidirectional") else 1,
        settings.get("bias", True),
        {"hidden_size": settings["hidden_size"]} | attributes,
    )


def _run(w: Writer, layers: _Layers, x: Tensor, states: Sequence[Tensor]) -> tuple[Tensor, tuple[Tensor, ...]]:
    """What is shown at every place of [N, T, features], and the states after the last, by layer and direction."""
    samples, places, _ = x.shape
    x = w.transpose(x, (1, 0, 2))
    ends: list[tuple[Tensor, ...]] = []
    for layer in range(layers.depth):
        begin = layer * layers.ways
        given = [w.slice(state, 0, begin, begin + layers.ways, layers.ways) for state in states]
        shown, *last = _layer(w, layers, x, layer, given)
        ends.append(tuple(last))
        x = w.reshape(w.transpose(shown, (0, 2, 1, 3)), (places, samples, layers.ways * layers.features))
    return w.transpose(x, (1, 0, 2)), tuple(w.concat(each, 0) for each in zip(*ends, strict=True))


def _layer(w: Writer, layers: _Layers, x: Tensor, layer: int, states: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """One layer: [T, ways, N, features], and its states."""
    places, samples, _ = x.shape
    end = TensorType((layers.ways, samples, layers.features), x.dtype)
    gives = [TensorType((places, *end.shape), x.dtype), end, *([end] if layers.kind == "LSTM" else [])]
    ways = [f"_l{layer}{way}" for way in ("", "_reverse")[: layers.ways]]
    weights = [
        w.tensor(torch.stack([_gates(w, layers, name + way) for way in ways])) for name in ("weight_ih", "weight_hh")
    ]
    biases = [w.tensor(torch.stack([_biases(w, layers, way) for way in ways]))] if layers.bias else [None]
    direction = "bidirectional" if layers.ways == 2 else "forward"
    return w.nodes(layers.kind, [x, *weights, *biases, None, *states], gives, direction=direction, **layers.settings)


def _biases(w: Writer, layers: _Layers, way: str) -> torch.Tensor:
    return torch.cat([_gates(w, layers, name + way) for name in ("bias_ih", "bias_hh")])


def _gates(w: Writer, layers: _Layers, name: str) -> torch.Tensor:
    """A weight with its gates in the order of ONNX."""
    order = _ORDER[layers.kind]
    gates = torch.split(w.torch_weight(name), layers.features)
    return torch.cat([gates[place] for place in order])
