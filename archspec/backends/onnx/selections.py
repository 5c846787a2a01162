"""Selections: parts of tensors, and tensors put together."""

from __future__ import annotations

from collections.abc import Sequence
from sys import maxsize
from typing import Any

from archspec.backends.onnx.registry import COMPOSITES, METHOD, translates
from archspec.backends.onnx.types import Tensor
from archspec.backends.onnx.writer import Writer
from archspec.ir.dims import UNKNOWN, Size, product


@translates("torch.cat")
def cat(w: Writer, parts: Sequence[Tensor], dim: int = 0) -> Tensor:
    return w.concat(parts, dim)


@translates("torch.stack")
def stack(w: Writer, parts: Sequence[Tensor], dim: int = 0) -> Tensor:
    return w.concat([w.unsqueeze(part, dim) for part in parts], dim)


@translates("torch.chunk")
def chunk(w: Writer, x: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    side = x.shape[dim]
    if isinstance(side, int):
        each = -(-side // chunks)
        return split(w, x, [min(each, side - start) for start in range(0, side, each)], dim)
    parts = [x.type.with_side(dim % x.rank, side // chunks)] * chunks
    return w.nodes("Split", [x], parts, axis=dim, num_outputs=chunks)


@translates("torch.split")
def split(w: Writer, x: Tensor, sizes: Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    parts = [x.type.with_side(dim % x.rank, size) for size in sizes]
    return w.nodes("Split", [x, w.numbers(sizes)], parts, axis=dim)


@translates("operator.getitem")
def getitem(w: Writer, of: Tensor | tuple[Any, ...], key: int | tuple[slice, ...]) -> Any:
    if isinstance(of, tuple):
        assert isinstance(key, int), key
        return of[key]
    assert isinstance(key, tuple), key
    x = of
    for axis, part in enumerate(key):
        if part.start is not None or part.stop is not None or part.step is not None:
            x = _sliced(w, x, axis, part)
    return x


def _sliced(w: Writer, x: Tensor, axis: int, part: slice) -> Tensor:
    """Ends beyond an axis are its end for ONNX, too, and negative ones count from there."""
    side = x.shape[axis]
    left = len(range(*part.indices(side))) if isinstance(side, int) else UNKNOWN
    start = 0 if part.start is None else part.start
    end = maxsize if part.stop is None else part.stop
    return w.slice(x, axis, start, end, left, part.step or 1)


@translates(f"{METHOD}narrow")
def narrow(w: Writer, x: Tensor, dim: int, start: int, length: int) -> Tensor:
    end = start + length
    return w.slice(x, dim, start, maxsize if start < 0 and end == 0 else end, length)


@translates("torch.select", f"{METHOD}select")
def select(w: Writer, x: Tensor, dim: int, index: int) -> Tensor:
    axis = dim % x.rank
    return w.node("Gather", [x, w.number(index, "int64")], x.type.with_side(axis), axis=axis)


@translates("torch.index_select")
def index_select(w: Writer, x: Tensor, dim: int, index: Tensor) -> Tensor:
    axis = dim % x.rank
    return w.node("Gather", [x, index], x.type.with_side(axis, index.shape[0]), axis=axis)


@translates("torch.nn.Embedding")
def embedding(w: Writer, index: Tensor, /, **settings: Any) -> Tensor:
    table = w.weight("weight")
    return w.node("Gather", [table, index], table.type.with_shape(*index.shape, table.shape[1]), axis=0)


@translates("torch.flip")
def flip(w: Writer, x: Tensor, dims: Sequence[int]) -> Tensor:
    for axis in dims:
        x = w.slice(x, axis, -1, -maxsize, x.shape[axis], -1)
    return x


@translates("torch.roll")
def roll(w: Writer, x: Tensor, shifts: Sequence[int], dims: Sequence[int]) -> Tensor:
    for shift, axis in zip(shifts, dims, strict=True):
        if shift:
            x = rolled(w, x, axis, _start_of(w, x.shape[axis], shift))
    return x


def _start_of(w: Writer, side: Size, shift: int) -> Size | Tensor:
    """Which place of an axis comes first once it was shifted."""
    if isinstance(side, int):
        return -shift % side
    return w.node("Mod", [w.size(-shift), w.size(side)], w.size(side).type)


def rolled(w: Writer, x: Tensor, axis: int, start: Size | Tensor) -> Tensor:
    """An axis that begins at a place, with what was before that at its end."""
    if start == 0:
        return x
    side = x.shape[axis]
    first, second = (start, side - start) if isinstance(side, int) and isinstance(start, int) else (UNKNOWN, UNKNOWN)
    parts = w.slice(x, axis, start, maxsize, second), w.slice(x, axis, 0, start, first)
    return Tensor(w.concat(parts, axis).name, x.type)


@translates(f"{COMPOSITES}crop_like")
def crop_like(w: Writer, x: Tensor, like: Tensor) -> Tensor:
    for axis in range(2, x.rank):
        have, want = x.shape[axis], like.shape[axis]
        if have != want:
            margin = (have - want) // 2
            x = w.slice(x, axis, margin, margin + want, want)
    return x


@translates(f"{COMPOSITES}max_unpool")
def max_unpool(w: Writer, x: Tensor, indices: Tensor, like: Tensor) -> Tensor:
    outer, space = x.shape[:2], like.shape[2:]
    empty = w.filled(0, x.dtype, (*outer, product(space)))
    taken = (*outer, product(x.shape[2:]))
    placed = [empty, w.reshape(indices, taken), w.reshape(x, taken)]
    return w.reshape(w.node("ScatterElements", placed, empty.type, axis=2), (*outer, *space))
