"""Normalisations, as they are in eval mode."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch

from archspec.backends.dtypes import torch_dtype
from archspec.backends.onnx.reductions import over
from archspec.backends.onnx.registry import translates
from archspec.backends.onnx.types import Tensor
from archspec.backends.onnx.writer import Writer
from archspec.ir.dims import Size, product

_SPACES: Final = ("1d", "2d", "3d")


@translates(*(f"torch.nn.BatchNorm{space}" for space in _SPACES))
def batch_norm(
    w: Writer,
    x: Tensor,
    /,
    *,
    num_features: int,
    eps: float = 1e-5,
    momentum: float | None = 0.1,
    affine: bool = True,
    track_running_stats: bool = True,
) -> Tensor:
    if track_running_stats:
        return _by_running_statistics(w, x, num_features, eps, affine)
    axes = [axis for axis in range(x.rank) if axis != 1]
    return _affine(w, _standardized(w, x, axes, eps), affine)


@translates(*(f"torch.nn.InstanceNorm{space}" for space in _SPACES))
def instance_norm(
    w: Writer,
    x: Tensor,
    /,
    *,
    num_features: int,
    eps: float = 1e-5,
    momentum: float = 0.1,
    affine: bool = False,
    track_running_stats: bool = False,
) -> Tensor:
    if track_running_stats:
        return _by_running_statistics(w, x, num_features, eps, affine)
    scale, shift = _scale_and_shift(w, x, num_features, affine)
    return w.node("InstanceNormalization", [x, scale, shift], x.type, epsilon=eps)


@translates("torch.nn.GroupNorm")
def group_norm(
    w: Writer, x: Tensor, /, *, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True
) -> Tensor:
    """Each group as a channel of its own is normalised as an instance is."""
    samples, channels, *space = x.shape
    group = (channels // num_groups) * product(tuple(space))
    apart = w.reshape(x, (samples, num_groups, group))
    scale, shift = _scale_and_shift(w, x, num_groups, affine=False)
    normal = w.node("InstanceNormalization", [apart, scale, shift], apart.type, epsilon=eps)
    return _affine(w, w.reshape(normal, x.shape), affine)


@translates("torch.nn.LayerNorm")
def layer_norm(
    w: Writer,
    x: Tensor,
    /,
    *,
    normalized_shape: Size | Sequence[Size],
    eps: float = 1e-5,
    elementwise_affine: bool = True,
    bias: bool = True,
) -> Tensor:
    axes = len(normalized_shape) if isinstance(normalized_shape, list | tuple) else 1
    if not elementwise_affine:
        return _standardized(w, x, range(x.rank - axes, x.rank), eps)
    weights = [w.weight("weight"), *([w.weight("bias")] if bias else [])]
    return w.node("LayerNormalization", [x, *weights], x.type, axis=-axes, epsilon=eps)


@translates("torch.nn.RMSNorm")
def rms_norm(
    w: Writer,
    x: Tensor,
    /,
    *,
    normalized_shape: Size | Sequence[Size],
    eps: float | None = None,
    elementwise_affine: bool = True,
) -> Tensor:
    axes = len(normalized_shape) if isinstance(normalized_shape, list | tuple) else 1
    smallest = torch.finfo(torch_dtype(x.dtype)).eps if eps is None else eps
    squares = w.reduce("ReduceMean", w.binary("Mul", x, x), range(x.rank - axes, x.rank), keepdim=True)
    normal = w.binary("Div", x, w.unary("Sqrt", w.binary("Add", squares, smallest)))
    return w.binary("Mul", normal, w.weight("weight")) if elementwise_affine else normal


@translates("torch.nn.functional.local_response_norm")
def local_response_norm(
    w: Writer, x: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    """An even size reaches further back for torch, and further on for ONNX."""
    if size % 2 and x.rank == 4:
        return w.unary("LRN", x, size=size, alpha=alpha, beta=beta, bias=k)
    samples, channels, *space = x.shape
    squares = w.reshape(w.binary("Mul", x, x), (samples, 1, channels, product(tuple(space))))
    pads = [size // 2, 0, (size - 1) // 2, 0]
    padded = w.node(
        "Pad", [squares, w.numbers([0, 0, *pads[:2], 0, 0, *pads[2:]])],
        squares.type.with_side(2, channels + size - 1),
    )  # fmt: skip
    means = w.node("AveragePool", [padded], squares.type, kernel_shape=[size, 1], strides=[1, 1])
    scaled = w.binary("Add", w.binary("Mul", w.reshape(means, x.shape), alpha), k)
    return w.binary("Div", x, w.binary("Pow", scaled, beta))


def _by_running_statistics(w: Writer, x: Tensor, features: int, eps: float, affine: bool) -> Tensor:
    scale, shift = _scale_and_shift(w, x, features, affine)
    inputs = [x, scale, shift, w.weight("running_mean"), w.weight("running_var")]
    return w.node("BatchNormalization", inputs, x.type, epsilon=eps)


def _scale_and_shift(w: Writer, x: Tensor, features: int, affine: bool) -> tuple[Tensor, Tensor]:
    if affine:
        return w.weight("weight"), w.weight("bias")
    return w.numbers([1.0] * features, x.dtype), w.numbers([0.0] * features, x.dtype)


def _standardized(w: Writer, x: Tensor, axes: Sequence[int], eps: float) -> Tensor:
    """Mean 0 and variance 1 over axes."""
    centred = w.binary("Sub", x, over(w, "mean", x, axes, keepdim=True))
    variance = over(w, "mean", w.binary("Mul", centred, centred), axes, keepdim=True)
    return w.binary("Div", centred, w.unary("Sqrt", w.binary("Add", variance, eps)))


def _affine(w: Writer, x: Tensor, affine: bool) -> Tensor:
    """By the weight of each channel, and with its bias."""
    if not affine:
        return x
    scale, shift = (w.torch_weight(name).reshape(-1, *[1] * (x.rank - 2)) for name in ("weight", "bias"))
    return w.binary("Add", w.binary("Mul", x, w.tensor(scale)), w.tensor(shift))
