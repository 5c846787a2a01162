"""Resampling and padding."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import floor
from typing import Final

import torch

from archspec.backends.onnx.convolutions import spread
from archspec.backends.onnx.pooling import adaptive_avg_pool
from archspec.backends.onnx.registry import COMPOSITES, translates
from archspec.backends.onnx.types import Tensor
from archspec.backends.onnx.writer import Writer
from archspec.ir.dims import Size

_MODES: Final = {"linear": "linear", "bilinear": "linear", "trilinear": "linear", "bicubic": "cubic"}
_PADS: Final = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


@translates("torch.nn.functional.pad")
def pad(w: Writer, x: Tensor, edges: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """Torch lists the edges axis by axis from the last; ONNX all at the beginning of axes, then those at the end."""
    pairs = [*zip(edges[::2], edges[1::2], strict=True)]
    pairs = [(0, 0)] * (x.rank - len(pairs)) + pairs[::-1]
    bounds = w.numbers([before for before, _ in pairs] + [after for _, after in pairs])
    given = x.type.with_shape(*(side + sum(pair) for side, pair in zip(x.shape, pairs, strict=True)))
    inputs = [x, bounds] + ([w.number(value or 0, x.dtype)] if mode == "constant" else [])
    return w.node("Pad", inputs, given, mode=_PADS[mode])


@translates("torch.nn.functional.interpolate")
def interpolate(
    w: Writer,
    x: Tensor,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    axes = x.rank - 2
    if scale_factor is None:
        assert size is not None, "`interpolate` has a size or a factor"
        return _resized(w, x, list(spread(size, axes)), None, mode, bool(align_corners), antialias)
    factors = [scale_factor] * axes if isinstance(scale_factor, int | float) else list(scale_factor)
    sides = [_scaled(side, factor) for side, factor in zip(x.shape[2:], factors, strict=True)]
    return _resized(w, x, sides, factors, mode, bool(align_corners), antialias)


@translates(f"{COMPOSITES}interpolate_like")
def interpolate_like(
    w: Writer,
    x: Tensor,
    like: Tensor,
    mode: str = "nearest",
    align_corners: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    return _resized(w, x, list(like.shape[2:]), None, mode, bool(align_corners), antialias)


def _scaled(side: Size, factor: float) -> Size:
    """The side that a factor gives: what is behind the point of the product is left out."""
    if isinstance(side, int):
        return floor(side * factor)
    exact = Fraction(str(factor))
    return side * exact.numerator // exact.denominator


def _resized(
    w: Writer,
    x: Tensor,
    sides: list[Size],
    factors: list[float] | None,
    mode: str,
    align_corners: bool,
    antialias: bool,
) -> Tensor:
    if mode == "area":
        return adaptive_avg_pool(w, x, sides)
    if mode.startswith("nearest"):
        return _nearest(w, x, sides, factors, mode)
    given = x.type.with_shape(*x.shape[:2], *sides)
    inputs: list[Tensor | None] = [x, None, None, w.sizes(given.shape)]
    if factors is not None and not align_corners:
        # The factor says where places lie, even where it gives a side that is no whole multiple.
        if not all(map(_is_exact, x.shape[2:], sides, factors)):
            w.refuse("engines may round what the factor gives to another size")
        inputs = [x, None, w.numbers([1.0, 1.0, *map(float, factors)], "float32")]
    return w.node(
        "Resize",
        inputs,
        given,
        mode=_MODES[mode],
        coordinate_transformation_mode="align_corners" if align_corners else "half_pixel",
        cubic_coeff_a=(-0.5 if antialias else -0.75) if mode == "bicubic" else None,
        antialias=1 if antialias else None,
        exclude_outside=1 if antialias else None,
    )


def _nearest(w: Writer, x: Tensor, sides: list[Size], factors: list[float] | None, mode: str) -> Tensor:
    whole = _whole_factors(x, sides, factors)
    if whole is not None and mode == "nearest":
        scales = w.numbers([1.0, 1.0, *map(float, whole)], "float32")
        given = x.type.with_shape(*x.shape[:2], *sides)
        return w.node(
            "Resize",
            [x, None, scales],
            given,
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )
    for axis, side in enumerate(sides, start=2):
        factor = factors[axis - 2] if factors is not None else None
        if x.shape[axis] != side or factor not in (None, 1):
            places = _places(w, x.shape[axis], side, factor, 0.5 if mode == "nearest-exact" else 0.0)
            if factor is not None and mode == "nearest" and x.rank == 4:
                places = _unless_whole(w, x.shape[axis], side, places)
            x = w.node("Gather", [x, places], x.type.with_side(axis, side), axis=axis)
    return x


def _whole_factors(x: Tensor, sides: Sequence[Size], factors: Sequence[float] | None) -> list[int] | None:
    """By how much each side grows; None where that is no whole number."""
    if factors is not None:
        return [int(factor) for factor in factors] if all(factor == int(factor) for factor in factors) else None
    found: list[int] = []
    for have, want in zip(x.shape[2:], sides, strict=True):
        if not isinstance(have, int) or not isinstance(want, int) or want % have:
            return None
        found.append(want // have)
    return found


def _places(w: Writer, have: Size, want: Size, factor: float | None, offset: float) -> Tensor:
    """Which place of an axis each of the new ones is, in the digits that torch computes with."""
    index = w.count_up(want, "float32")
    index = w.binary("Add", index, offset) if offset else index
    if factor is not None:
        places = w.binary("Mul", index, float(torch.tensor(1 / factor, dtype=torch.float32)))
    else:
        step = w.binary("Div", w.size_as(have, "float32"), w.size_as(want, "float32"))
        places = w.binary("Mul", index, step)
    whole = w.cast(w.unary("Floor", places), "int64")
    last = w.size_as(have - 1, "int64")
    return w.binary("Min", whole, last)


def _unless_whole(w: Writer, have: Size, want: Size, places: Tensor) -> Tensor:
    """For images, torch forgets the factor where the side stays, or comes to twice as much."""
    index = w.count_up(want)
    for times in (2, 1):
        same = w.binary("Equal", w.size_as(have * times, "int64"), w.size_as(want, "int64"), "bool")
        places = w.where(same, w.binary("Div", index, times), places)
    return places


def _is_exact(have: Size, want: Size, factor: float) -> bool:
    """Whether a factor in single precision gives the side, too."""
    single = torch.tensor(factor, dtype=torch.float32)
    if isinstance(have, int):
        return int(single * have) == want
    return float(single) == factor
