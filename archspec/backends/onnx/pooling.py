"""Pooling.

With `ceil_mode`, torch adds a last window that reaches beyond the padding, but none that begins there. Engines differ
in what the attribute of that name does, so it is said by padding: as much more at the end as lets that window in, which
is the same at every size.
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

    @property
    def more(self) -> list[int]:
        """How much further than the padding the end is, so that all windows fit."""
        if not self.ceil:
            return [0] * len(self.kernel)
        free = zip(self.kernel, self.stride, self.padding, self.dilation, strict=True)
        return [min(step - 1, gap * (size - 1) - edge) for size, step, edge, gap in free]

    @property
    def pads(self) -> list[int]:
        """What ONNX calls so: before all axes, then behind them."""
        return [*self.padding, *(edge + more for edge, more in zip(self.padding, self.more, strict=True))]

    def gives(self, x: Tensor) -> TensorType:
        """The type of the output."""
        free = zip(x.shape[2:], self.kernel, self.stride, self.padding, self.dilation, self.more, strict=True)
        space = [
            (side + 2 * edge + more - gap * (size - 1) - 1) // step + 1 for side, size, step, edge, gap, more in free
        ]
        return x.type.with_shape(*x.shape[:2], *space)


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
    given, pads = windows.gives(x), windows.pads
    if any(pad >= size for pad, size in zip(pads, windows.kernel * 2, strict=True)):
        if return_indices:
            w.refuse("a padding that is no smaller than the kernel would change what its indices count")
        x, pads = _padded(w, x, pads, -inf), [0] * len(pads)
    whole = w.nodes(
        "MaxPool",
        [x],
        [given, TensorType(given.shape, "int64")] if return_indices else [given],
        kernel_shape=windows.kernel,
        strides=windows.stride,
        dilations=windows.dilation,
        pads=pads,
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
    given, pads = windows.gives(x), windows.pads
    counts = count_include_pad and any(windows.padding)
    if counts and any(windows.more):
        x = _padded(w, x, windows.padding * 2, 0.0)
        pads, counts = [0] * len(windows.kernel) + windows.more, False
    return w.node(
        "AveragePool",
        [x],
        given,
        kernel_shape=windows.kernel,
        strides=windows.stride,
        pads=pads,
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


def _padded(w: Writer, x: Tensor, pads: list[int], value: float) -> Tensor:
    """Space with something around it: as much as the attribute of a pool would say."""
    axes = x.rank - 2
    before, after = pads[:axes], pads[axes:]
    sides = (side + first + last for side, first, last in zip(x.shape[2:], before, after, strict=True))
    edges = w.numbers([0, 0, *before, 0, 0, *after])
    return w.node("Pad", [x, edges, w.number(value, x.dtype)], x.type.with_shape(*x.shape[:2], *sides))


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
