"""Constants: buffers that no `state_dict` has, and that come from the spec wherever tensors are made anew."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from archspec.ir.op import Weight

HELD = "__constants_by_path__"
"""The attribute of a scope's module: its constants by their path from there."""


def tensor_of(weight: Weight, dtype: torch.dtype) -> torch.Tensor:
    """The tensor of a weight that no torch module makes, on torch's default device."""
    if isinstance(weight.value, tuple):
        return torch.tensor(weight.value, dtype=dtype).reshape(weight.shape)
    return torch.full(weight.shape, weight.value, dtype=dtype)


def hold(module: nn.Module, path: str, constant: Weight) -> None:
    """Note on a scope's module what the buffer at a path below it is."""
    module.__dict__.setdefault(HELD, {})[path] = constant


def without_values(module: nn.Module) -> dict[str, Weight]:
    """The constants that a scope's module holds and that are on the meta device, by path."""
    held: Mapping[str, Weight] = module.__dict__.get(HELD, {})
    return {path: constant for path, constant in held.items() if (found := _find(module, path)) and found[2].is_meta}


def restore(module: nn.Module, constants: Mapping[str, Weight], device: torch.device | None = None) -> None:
    """Give constants of a scope's module their values, on a device or, but for the meta device, where they are."""
    for path, constant in constants.items():
        found = _find(module, path)
        place = device or (found[2].device if found else torch.device("meta"))
        if found and place.type != "meta":
            holder, name, buffer = found
            setattr(holder, name, tensor_of(constant, buffer.dtype).to(place))


def _find(module: nn.Module, path: str) -> tuple[nn.Module, str, torch.Tensor] | None:
    """The module that holds a buffer, the buffer's name in it, and the buffer; None where somebody took it out."""
    *parts, name = path.split(".")
    holder: nn.Module | None = module
    for part in parts:
        holder = holder._modules.get(part) if holder is not None else None
    buffer = holder._buffers.get(name) if holder is not None else None
    return (holder, name, buffer) if holder is not None and buffer is not None else None
