"""Values of weights: the tensors that passes describe, computed in float64 and rounded once."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from archspec.passes.network import Network
from archspec.passes.weight_values import Combined, Constant, Original, WeightValue


def evaluate(network: Network, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The parameters and buffers of a network, by key.

    Args:
        network: what passes have made of a graph.
        state: the `state_dict` of the module that the graph was emitted as. Tensors that no pass has changed are given
            as they are; others have the dtype of the module's floating-point weights.
    """
    floats = [tensor.dtype for tensor in state.values() if tensor.is_floating_point()]
    dtype = floats[0] if floats else torch.get_default_dtype()
    known: dict[WeightValue, Tensor] = {}
    with torch.no_grad():
        return {key: _tensor(value, state, dtype, known) for key, value in network.values.items()}


def _tensor(
    value: WeightValue, state: Mapping[str, Tensor], dtype: torch.dtype, known: dict[WeightValue, Tensor]
) -> Tensor:
    if isinstance(value, Original):
        return state[value.key].detach()
    if value not in known:
        device = next(iter(state.values())).device if state else None
        known[value] = _compute(value, state, device).to(dtype)
    return known[value]


def _compute(value: WeightValue, state: Mapping[str, Tensor], device: torch.device | None) -> Tensor:
    match value:
        case Original(key):
            return state[key].detach().double()
        case Constant(shape, numbers):
            found = torch.tensor(numbers, dtype=torch.float64, device=device)
            return found.reshape(shape) if isinstance(numbers, tuple) else found.expand(shape)
        case Combined(operation, parts, setting):
            return _OPERATIONS[operation]([_compute(part, state, device) for part in parts], setting)


_OPERATIONS: Mapping[str, Callable[[list[Tensor], tuple[int, ...]], Tensor]] = {
    "add": lambda parts, _: parts[0] + parts[1],
    "subtract": lambda parts, _: parts[0] - parts[1],
    "multiply": lambda parts, _: parts[0] * parts[1],
    "divide": lambda parts, _: parts[0] / parts[1],
    "sqrt": lambda parts, _: parts[0].sqrt(),
    "concat": lambda parts, setting: torch.cat(parts, dim=setting[0]),
    "reshape": lambda parts, setting: parts[0].reshape(setting),
    "sum": lambda parts, setting: parts[0].sum(dim=setting),
}
