"""Values of weights: the tensors that passes describe, computed in float64 and rounded once."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from archspec.passes.network import Network
from archspec.passes.weight_values import Combined, Constant, Original, WeightValue


class Values:
    """The values of weights of one module, each computed once."""

    def __init__(self, state: Mapping[str, Tensor], *, copies: bool = True) -> None:
        """Begin.

        Args:
            state: the `state_dict` of the module. What passes made has the dtype of its floating-point weights.
            copies: whether no value shares memory with the module, which may train on.
        """
        self.state, self.copies = state, copies
        floats = [tensor.dtype for tensor in state.values() if tensor.is_floating_point()]
        self.dtype = floats[0] if floats else torch.get_default_dtype()
        self.device = next(iter(state.values())).device if state else None
        self._storages = {tensor.untyped_storage().data_ptr() for tensor in state.values()}
        self._known: dict[WeightValue, Tensor] = {}

    def of(self, network: Network) -> dict[str, Tensor]:
        """The parameters and buffers of a network, by key."""
        with torch.no_grad():
            return {key: self._tensor(value) for key, value in network.values.items()}

    def _tensor(self, value: WeightValue) -> Tensor:
        if value not in self._known:
            found = self._rounded(value)
            is_shared = self.copies and found.untyped_storage().data_ptr() in self._storages
            self._known[value] = found.clone() if is_shared else found
        return self._known[value]

    def _rounded(self, value: WeightValue) -> Tensor:
        """The value in the dtype of the weights; of what is only moved, parts that are known are not computed again."""
        if value in self._known:
            return self._known[value]
        if isinstance(value, Combined) and value.operation in _MOVING:
            return _OPERATIONS[value.operation]([self._rounded(part) for part in value.parts], value.setting)
        found = self._compute(value)
        return found if isinstance(value, Original) else found.to(self.dtype)

    def _compute(self, value: WeightValue) -> Tensor:
        """The value; what was only moved is of the dtype that it had, and anything computed is of float64."""
        match value:
            case Original(key):
                return self.state[key].detach().resolve_neg()
            case Constant(shape, numbers):
                found = torch.tensor(numbers, dtype=torch.float64, device=self.device)
                return found.reshape(shape) if isinstance(numbers, tuple) else found.expand(shape)
            case Combined(operation, parts, setting):
                given = [self._compute(part) for part in parts]
                return _OPERATIONS[operation](given if operation in _MOVING else _with_a_double(given), setting)


def _with_a_double(parts: list[Tensor]) -> list[Tensor]:
    """The same numbers, the smallest in float64: the others become so on the way, without a copy of a large weight."""
    least = min(range(len(parts)), key=lambda index: parts[index].numel())
    return [part.double() if index == least else part for index, part in enumerate(parts)]


_MOVING = ("concat", "reshape")
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
