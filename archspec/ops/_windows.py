"""Windows that slide over space: the arithmetic that convolutions and pools share, as torch does it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

from archspec.ir.conditions import Conditions
from archspec.ir.dims import LIMIT, UNKNOWN, Size
from archspec.ir.op import Window
from archspec.ir.types import Shape, TensorType, by

Sides: TypeAlias = "int | tuple[int, ...]"
Each = TypeVar("Each", int, float)

IMAGES = "[N, C, L], [N, C, H, W] or [N, C, D, H, W]"
"""The inputs that have spatial axes: sequences, images, volumes."""


def spread(value: Each | tuple[Each, ...], axes: int) -> tuple[Each, ...]:
    """A number for every axis."""
    return value if isinstance(value, tuple) else (value,) * axes


def need_sides(must: Conditions, axes: int, **attributes: float | str | tuple[float, ...]) -> None:
    """Demand one number for every spatial axis where an attribute is a list."""
    there_are = f"{axes} spatial {'axis' if axes == 1 else 'axes'}"
    for name, value in attributes.items():
        if isinstance(value, tuple) and len(value) != axes:
            must.refuse(
                "wrong-value",
                f"`{name}` has {len(value)} numbers, {'x'.join(map(str, value))}, but the input has {there_are}",
                attribute=name,
                ports=(0,),
                help="give one number" if axes == 1 else f"give one number for all axes, or {axes} of them",
            )


def pad_sides(padding: Sides | str, kernel: tuple[int, ...], dilation: tuple[int, ...]) -> tuple[int, ...]:
    """What is added on each side of every axis; half the reach of the kernel for `same`."""
    if padding == "same":
        return tuple(reach * (side - 1) // 2 for side, reach in zip(kernel, dilation, strict=True))
    if padding == "valid":
        return (0,) * len(kernel)
    assert not isinstance(padding, str)
    return spread(padding, len(kernel))


def windows(axes: int, kernel: Sides, stride: Sides, padding: Sides | str, dilation: Sides = 1) -> tuple[Window, ...]:
    """What a place of the output sees along every axis."""
    kernels, dilations = spread(kernel, axes), spread(dilation, axes)
    pads = pad_sides(padding, kernels, dilations)
    sides = zip(kernels, spread(stride, axes), pads, dilations, strict=True)
    return tuple(Window(reach * (side - 1) + 1, step, pad) for side, step, pad, reach in sides)


def slide(
    must: Conditions,
    sides: Sequence[Size],
    kernel: Sides,
    stride: Sides,
    padding: Sides | str,
    dilation: Sides = 1,
    ceil_mode: bool = False,
    what: str = "kernel",
) -> tuple[Size, ...]:
    """The number of places of a window along every axis.

    Over a side of x it is `floor((x + 2 padding - dilation (kernel - 1) - 1) / stride) + 1`. In ceil mode a last
    window may hang over the edge, but has to start inside the input or its left padding; torch drops it otherwise.
    """
    axes = len(sides)
    need_sides(must, axes, kernel=kernel, stride=stride, padding=padding, dilation=dilation)
    kernels, strides, dilations = spread(kernel, axes), spread(stride, axes), spread(dilation, axes)
    if padding == "same" and not can_be_same(must, kernels, strides, dilations):
        return (UNKNOWN,) * axes
    pads = pad_sides(padding, kernels, dilations)
    # The room that is left for the window to move in, plus 1: the window fits where it is positive.
    rooms = [
        side + (_ceil_slack(window, step, pad, reach) if ceil_mode else 2 * pad - reach * (window - 1))
        for side, window, step, pad, reach in zip(sides, kernels, strides, pads, dilations, strict=True)
    ]
    rooms = need_room(
        must,
        rooms,
        lambda: _does_not_fit(what, kernels, dilations, sides, pads),
        attribute="kernel",
        help=f"a smaller {what}, more padding, a larger input, or fewer strides before this point",
    )
    return tuple((room - 1) // step + 1 for room, step in zip(rooms, strides, strict=True))


def space_of(must: Conditions, op: str, like: TensorType, x: TensorType, port: int = 1) -> Shape:
    """The spatial sides of an input that stands for a size, which has as many as the first input."""
    if like.rank != x.rank:
        must.refuse(
            "wrong-rank",
            f"`{op}` takes the spatial sides of input {port + 1}, {like}, which has not as many axes as input 1, {x}",
            ports=(port, 0),
        )
    return like.shape[2:]


def need_room(
    must: Conditions,
    sides: Sequence[Size],
    message: Callable[[], str],
    *,
    attribute: str | None = None,
    help: str | None = None,
) -> list[Size]:
    """Demand that every side is positive, and give them, `UNKNOWN` where one is not; all of these are one failure."""
    if any(isinstance(side, int) and side < 1 for side in sides):
        must.fail("side-not-positive", message(), attribute=attribute, ports=(0,), help=help)
    return [_room(must, side, message, attribute) for side in sides]


def _room(must: Conditions, side: Size, message: Callable[[], str], attribute: str | None) -> Size:
    if isinstance(side, int) and side < LIMIT:
        return side if side >= 1 else UNKNOWN
    return must.be_positive(side, message(), attribute=attribute)


def _ceil_slack(window: int, step: int, pad: int, reach: int) -> int:
    # Both counts are floors of equal slope and modulus, so the one with the smaller offset is the smaller everywhere.
    rounded_up = 2 * pad - reach * (window - 1) + step - 1
    starting_inside = pad
    return min(rounded_up, starting_inside)


def can_be_same(must: Conditions, kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]) -> bool:
    """Demand that `padding: same` can keep the size; whether it can."""
    if any(step > 1 for step in stride):
        must.fail(
            "same-padding",
            f"`padding: same` keeps the size, but the stride is {by(stride)}",
            attribute="padding",
            help=f"write the padding as a number: {_half(kernel, dilation)}, or take `stride: 1`",
        )
        return False
    if any(reach * (side - 1) % 2 for side, reach in zip(kernel, dilation, strict=True)):
        must.fail(
            "same-padding",
            f"`padding: same` adds as much on either side, which leaves a {by(kernel)} kernel off the middle",
            attribute="padding",
            help="take an odd kernel, or write the padding as a number and expect another size",
        )
        return False
    return True


def _half(kernel: tuple[int, ...], dilation: tuple[int, ...]) -> str:
    half = compact_text(pad_sides("same", kernel, dilation))
    return f"`padding: {half}`"


def _does_not_fit(
    what: str, kernel: tuple[int, ...], dilation: tuple[int, ...], sides: Sequence[Size], pads: tuple[int, ...]
) -> str:
    spaced = f" with dilation {compact_text(dilation)}" if max(dilation) > 1 else ""
    return f"a {by(kernel)} {what}{spaced} does not fit into the {by(sides)} input with padding {compact_text(pads)}"


def compact_text(sides: tuple[int, ...]) -> str:
    """One number where all sides are equal, else `1x3`."""
    return str(sides[0]) if len(set(sides)) == 1 else by(sides)
