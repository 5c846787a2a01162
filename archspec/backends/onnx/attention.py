"""Attention: queries by keys, shares of values."""

from __future__ import annotations

from math import inf
from typing import Any

import torch

from archspec.backends.onnx.arithmetic import matmul, promoted
from archspec.backends.onnx.linear import projected
from archspec.backends.onnx.registry import COMPOSITES, translates
from archspec.backends.onnx.selections import split
from archspec.backends.onnx.types import Tensor
from archspec.backends.onnx.writer import Writer
from archspec.ir.dims import Size


@translates("torch.nn.functional.scaled_dot_product_attention")
def attend(
    w: Writer,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None = None,
    *,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    if enable_gqa:
        key, value = (_repeated(w, each, query.shape[-3]) for each in (key, value))
    order = list(range(key.rank))
    order[-2:] = reversed(order[-2:])
    scores = matmul(w, _scaled(w, query, scale), w.transpose(key, order))
    if is_causal:
        scores = w.where(_in_order(w, query.shape[-2], key.shape[-2]), scores, w.number(-inf, scores.dtype))
    if mask is not None:
        scores = _masked(w, scores, mask)
    shares = w.unary("Softmax", scores, axis=-1)
    if mask is not None:
        shares = _without_hidden(w, scores, shares)
    return matmul(w, shares, value)


@translates(f"{COMPOSITES}ScaledDotProductAttention")
def attend_in_order(
    w: Writer,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None = None,
    /,
    *,
    dropout: float = 0.0,
    causal: bool = False,
    scale: float | None = None,
    grouped: bool = False,
) -> Tensor:
    return attend(w, query, key, value, mask, is_causal=causal, scale=scale, enable_gqa=grouped)


@translates(f"{COMPOSITES}MultiHeadAttention")
def multi_head_attention(
    w: Writer,
    query: Tensor,
    key: Tensor | None = None,
    value: Tensor | None = None,
    mask: Tensor | None = None,
    /,
    *,
    features: int,
    heads: int,
    kv_heads: int,
    head_size: int,
    key_features: int,
    value_features: int,
    causal: bool = False,
    dropout: float = 0.0,
    bias: bool = True,
) -> Tensor:
    rows = [heads * head_size, kv_heads * head_size, kv_heads * head_size]
    asked, held, gathered = (_in_heads(w, each, head_size) for each in _projections(w, query, key, value, rows, bias))
    found = attend(w, asked, held, gathered, mask, is_causal=causal, enable_gqa=kv_heads != heads)
    apart = _swapped(w, found)
    merged = w.reshape(apart, (*apart.shape[:-2], rows[0]))
    return projected(w, merged, w.weight("out_proj.weight"), w.weight("out_proj.bias") if bias else None)


def _projections(
    w: Writer, query: Tensor, key: Tensor | None, value: Tensor | None, rows: list[int], bias: bool
) -> tuple[Tensor, ...]:
    """Queries, keys and values, with the features of all heads side by side."""
    if key is None:
        whole = projected(w, query, w.weight("in_proj_weight"), w.weight("in_proj_bias") if bias else None)
        return split(w, whole, rows, -1)
    if w.has_weight("in_proj_weight"):
        weights = [*torch.split(w.torch_weight("in_proj_weight"), rows)]
    else:
        weights = [w.torch_weight(f"{letter}_proj_weight") for letter in "qkv"]
    biases: list[Any] = [*torch.split(w.torch_weight("in_proj_bias"), rows)] if bias else [None] * 3
    sources = (query, key, key if value is None else value)
    return tuple(
        projected(w, source, w.tensor(weight), None if shift is None else w.tensor(shift))
        for source, weight, shift in zip(sources, weights, biases, strict=True)
    )


def _in_heads(w: Writer, x: Tensor, head_size: int) -> Tensor:
    *outer, features = x.shape
    return _swapped(w, w.reshape(x, (*outer, features // head_size, head_size)))


def _swapped(w: Writer, x: Tensor) -> Tensor:
    """Heads before places, or places before heads again."""
    order = list(range(x.rank))
    order[-3], order[-2] = order[-2], order[-3]
    return w.transpose(x, order)


def _scaled(w: Writer, query: Tensor, scale: float | None) -> Tensor:
    if scale is not None:
        return w.binary("Mul", query, scale)
    features = query.shape[-1]
    if isinstance(features, int):
        return w.binary("Mul", query, features**-0.5)
    return w.binary("Div", query, w.unary("Sqrt", w.size_as(features, query.dtype)))


def _repeated(w: Writer, x: Tensor, heads: Size) -> Tensor:
    """Heads of keys or values, each given to as many heads of queries as there are for it."""
    *outer, own, places, features = x.shape
    if not isinstance(heads, int) or not isinstance(own, int):
        w.refuse("the number of heads is not fixed")
    if own == heads:
        return x
    spread = w.expand(w.unsqueeze(x, -3), (*outer, own, heads // own, places, features))
    return w.reshape(spread, (*outer, heads, places, features))


def _in_order(w: Writer, queries: Size, keys: Size) -> Tensor:
    """Which keys are not later than a query."""
    if isinstance(queries, int) and isinstance(keys, int):
        return w.tensor(torch.ones(queries, keys, dtype=torch.bool).tril())
    return w.binary("GreaterOrEqual", w.unsqueeze(w.count_up(queries), 1), w.count_up(keys), "bool")


def _masked(w: Writer, scores: Tensor, mask: Tensor) -> Tensor:
    if mask.dtype == "bool":
        return w.where(mask, scores, w.number(-inf, scores.dtype))
    return w.binary("Add", *promoted(w, scores, mask))


def _without_hidden(w: Writer, scores: Tensor, shares: Tensor) -> Tensor:
    """Where a mask hides all keys from a query, torch gives it nothing of any, and a softmax is no number."""
    largest = w.reduce("ReduceMax", scores, [-1], keepdim=True)
    hidden = w.binary("Equal", largest, -inf, "bool")
    return w.where(hidden, w.number(0, shares.dtype), shares)
