"""Reductions: one number from many along axes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf
from typing import Final

from archspec.backends.onnx.registry import translates
from archspec.backends.onnx.types import Tensor, broadcast
from archspec.backends.onnx.writer import Writer
from archspec.ir.dims import product

_POOLS: Final = {"mean": "GlobalAveragePool", "max": "GlobalMaxPool"}
_REDUCES: Final = {"mean": "ReduceMean", "max": "ReduceMax"}


def over(w: Writer, kind: str, x: Tensor, axes: Iterable[int], keepdim: bool = False) -> Tensor:
    """The mean or the largest over axes: a pool where they are all axes of space, which engines have layouts for."""
    reduced = sorted({axis % x.rank for axis in axes})
    if reduced != list(range(2, x.rank)) or x.dtype != "float32" or not reduced:
        return w.reduce(_REDUCES[kind], x, reduced, keepdim)
    pooled = w.node(_POOLS[kind], [x], x.type.with_shape(*x.shape[:2], *[1] * len(reduced)))
    return pooled if keepdim else w.squeeze(pooled, *reduced)


@translates("torch.mean")
def mean(w: Writer, x: Tensor, dim: Sequence[int], keepdim: bool = False) -> Tensor:
    return over(w, "mean", x, dim, keepdim)


@translates("torch.amax")
def amax(w: Writer, x: Tensor, dim: Sequence[int], keepdim: bool = False) -> Tensor:
    return over(w, "max", x, dim, keepdim)


@translates("torch.amin")
def amin(w: Writer, x: Tensor, dim: Sequence[int], keepdim: bool = False) -> Tensor:
    return w.reduce("ReduceMin", x, dim, keepdim)


@translates("torch.sum")
def total(w: Writer, x: Tensor, dim: Sequence[int], keepdim: bool = False) -> Tensor:
    return w.reduce("ReduceSum", _summable(w, x), dim, keepdim)


@translates("torch.cumsum")
def cumsum(w: Writer, x: Tensor, dim: int) -> Tensor:
    x = _summable(w, x)
    return w.node("CumSum", [x, w.number(dim % x.rank, "int64")], x.type)


@translates("torch.logsumexp")
def logsumexp(w: Writer, x: Tensor, dim: Sequence[int], keepdim: bool = False) -> Tensor:
    return w.reduce("ReduceLogSumExp", x, dim, keepdim)


@translates("torch.var")
def variance(w: Writer, x: Tensor, dim: Sequence[int], keepdim: bool = False, correction: int = 1) -> Tensor:
    centred = w.binary("Sub", x, w.reduce("ReduceMean", x, dim, keepdim=True))
    squares = w.reduce("ReduceSumSquare", centred, dim, keepdim)
    values = product(tuple(x.shape[axis] for axis in {axis % x.rank for axis in dim}))
    return w.binary("Div", squares, w.size_as(values - correction, x.dtype))


@translates("torch.linalg.vector_norm")
def vector_norm(w: Writer, x: Tensor, ord: float = 2, dim: Sequence[int] = (), keepdim: bool = False) -> Tensor:
    return norm(w, x, ord, dim, keepdim)


def norm(w: Writer, x: Tensor, order: float, axes: Sequence[int], keepdim: bool = False) -> Tensor:
    """The root of the sum of powers of magnitudes."""
    match order:
        case 1:
            return w.reduce("ReduceL1", x, axes, keepdim)
        case 2:
            return w.reduce("ReduceL2", x, axes, keepdim)
        case _ if order == inf:
            return w.reduce("ReduceMax", w.unary("Abs", x), axes, keepdim)
        case _ if order <= 0:
            w.refuse(f"a norm of order {order:g} is not expressed")
    powers = w.binary("Pow", w.unary("Abs", x), order)
    return w.binary("Pow", w.reduce("ReduceSum", powers, axes, keepdim), 1 / order)


@translates("torch.nn.functional.normalize")
def normalize(w: Writer, x: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    return w.binary("Div", x, w.binary("Max", norm(w, x, p, [dim], keepdim=True), eps))


@translates("torch.nn.functional.cosine_similarity")
def cosine_similarity(w: Writer, x: Tensor, y: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    shape = broadcast(x.shape, y.shape)
    both = [each if each.shape == shape else w.expand(each, shape) for each in (x, y)]
    left, right = (normalize(w, each, 2, dim, eps) for each in both)
    return w.reduce("ReduceSum", w.binary("Mul", left, right), [dim])


@translates("torch.nn.functional.pairwise_distance")
def pairwise_distance(
    w: Writer, x: Tensor, y: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:
    return norm(w, w.binary("Add", w.binary("Sub", x, y), eps), p, [-1], keepdim)


def _summable(w: Writer, x: Tensor) -> Tensor:
    """Torch adds whole numbers up as int64."""
    return x if x.type.is_floating else w.cast(x, "int64")
