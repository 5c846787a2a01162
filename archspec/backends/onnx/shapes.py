"""Shapes: the same numbers under other axes."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from archspec.backends.onnx.registry import METHOD, translates
from archspec.backends.onnx.types import Tensor
from archspec.backends.onnx.writer import Writer
from archspec.ir.dims import Size, product


@translates("torch.flatten", f"{METHOD}flatten")
def flatten(w: Writer, x: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    start, end = start_dim % x.rank, end_dim % x.rank
    if start == end:
        return x
    side = product(x.shape[start : end + 1])
    return w.reshape(x, (*x.shape[:start], side, *x.shape[end + 1 :]))


@translates("torch.reshape")
def reshape(w: Writer, x: Tensor, shape: Sequence[Size]) -> Tensor:
    return w.reshape(x, filled(w, shape, x.shape))


@translates("torch.unflatten")
def unflatten(w: Writer, x: Tensor, dim: int, sizes: Sequence[Size]) -> Tensor:
    axis = dim % x.rank
    return w.reshape(x, (*x.shape[:axis], *filled(w, sizes, x.shape[axis : axis + 1]), *x.shape[axis + 1 :]))


def filled(w: Writer, sizes: Sequence[Size], of: Sequence[Size]) -> tuple[Size, ...]:
    """Sizes with the one that is -1 told by the others, which together are as many as there are of sides."""
    if -1 not in sizes:
        return tuple(sizes)
    left = list(of)
    known: list[Size] = []
    for size in sizes:
        if size in left:
            left.remove(size)
        elif size != -1:
            known.append(size)
    if not all(isinstance(size, int) for size in known):
        w.refuse(f"it is not told what follows from the sizes {list(sizes)} of {list(of)}")
    rest = product(tuple(left)) // prod(size for size in known if isinstance(size, int))
    return tuple(rest if size == -1 else size for size in sizes)


@translates("torch.permute")
def permute(w: Writer, x: Tensor, dims: Sequence[int]) -> Tensor:
    return w.transpose(x, dims)


@translates("torch.transpose", f"{METHOD}transpose")
def transpose(w: Writer, x: Tensor, first: int, second: int) -> Tensor:
    order = list(range(x.rank))
    order[first], order[second] = order[second], order[first]
    return w.transpose(x, order)


@translates(f"{METHOD}movedim")
def movedim(w: Writer, x: Tensor, source: int, destination: int) -> Tensor:
    order = list(range(x.rank))
    order.insert(destination % x.rank, order.pop(source % x.rank))
    return w.transpose(x, order)


@translates("torch.squeeze")
def squeeze(w: Writer, x: Tensor, dim: int | Sequence[int]) -> Tensor:
    return w.squeeze(x, *([dim] if isinstance(dim, int) else dim))


@translates("torch.unsqueeze")
def unsqueeze(w: Writer, x: Tensor, dim: int) -> Tensor:
    return w.unsqueeze(x, dim)


@translates(f"{METHOD}expand")
def expand(w: Writer, x: Tensor, *sizes: Size) -> Tensor:
    sides = (*[1] * (len(sizes) - x.rank), *x.shape)
    return w.expand(x, [side if size == -1 else size for side, size in zip(sides, sizes, strict=True)])


@translates(f"{METHOD}expand_as")
def expand_as(w: Writer, x: Tensor, like: Tensor) -> Tensor:
    return w.expand(x, like.shape)


@translates(f"{METHOD}repeat")
def repeat(w: Writer, x: Tensor, *times: int) -> Tensor:
    x = w.unsqueeze(x, *range(len(times) - x.rank)) if len(times) > x.rank else x
    sides = (side * count for side, count in zip(x.shape, times, strict=True))
    return w.node("Tile", [x, w.numbers(times)], x.type.with_shape(*sides))


@translates("torch.nn.functional.pixel_shuffle")
def pixel_shuffle(w: Writer, x: Tensor, factor: int) -> Tensor:
    samples, channels, height, width = x.shape
    apart = w.reshape(x, (samples, channels // factor**2, factor, factor, height, width))
    mixed = w.transpose(apart, (0, 1, 4, 2, 5, 3))
    return w.reshape(mixed, (samples, channels // factor**2, height * factor, width * factor))


@translates("torch.nn.functional.pixel_unshuffle")
def pixel_unshuffle(w: Writer, x: Tensor, factor: int) -> Tensor:
    samples, channels, height, width = x.shape
    apart = w.reshape(x, (samples, channels, height // factor, factor, width // factor, factor))
    mixed = w.transpose(apart, (0, 1, 3, 5, 2, 4))
    return w.reshape(mixed, (samples, channels * factor**2, height // factor, width // factor))


@translates("torch.channel_shuffle")
def channel_shuffle(w: Writer, x: Tensor, groups: int) -> Tensor:
    samples, channels, *space = x.shape
    apart = w.reshape(x, (samples, groups, channels // groups, *space))
    return w.reshape(w.transpose(apart, (0, 2, 1, *range(3, x.rank + 1))), x.shape)
