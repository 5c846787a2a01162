"""Pooling.

With `ceil_mode`, torch adds a last window that reaches beyond the padding, but none that begins there. Where the sides
are known, it is said by padding; where they are not, by the attribute, which means the same wherever no window of the
padded size could begin in the padding on the right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, prod

from archspec.backends.onnx.arithmetic import matmul
from archspec.backends.onnx.convolutions import Sides, spread
from archspec.backends.onnx.reductions import over
from archspec.backends.onnx.registry import translates
from archspec.backends.onnx.shapes import movedim
from archspec.backends.onnx.types import Tensor
from archspec.backends.onnx.writer import Writer
from archspec.ir.dims import Size, product
from archspec.ir.types import TensorType


@dataclass(frozen=True)
class Windows:
    """The windows of a pool, an entry an axis of space."""

    kernel: list[int]
    stride: list[int]
    padding: list[int]
    dilation: list[int]
    ceil: bool

    def gives(self, space: Sequence[Size]) -> list[Size]:
        """The sides of the output."""
        return [self._side(axis, side) for axis, side in enumerate(space)]

    def beyond(self, space: Sequence[Size]) -> list[int] | None:
        """How far the last windows reach beyond the padding; None where a side is not known."""
        if not all(isinstance(side, int) for side in space):
            return None
        return [self._reach(axis, side) for axis, side in enumerate(space) if isinstance(side, int)]

    def may_begin_beyond(self) -> bool:
        """Whether there are sides at which a last window would begin in the padding."""
        sides = zip(self.stride, self._spans(), self.padding, strict=True)
        return any(step > span - edge for step, span, edge in sides)

    def _spans(self) -> list[int]:
        return [gap * (size - 1) + 1 for size, gap in zip(self.kernel, self.dilation, strict=True)]

    def _side(self, axis: int, side: Size) -> Size:
        free = side + 2 * self.padding[axis] - self._spans()[axis]
        if not self.ceil:
            return free // self.stride[axis] + 1
        count = -(-free // self.stride[axis]) + 1
        edge = side + self.padding[axis]
        begins_beyond = isinstance(edge, int) and isinstance(count, int) and (count - 1) * self.stride[axis] >= edge
        return count - 1 if begins_beyond else count

    def _reach(self, axis: int, side: int) -> int:
        count = self._side(axis, side)
        assert isinstance(count, int)
        last = (count - 1) * self.stride[axis] + self._spans()[axis]
        return max(0, last - side - 2 * self.padding[axis])


@translates(*(f"torch.nn.functional.max_pool{axes}d" for axes in (1, 2, 3)))
def max_pool(
    w: Writer,
    x: Tensor,
    kernel: Sides,
    stride: Sides | None = None,
    padding: Sides = 0,
    dilation: Sides = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor | tuple[Tensor, Tensor]:
    windows = _windows(x, kernel, stride, padding, dilation, ceil_mode)
    pads, ceil = _edges(w, windows, x.shape[2:], windows.padding)
    given = x.type.with_shape(*x.shape[:2], *windows.gives(x.shape[2:]))
    whole = w.nodes(
        "MaxPool",
        [x],
        [given, TensorType(given.shape, "int64")] if return_indices else [given],
        kernel_shape=windows.kernel,
        strides=windows.stride,
        dilations=windows.dilation,
        pads=pads,
        ceil_mode=int(ceil),
    )
    if not return_indices:
        return whole[0]
    return whole[0], w.binary("Mod", whole[1], w.size_as(product(x.shape[2:]), "int64"))


@translates(*(f"torch.nn.functional.avg_pool{axes}d" for axes in (1, 2, 3)))
def avg_pool(
    w: Writer,
    x: Tensor,
    kernel: Sides,
    stride: Sides | None = None,
    padding: Sides = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """Torch counts the padding into a mean, but not what is beyond it; ONNX counts both or neither."""
    windows = _windows(x, kernel, stride, padding, 1, ceil_mode)
    given = x.type.with_shape(*x.shape[:2], *windows.gives(x.shape[2:]))
    counts = count_include_pad and any(windows.padding)
    beyond = windows.beyond(x.shape[2:]) if ceil_mode else None
    pads, ceil = _edges(w, windows, x.shape[2:], windows.padding)
    if counts and ceil_mode and beyond != [0] * len(windows.kernel):
        edges = [0, 0, *windows.padding] * 2
        sides = (side + 2 * edge for side, edge in zip(x.shape[2:], windows.padding, strict=True))
        x = w.node("Pad", [x, w.numbers(edges)], x.type.with_shape(*x.shape[:2], *sides))
        pads, counts = [pad - edge for pad, edge in zip(pads, windows.padding * 2, strict=True)], False
    return w.node(
        "AveragePool",
        [x],
        given,
        kernel_shape=windows.kernel,
        strides=windows.stride,
        pads=pads,
        ceil_mode=int(ceil),
        count_include_pad=int(counts),
    )


@translates(*(f"torch.nn.functional.lp_pool{axes}d" for axes in (1, 2, 3)))
def lp_pool(
    w: Writer, x: Tensor, norm: float, kernel: Sides, stride: Sides | None = None, ceil_mode: bool = False
) -> Tensor:
    """As torch: powers that keep their sign are averaged, and what is below 0 comes to 0; `LpPool` takes no signs."""
    powers = w.binary("Mul", x, x) if norm == 2 else w.binary("Pow", x, norm)
    means = avg_pool(w, powers, kernel, stride, 0, ceil_mode)
    sums = w.binary("Mul", w.unary("Relu", means), float(prod(spread(kernel, x.rank - 2))))
    return w.binary("Pow", sums, 1 / norm)


@translates(*(f"torch.nn.functional.adaptive_avg_pool{axes}d" for axes in (1, 2, 3)))
def adaptive_avg_pool(w: Writer, x: Tensor, sides: Size | Sequence[Size]) -> Tensor:
    """Where windows are of several sizes, the means along an axis are a product with a matrix of their shares."""
    wanted = _wanted(x, sides)
    even = _even(x, wanted)
    if all(side == 1 for side in wanted):
        return over(w, "mean", x, range(2, x.rank), keepdim=True)
    if even is not None:
        return avg_pool(w, x, even)
    for axis, count in enumerate(wanted, start=2):
        if x.shape[axis] != count:
            x = _means(w, x, axis, count)
    return x


@translates(*(f"torch.nn.functional.adaptive_max_pool{axes}d" for axes in (1, 2, 3)))
def adaptive_max_pool(w: Writer, x: Tensor, sides: Size | Sequence[Size]) -> Tensor:
    wanted = _wanted(x, sides)
    even = _even(x, wanted)
    if all(side == 1 for side in wanted):
        return over(w, "max", x, range(2, x.rank), keepdim=True)
    if even is not None:
        found = max_pool(w, x, even)
        assert isinstance(found, Tensor)
        return found
    for axis, count in enumerate(wanted, start=2):
        if x.shape[axis] != count:
            x = _maxima(w, x, axis, count)
    return x


def _windows(x: Tensor, kernel: Sides, stride: Sides | None, padding: Sides, dilation: Sides, ceil: bool) -> Windows:
    axes = x.rank - 2
    steps = spread(kernel if stride is None else stride, axes)
    return Windows(spread(kernel, axes), steps, spread(padding, axes), spread(dilation, axes), ceil)


def _edges(w: Writer, windows: Windows, space: Sequence[Size], padding: list[int]) -> tuple[list[int], bool]:
    """The attributes `pads` and `ceil_mode`."""
    if not windows.ceil:
        return padding * 2, False
    beyond = windows.beyond(space)
    if beyond is not None:
        return [*padding, *(edge + more for edge, more in zip(padding, beyond, strict=True))], False
    if windows.may_begin_beyond():
        w.refuse("at some sizes its last window would begin in the padding, where torch leaves it out")
    return padding * 2, True


def _wanted(x: Tensor, sides: Size | Sequence[Size]) -> list[Size]:
    return list(sides) if isinstance(sides, list | tuple) else [sides] * (x.rank - 2)  # type: ignore[list-item]


def _even(x: Tensor, wanted: Sequence[Size]) -> list[int] | None:
    """The kernel of the pool that does the same; None where windows differ or sides are not known."""
    kernel: list[int] = []
    for side, count in zip(x.shape[2:], wanted, strict=True):
        if not isinstance(side, int) or not isinstance(count, int) or side % count:
            return None
        kernel.append(side // count)
    return kernel


def _bounds(w: Writer, side: Size, count: Size) -> tuple[Tensor, Tensor]:
    """Where windows begin and end, as [count, 1]."""
    index = w.unsqueeze(w.count_up(count), 1)
    total, parts = w.size_as(side, "int64"), w.size_as(count, "int64")
    begin = w.binary("Div", w.binary("Mul", index, total), parts)
    ends = w.binary("Mul", w.binary("Add", index, 1), total)
    end = w.binary("Div", w.binary("Add", ends, w.binary("Sub", parts, 1)), parts)
    return begin, end


def _covers(w: Writer, side: Size, begin: Tensor, end: Tensor) -> Tensor:
    """Which places are in which window: bool[count, side]."""
    places = w.count_up(side)
    reached = w.binary("GreaterOrEqual", places, begin, "bool")
    return w.binary("And", reached, w.binary("Less", places, end, "bool"))


def _means(w: Writer, x: Tensor, axis: int, count: Size) -> Tensor:
    begin, end = _bounds(w, x.shape[axis], count)
    covers = w.cast(_covers(w, x.shape[axis], begin, end), x.dtype)
    shares = w.binary("Div", covers, w.cast(w.binary("Sub", end, begin), x.dtype))
    if axis == x.rank - 2:
        return matmul(w, shares, x)
    return movedim(w, matmul(w, movedim(w, x, axis, -1), w.transpose(shares, (1, 0))), -1, axis)


def _maxima(w: Writer, x: Tensor, axis: int, count: Size) -> Tensor:
    covers = _covers(w, x.shape[axis], *_bounds(w, x.shape[axis], count))
    values = w.unsqueeze(movedim(w, x, axis, -1), -2)
    found = w.reduce("ReduceMax", w.where(covers, values, w.number(-inf, x.dtype)), [-1])
    return movedim(w, found, -1, axis)
