"""Values of weights: the tensors that passes describe, computed in float64 and rounded once."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from archspec.passes.network import Network
from archspec.passes.weight_values import Combined, Constant, Original, WeightValue


class Values:
    """The values of weights of one module, each computed once; they are copies, which share no memory with it."""

    def __init__(self, state: Mapping[str, Tensor]) -> None:
        """Begin.

        Args:
            state: the `state_dict` of the module. What passes made has the dtype of its floating-point weights.
        """
        self.state = state
        floats = [tensor.dtype for tensor in state.values() if tensor.is_floating_point()]
        self.dtype = floats[0] if floats else torch.get_default_dtype()
        self.device = next(iter(state.values())).device if state else None
        self._known: dict[WeightValue, Tensor] = {}

    def of(self, network: Network) -> dict[str, Tensor]:
        """The parameters and buffers of a network, by key."""
        with torch.no_grad():
            return {key: self._tensor(value) for key, value in network.values.items()}

    def _tensor(self, value: WeightValue) -> Tensor:
        if value not in self._known:
            found = (
                self.state[value.key].detach() if isinstance(value, Original) else self._compute(value).to(self.dtype)
            )
            self._known[value] = found.clone()  # of float64 what was computed may be a view
        return self._known[value]

    def _compute(self, value: WeightValue) -> Tensor:
        match value:
            case Original(key):
                return self.state[key].detach().double()
            case Constant(shape, numbers):
                found = torch.tensor(numbers, dtype=torch.float64, device=self.device)
                return found.reshape(shape) if isinstance(numbers, tuple) else found.expand(shape)
            case Combined(operation, parts, setting):
                return _OPERATIONS[operation]([self._compute(part) for part in parts], setting)


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
