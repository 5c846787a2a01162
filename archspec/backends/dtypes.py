"""Dtypes: torch's beside those of types, which are names."""

from __future__ import annotations

import torch

from archspec.ir.types import TensorType


def torch_dtype(name: str) -> torch.dtype:
    """The dtype of a name, with `torch.` before it or not."""
    found: torch.dtype = getattr(torch, name.removeprefix("torch."))
    return found


def dtype_name(dtype: torch.dtype) -> str:
    """The name of a dtype as types have it: `float32`."""
    return str(dtype).removeprefix("torch.")


def type_of(tensor: torch.Tensor) -> TensorType:
    """The type of a tensor."""
    return TensorType(tuple(tensor.shape), dtype_name(tensor.dtype))
