"""Convolutions, and what is said as one."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, TypeAlias

import torch

from archspec.backends.dtypes import torch_dtype
from archspec.backends.onnx.registry import translates
from archspec.backends.onnx.types import Tensor
from archspec.backends.onnx.writer import Writer
from archspec.ir.dims import Size, product

Sides: TypeAlias = "int | Sequence[int]"


def spread(value: Sides, axes: int) -> list[int]:
    """One number an axis."""
    return [value] * axes if isinstance(value, int) else list(value)


@translates("torch.nn.Conv1d", "torch.nn.Conv2d", "torch.nn.Conv3d")
def conv(
    w: Writer,
    x: Tensor,
    /,
    *,
    in_channels: int,
    out_channels: int,
    kernel_size: Sides,
    stride: Sides = 1,
    padding: Sides | str = 0,
    dilation: Sides = 1,
    groups: int = 1,
    bias: bool = True,
) -> Tensor:
    axes = x.rank - 2
    if isinstance(padding, str):
        w.refuse(f"the padding `{padding}` is no number")
    kernel, steps, margin, gap = (spread(sides, axes) for sides in (kernel_size, stride, padding, dilation))
    space = [
        (side + 2 * edge - apart * (size - 1) - 1) // step + 1
        for side, size, step, edge, apart in zip(x.shape[2:], kernel, steps, margin, gap, strict=True)
    ]
    return w.node(
        "Conv",
        [x, w.weight("weight"), *([w.weight("bias")] if bias else [])],
        x.type.with_shape(x.shape[0], out_channels, *space),
        kernel_shape=kernel,
        strides=steps,
        pads=margin * 2,
        dilations=gap,
        group=groups,
    )


@translates("torch.nn.ConvTranspose1d", "torch.nn.ConvTranspose2d", "torch.nn.ConvTranspose3d")
def conv_transpose(
    w: Writer,
    x: Tensor,
    /,
    *,
    in_channels: int,
    out_channels: int,
    kernel_size: Sides,
    stride: Sides = 1,
    padding: Sides = 0,
    output_padding: Sides = 0,
    groups: int = 1,
    bias: bool = True,
    dilation: Sides = 1,
) -> Tensor:
    axes = x.rank - 2
    kernel, steps, margin, gap = (spread(sides, axes) for sides in (kernel_size, stride, padding, dilation))
    extra = spread(output_padding, axes)
    space = [
        (side - 1) * step - 2 * edge + apart * (size - 1) + more + 1
        for side, size, step, edge, apart, more in zip(x.shape[2:], kernel, steps, margin, gap, extra, strict=True)
    ]
    # ONNX Runtime takes no more of it than a stride; to leave out less padding at the end comes to the same.
    less = [min(more, edge) if more >= step else 0 for more, edge, step in zip(extra, margin, steps, strict=True)]
    return w.node(
        "ConvTranspose",
        [x, w.weight("weight"), *([w.weight("bias")] if bias else [])],
        x.type.with_shape(x.shape[0], out_channels, *space),
        kernel_shape=kernel,
        strides=steps,
        pads=[*margin, *(edge - fewer for edge, fewer in zip(margin, less, strict=True))],
        output_padding=[more - fewer for more, fewer in zip(extra, less, strict=True)],
        dilations=gap,
        group=groups,
    )


@translates("torch.nn.functional.unfold")
def unfold(
    w: Writer, x: Tensor, kernel_size: Sides, dilation: Sides = 1, padding: Sides = 0, stride: Sides = 1
) -> Tensor:
    """Patches are a convolution of each channel by kernels that take one place each."""
    kernel, gap, margin, steps = (spread(sides, 2) for sides in (kernel_size, dilation, padding, stride))
    channels, places = x.shape[1], prod(kernel)
    if not isinstance(channels, int):
        w.refuse("the number of channels is not fixed")
    takes = torch.eye(places, dtype=torch_dtype(x.dtype)).reshape(places, 1, *kernel).repeat(channels, 1, 1, 1)
    space: list[Size] = [
        (side + 2 * edge - apart * (size - 1) - 1) // step + 1
        for side, size, step, edge, apart in zip(x.shape[2:], kernel, steps, margin, gap, strict=True)
    ]
    given = x.type.with_shape(x.shape[0], channels * places, *space)
    settings: dict[str, Any] = {"kernel_shape": kernel, "strides": steps, "pads": margin * 2, "dilations": gap}
    patches = w.node("Conv", [x, w.tensor(takes)], given, group=channels, **settings)
    return w.reshape(patches, (x.shape[0], channels * places, product(tuple(space))))


@translates("torch.nn.functional.fold")
def fold(
    w: Writer,
    x: Tensor,
    output_size: Sequence[int],
    kernel_size: Sides,
    dilation: Sides = 1,
    padding: Sides = 0,
    stride: Sides = 1,
) -> Tensor:
    kernel, gap, margin, steps = (spread(sides, 2) for sides in (kernel_size, dilation, padding, stride))
    given = x.type.with_shape(x.shape[0], x.shape[1] // prod(kernel), *output_size)
    sides = [w.numbers(list(output_size)), w.numbers(kernel)]
    return w.node("Col2Im", [x, *sides], given, dilations=gap, pads=margin * 2, strides=steps)
