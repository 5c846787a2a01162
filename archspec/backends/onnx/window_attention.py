"""Attention within windows, shifted or not: what `archspec.backends.composites.WindowAttention` computes."""

from __future__ import annotations

from archspec.backends.onnx.attention import attend
from archspec.backends.onnx.linear import projected
from archspec.backends.onnx.registry import COMPOSITES, translates
from archspec.backends.onnx.selections import rolled
from archspec.backends.onnx.types import Tensor
from archspec.backends.onnx.writer import Writer
from archspec.ir.dims import Size, product
from archspec.ir.types import TensorType


@translates(f"{COMPOSITES}WindowAttention")
def window_attention(
    w: Writer,
    x: Tensor,
    /,
    *,
    features: int,
    heads: int,
    window: tuple[int, int],
    shift: tuple[int, int] = (0, 0),
    dropout: float = 0.0,
    bias: bool = True,
) -> Tensor:
    original = x.type
    x = _filled(w, x, window)
    sides = x.shape[1:3]
    steps = [_shift(w, step, side, reach) for step, side, reach in zip(shift, sides, window, strict=True)]
    for axis, step in enumerate(steps, start=1):
        x = rolled(w, x, axis, step)
    windows = _in_windows(w, x, window)
    qkv = projected(w, windows, w.weight("qkv.weight"), w.weight("qkv.bias") if bias else None)
    places = window[0] * window[1]
    apart = w.transpose(w.reshape(qkv, (qkv.shape[0], places, 3, heads, features // heads)), (2, 0, 3, 1, 4))
    parts = w.nodes("Split", [apart], [apart.type.with_side(0, 1)] * 3, axis=0, num_outputs=3)
    query, key, value = (w.squeeze(part, 0) for part in parts)
    found = attend(w, query, key, value, _mask(w, x.type, window, steps))
    merged = w.reshape(w.transpose(found, (0, 2, 1, 3)), (qkv.shape[0], places, features))
    gives = projected(w, merged, w.weight("proj.weight"), w.weight("proj.bias") if bias else None)
    return _back(w, gives, x.type, window, steps, original)


def _filled(w: Writer, x: Tensor, window: tuple[int, int]) -> Tensor:
    """Sides filled up to whole windows."""
    missing = [-side % reach for side, reach in zip(x.shape[1:3], window, strict=True)]
    if missing == [0, 0]:
        return x
    sides = [side + more for side, more in zip(x.shape[1:3], missing, strict=True)]
    bounds = w.sizes([0, 0, 0, 0, 0, *missing, 0])
    return w.node("Pad", [x, bounds], x.type.with_shape(x.shape[0], *sides, x.shape[3]))


def _shift(w: Writer, step: int, side: Size, reach: int) -> int | Tensor:
    """How far windows are shifted along a side: not at all where one of them covers it."""
    if step == 0 or isinstance(side, int):
        return step if isinstance(side, int) and side > reach else 0
    wider = w.node("Greater", [w.size(side), w.size(reach)], TensorType((1,), "bool"))
    return w.binary("Mul", w.cast(wider, "int64"), step)


def _in_windows(w: Writer, x: Tensor, window: tuple[int, int]) -> Tensor:
    """[N, H, W, C] as [windows, places, C]."""
    samples, high, wide, features = x.shape
    down, right = high // window[0], wide // window[1]
    apart = w.transpose(w.reshape(x, (samples, down, window[0], right, window[1], features)), (0, 1, 3, 2, 4, 5))
    return w.reshape(apart, (samples * down * right, window[0] * window[1], features))


def _back(
    w: Writer, x: Tensor, filled: TensorType, window: tuple[int, int], steps: list[int | Tensor], original: TensorType
) -> Tensor:
    """Windows as an image again, without shift, and without what was filled up."""
    samples, high, wide, features = filled.shape
    apart = w.reshape(x, (samples, high // window[0], wide // window[1], *window, features))
    image = w.reshape(w.transpose(apart, (0, 1, 3, 2, 4, 5)), filled.shape)
    for axis, step in enumerate(steps, start=1):
        start = w.binary("Sub", w.size(image.shape[axis]), step) if isinstance(step, Tensor) else step
        image = rolled(w, image, axis, image.shape[axis] - start if isinstance(start, int) and start else start)
    for axis in (1, 2):
        side = original.shape[axis]
        if image.shape[axis] != side:
            image = w.slice(image, axis, 0, side, side)
    return image


def _mask(w: Writer, filled: TensorType, window: tuple[int, int], steps: list[int | Tensor]) -> Tensor:
    """What is added to scores: a bias by relative position and, beyond a border that a shift brought in, -100."""
    places = window[0] * window[1]
    table, index = w.torch_weight("relative_position_bias_table"), w.torch_weight("relative_position_index")
    bias = w.tensor(table[index].view(places, places, -1).permute(2, 0, 1).unsqueeze(0))
    if all(isinstance(step, int) and step == 0 for step in steps):
        return bias
    apart = _apart(w, filled, window, steps)
    mask = w.binary("Sub", bias, w.binary("Mul", w.cast(apart, bias.dtype), 100.0))
    windows = product(tuple(side // reach for side, reach in zip(filled.shape[1:3], window, strict=True)))
    repeats = w.sizes([filled.shape[0], 1, 1, 1])
    return w.node("Tile", [mask, repeats], mask.type.with_side(0, filled.shape[0] * windows))


def _apart(w: Writer, filled: TensorType, window: tuple[int, int], steps: list[int | Tensor]) -> Tensor:
    """Whether a shift brought two places of a window together from opposite borders: [windows, 1, places, places]."""
    below, beside = (_is_beyond(w, side, step) for side, step in zip(filled.shape[1:3], steps, strict=True))
    border = w.binary("Add", w.binary("Mul", w.unsqueeze(below, 1), 2), beside)
    grid = _in_windows(w, w.unsqueeze(border, 0, 3), window)
    other = w.transpose(grid, (0, 2, 1))
    same = w.binary("Equal", grid, other, "bool")
    return w.unsqueeze(w.unary("Not", same), 1)


def _is_beyond(w: Writer, side: Size, step: int | Tensor) -> Tensor:
    """1 for the places of a side that a shift brought to its end, else 0."""
    start = w.binary("Sub", w.size(side), step)
    return w.cast(w.binary("GreaterOrEqual", w.count_up(side), start, "bool"), "int64")
