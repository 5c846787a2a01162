"""The keys of a model, and writing tensors to them."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from archspec.backends.constants import restore, without_values
from archspec.tools.weights.fit import Target

_PLAIN = (torch.Tensor, nn.Parameter, nn.Buffer)


def targets_of(model: nn.Module) -> dict[str, Target]:
    """What a model's `state_dict` has, by key.

    Raises:
        ValueError: a tensor of it cannot be written to as a whole: it is sharded, say, or not made yet.
    """
    modules = dict(model.named_modules(remove_duplicate=False))
    targets: dict[str, Target] = {}
    for key, tensor in model.state_dict(keep_vars=True).items():
        if type(tensor) not in _PLAIN:
            kind = type(tensor).__name__
            raise ValueError(f"`{key}` of the model is a `{kind}`; load weights while all it has is plain tensors")
        targets[key] = Target(key, tensor, modules.get(key.rpartition(".")[0]))
    return targets


def write(model: nn.Module, targets: Mapping[str, Target], tensors: Mapping[str, torch.Tensor | float]) -> None:
    """Write tensors, or a number for all of a tensor, to keys of a model; nothing is left that can fail.

    Where the model is on the meta device, its tensors are made, on the device of those that are given, and so are its
    constants.
    """
    own = {_storage(target.tensor) for target in targets.values() if not target.tensor.is_meta}
    sources = {
        key: value.clone() if isinstance(value, torch.Tensor) and _storage(value) in own else value
        for key, value in tensors.items()
    }
    device = next((value.device for value in sources.values() if isinstance(value, torch.Tensor)), torch.device("cpu"))
    made: dict[torch.Tensor, torch.Tensor] = {}
    with torch.no_grad():
        for key, value in sources.items():
            tensor = targets[key].tensor
            if tensor.is_meta:
                if tensor not in made:
                    made[tensor] = _made_like(tensor, device)
                tensor = made[tensor]
            if isinstance(value, torch.Tensor):
                tensor.copy_(value)
            else:
                tensor.fill_(value)
    if made:
        _replace(model, made)
        for module in model.modules():
            restore(module, without_values(module), device)


def on_meta(model: nn.Module) -> list[str]:
    """The names of the parameters and buffers of a model that have no values."""
    named = [*model.named_parameters(), *model.named_buffers()]
    return [name for name, tensor in named if tensor.is_meta]


def _replace(model: nn.Module, made: Mapping[torch.Tensor, torch.Tensor]) -> None:
    """Put the tensors that were made where those without values are, tied ones at both places."""
    for module in model.modules():
        for name, tensor in [*module._parameters.items(), *module._buffers.items()]:
            if tensor is not None and tensor in made:
                setattr(module, name, made[tensor])  # and not to `_parameters`: an LSTM notes what is set


def _made_like(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    new = torch.empty_like(tensor, device=device)
    return nn.Parameter(new, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else new


def _storage(tensor: torch.Tensor) -> int:
    return tensor.untyped_storage().data_ptr()
