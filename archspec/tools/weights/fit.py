"""Whether a tensor of a file can become a weight of a model, and what has to be done with it for that."""

from __future__ import annotations

import sys
from typing import Any, Final, NamedTuple

import torch
from torch import nn

from archspec.backends.dtypes import dtype_name
from archspec.tools.weights.report import Misfit

CONVOLUTIONS: Final = (
    nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d,
)  # fmt: skip


class Target(NamedTuple):
    """A key of the model."""

    key: str
    tensor: torch.Tensor
    owner: nn.Module | None
    """The module that the key's tensor is a part of."""


class Fitted(NamedTuple):
    """A tensor that fits."""

    tensor: torch.Tensor
    """As it stands in the source but for the order of its axes: never a copy."""
    trimmed: bool
    """Whether its first row was left out."""


def fit(target: Target, name: str, value: Any, *, layout: str, classes: str) -> Fitted | Misfit:
    """The tensor of a file as the model needs it, or what keeps it from that.

    Args:
        target: where it is to go.
        name: what it is called in the file.
        value: what stands in the file.
        layout: `torch` or `tensorflow`: how the axes of its kernels and matrices are ordered.
        classes: `all`, or `drop-first`, by which a tensor with one row more than the model's loses its first.
    """
    given = as_tensor(value)
    if given is None:
        reason = f"the file has a `{type(value).__name__}`, which is no plain tensor"
        return Misfit(target.key, name, reason, "type")
    tensor = from_tensorflow(target, given) if layout == "tensorflow" else given
    needed = target.tensor.shape
    trimmed = classes == "drop-first" and _is_one_row_more(tensor.shape, needed)
    if trimmed:
        tensor = tensor[1:]
    if tensor.shape != needed:
        turned = f", in torch's order {list(tensor.shape)}" if tensor.shape != given.shape else ""
        reason = f"{list(needed)} is needed, the file has {list(given.shape)}{turned}"
        return Misfit(target.key, name, reason, "shape")
    lost = _why_not_converted(tensor, target.tensor.dtype)
    return Misfit(target.key, name, lost, "type") if lost is not None else Fitted(tensor, trimmed)


def in_torch_order(target: Target, value: Any) -> bool:
    """Whether a tensor fits once its axes are taken to be in the order of TensorFlow."""
    given = as_tensor(value)
    return given is not None and from_tensorflow(target, given).shape == target.tensor.shape


def has_one_row_more(value: Any, target: Target) -> bool:
    """Whether a tensor has the model's shape but for one row more."""
    given = as_tensor(value)
    return given is not None and _is_one_row_more(given.shape, target.tensor.shape)


def as_tensor(value: Any) -> torch.Tensor | None:
    """A dense tensor, or an array of NumPy as one; None for anything else."""
    numpy = sys.modules.get("numpy")  # who has an array has imported it
    if numpy is not None and isinstance(value, numpy.ndarray | numpy.generic):
        try:
            return torch.as_tensor(numpy.array(value))
        except (TypeError, ValueError):  # an array of objects or text, or of a dtype that torch does not have
            return None
    if not isinstance(value, torch.Tensor):
        return None
    plain = value.layout is torch.strided and not value.is_quantized and not value.is_meta
    return value.detach() if plain and type(value) in (torch.Tensor, nn.Parameter, nn.Buffer) else None


def from_tensorflow(target: Target, tensor: torch.Tensor) -> torch.Tensor:
    """A kernel or matrix in torch's order of axes; all else as it is.

    TensorFlow has the axes in space first, then inputs, then outputs (`HWIO`, `IO`), torch outputs, then inputs, then
    space. The kernel of a depthwise convolution is `HWCM` there, with M outputs for each of C channels, which torch
    numbers one after the other. A 1x1 convolution may stand for a linear layer.
    """
    if not target.key.endswith("weight"):
        return tensor
    needed = target.tensor.shape
    if isinstance(target.owner, nn.Linear):
        if tensor.dim() > 2 and all(side == 1 for side in tensor.shape[:-2]):
            tensor = tensor.reshape(tensor.shape[-2:])
        return tensor.t() if tensor.dim() == 2 else tensor
    if not isinstance(target.owner, CONVOLUTIONS) or tensor.dim() != len(needed):
        return tensor
    space = range(tensor.dim() - 2)
    inputs, outputs = tensor.dim() - 2, tensor.dim() - 1
    if needed[1] == 1 and tensor.shape[inputs] > 1:
        return tensor.permute(inputs, outputs, *space).flatten(0, 1).unsqueeze(1)
    return tensor.permute(outputs, inputs, *space)


def _is_one_row_more(given: torch.Size, needed: torch.Size) -> bool:
    return len(given) == len(needed) > 0 and given[0] == needed[0] + 1 and given[1:] == needed[1:]


def _why_not_converted(tensor: torch.Tensor, needed: torch.dtype) -> str | None:
    """Why the numbers of a tensor cannot become another dtype; None where they can."""
    given = tensor.dtype
    if given == needed:
        return None
    both = f"{dtype_name(needed)} is needed, the file has {dtype_name(given)}"
    if _kind(given) != _kind(needed):
        return both
    if needed.is_floating_point and torch.finfo(needed).max < torch.finfo(given).max:
        lost = bool((tensor.to(needed).isinf() & ~tensor.isinf()).any())
        return f"{both}, with numbers beyond {torch.finfo(needed).max:g}" if lost else None
    if not needed.is_floating_point and not torch.equal(tensor.to(needed).to(given), tensor):
        return f"{both}, with numbers beyond that"
    return None


def _kind(dtype: torch.dtype) -> str:
    if dtype == torch.bool:
        return "bool"
    return "float" if dtype.is_floating_point else "complex" if dtype.is_complex else "int"
