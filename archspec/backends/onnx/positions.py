"""Positions: what tokens are told of where they stand."""

from __future__ import annotations

import torch

from archspec.backends.dtypes import dtype_name, torch_dtype
from archspec.backends.onnx.registry import COMPOSITES, translates
from archspec.backends.onnx.types import Tensor
from archspec.backends.onnx.writer import Writer
from archspec.ir.dims import Size


@translates(f"{COMPOSITES}prepend_tokens")
def prepend_tokens(w: Writer, x: Tensor, tokens: Tensor) -> Tensor:
    spread = w.expand(tokens, (*x.shape[:-2], tokens.shape[-2], x.shape[-1]))
    return w.concat([spread, x], -2)


@translates(f"{COMPOSITES}add_rows")
def add_rows(w: Writer, x: Tensor, table: Tensor) -> Tensor:
    rows = x.shape[-2]
    return w.binary("Add", x, table if table.shape[-2] == rows else w.slice(table, -2, 0, rows, rows))


@translates(f"{COMPOSITES}sinusoidal_positions")
def sinusoidal_positions(w: Writer, x: Tensor, base: float, interleaved: bool) -> Tensor:
    tokens, features = x.shape[-2:]
    if not isinstance(features, int):
        w.refuse("the number of features is not fixed")
    angles = _angles(w, tokens, features, base, x.dtype)
    table = _together(w, w.unary("Sin", angles), w.unary("Cos", angles), interleaved)
    table = w.slice(table, -1, 0, features, features) if features % 2 else table
    return w.binary("Add", x, w.cast(table, x.dtype))


@translates(f"{COMPOSITES}rotate_positions")
def rotate_positions(w: Writer, x: Tensor, base: float, interleaved: bool, features: int | None = None) -> Tensor:
    tokens, size = x.shape[-2:]
    if not isinstance(size, int):
        w.refuse("the number of features is not fixed")
    turned = size if features is None else features
    angles = _angles(w, tokens, turned, base, x.dtype)
    cos, sin = (w.cast(w.unary(kind, angles), x.dtype) for kind in ("Cos", "Sin"))
    first, second = _pairs(w, x if turned == size else w.slice(x, -1, 0, turned, turned), turned, interleaved)
    left = w.binary("Sub", w.binary("Mul", first, cos), w.binary("Mul", second, sin))
    right = w.binary("Add", w.binary("Mul", second, cos), w.binary("Mul", first, sin))
    rotated = _together(w, left, right, interleaved)
    return rotated if turned == size else w.concat([rotated, w.slice(x, -1, turned, size, size - turned)], -1)


def _angles(w: Writer, tokens: Size, features: int, base: float, dtype: str) -> Tensor:
    """Of [tokens, half of the features]; half precision has not enough digits for late positions."""
    exact = torch.promote_types(torch_dtype(dtype), torch.float32)
    steps = torch.arange(0, features, 2, dtype=exact)
    places = w.unsqueeze(w.count_up(tokens, dtype_name(exact)), 1)
    return w.binary("Mul", places, w.tensor(base ** (-steps / features)))


def _pairs(w: Writer, x: Tensor, features: int, interleaved: bool) -> tuple[Tensor, ...]:
    """The first and the second of all pairs."""
    half = features // 2
    if not interleaved:
        return tuple(w.slice(x, -1, start, start + half, half) for start in (0, half))
    return tuple(w.slice(x, -1, start, features, half, 2) for start in (0, 1))


def _together(w: Writer, first: Tensor, second: Tensor, interleaved: bool) -> Tensor:
    if not interleaved:
        return w.concat([first, second], -1)
    pairs = w.concat([w.unsqueeze(first, -1), w.unsqueeze(second, -1)], -1)
    return w.reshape(pairs, (*first.shape[:-1], 2 * first.shape[-1]))
