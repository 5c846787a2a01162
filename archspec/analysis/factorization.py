"""Factorisation: what a convolution would cost as several smaller ones that see as much.

Two 3x3 see what a 5x5 sees, three what a 7x7 sees, and 1xn with nx1 what nxn sees (Szegedy et al. 2015, Rethinking the
Inception Architecture, sections 3.1 and 3.2). With Cin, Cmid and Cout channels the factors cost
`(k1 Cin Cmid + k2 Cmid Cout) / (k Cin Cout)` of the whole, per place. The widths between grow by equal factors from Cin
to Cout, as section 3.1 has it, or are all Cout.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

from archspec.ir.graph import Graph, Node
from archspec.ir.op import Sight
from archspec.ir.types import TensorType

Kernel = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Convolution:
    """A two-dimensional convolution that could be factorised: one group, no dilation, and a square kernel."""

    node: str
    side: int
    """Of its kernel."""
    inputs: int
    """Channels that come in."""
    outputs: int
    """Channels that go out."""
    stride: int
    grid: tuple[int, int]
    """The height and width of what it gives."""
    given: tuple[int, int] | None = None
    """The height and width of what it reads; None for those of what it gives."""
    padding: int | None = None
    """Places that are added on every side; None where sides differ, or for as many as keep the grid."""

    def __str__(self) -> str:
        return f"{self.side}x{self.side}, {self.inputs:,} to {self.outputs:,} channels"

    @property
    def widening(self) -> float:
        """The channels that go out, as a multiple of those that come in."""
        return self.outputs / self.inputs

    @property
    def macs(self) -> int:
        """Multiply-accumulates per sample."""
        return self.side**2 * self.inputs * self.outputs * prod(self.grid)

    @property
    def parameters(self) -> int:
        """Of its filters, without the bias."""
        return self.side**2 * self.inputs * self.outputs


@dataclass(frozen=True, slots=True)
class Factors:
    """Convolutions one after the other, at the grid of the one that they stand for."""

    kernels: tuple[Kernel, ...]
    """Height and width of each."""
    widths: tuple[int, ...]
    """The channels that each gives."""
    macs: int
    """Of all of them, per sample: each takes its share of the padding, and only the last one strides."""
    parameters: int
    saving: float
    """What they save, as a share of the multiply-accumulates of the whole; below 0 where they cost more."""

    def __str__(self) -> str:
        return " and ".join(f"{height}x{width}" for height, width in self.kernels)


def convolution(graph: Graph, node: Node) -> Convolution | None:
    """What a node convolves; None where it is no convolution of one group with a square kernel over an image."""
    op, inputs = node.op, graph.input_types(node)
    if op is None or getattr(op, "name", "") != "conv" or not inputs or inputs[0].rank != 4 or not node.types:
        return None
    attributes = {name: getattr(op, name) for name in ("kernel", "stride", "dilation", "groups")}
    kernel, stride, dilation = (_square(attributes[name]) for name in ("kernel", "stride", "dilation"))
    sides = [*inputs[0].shape[1:2], *node.types[0].shape[1:]]
    if kernel is None or stride is None or dilation != 1 or attributes["groups"] != 1:
        return None
    numbers = [side for side in sides if isinstance(side, int)]
    if len(numbers) < len(sides):
        return None
    inside, outside, height, width = numbers
    padding = _padding(node.resolved.sees(*inputs))
    return Convolution(node.path, kernel, inside, outside, stride, (height, width), _grid(inputs[0]), padding)


def as_threes(whole: Convolution, *, growing: bool = True) -> Factors | None:
    """As many 3x3 as see the same; None for kernels that have no such factors: even ones and 3x3 itself.

    Args:
        whole: the convolution.
        growing: whether widths between grow evenly; all are that of the output otherwise.
    """
    count = (whole.side - 1) // 2
    if whole.side % 2 == 0 or count < 2:
        return None
    return _factors(whole, ((3, 3),) * count, growing)


def as_asymmetric(whole: Convolution, *, growing: bool = True) -> Factors | None:
    """A 1xn and an nx1; None for a kernel of 1."""
    return _factors(whole, ((1, whole.side), (whole.side, 1)), growing) if whole.side > 1 else None


def behind_reduction(whole: Convolution, channels: int) -> Factors:
    """The convolution behind a 1x1 to `channels` channels, which works on the grid that is given."""
    return _cost(whole, ((1, 1), (whole.side, whole.side)), (channels, whole.outputs))


def beside_pool(whole: Convolution, grid: tuple[int, int]) -> Factors | None:
    """The convolution on a coarser grid, where a pool beside it hands on its input, so that fewer filters do.

    Together they give as many channels (Szegedy et al. 2015, section 5, figure 10). None where it gives no more
    channels than it reads.
    """
    if whole.outputs <= whole.inputs:
        return None
    parallel = replace(whole, outputs=whole.outputs - whole.inputs, grid=grid)
    widths, saving = (parallel.outputs,), 1 - parallel.macs / whole.macs
    return Factors(((whole.side, whole.side),), widths, parallel.macs, parallel.parameters, saving)


def worthwhile_reduction(whole: Convolution) -> float:
    """The most channels behind which a 1x1 reduction still saves: `k^2 Cin Cout / (Cin + k^2 Cout)`."""
    area = whole.side**2
    return area * whole.inputs * whole.outputs / (whole.inputs + area * whole.outputs)


def _factors(whole: Convolution, kernels: tuple[Kernel, ...], growing: bool) -> Factors:
    count = len(kernels)
    growth = (whole.outputs / whole.inputs) ** (1 / count) if growing else 1.0
    between = [round(whole.inputs * growth ** (place + 1)) if growing else whole.outputs for place in range(count - 1)]
    return _cost(whole, kernels, (*(max(1, width) for width in between), whole.outputs))


def _cost(whole: Convolution, kernels: tuple[Kernel, ...], widths: Sequence[int]) -> Factors:
    ends = zip((whole.inputs, *widths), widths, kernels, _grids(whole, kernels), strict=False)
    parameters = macs = 0
    for inside, outside, kernel, grid in ends:
        weights = prod(kernel) * inside * outside
        parameters, macs = parameters + weights, macs + weights * prod(grid)
    return Factors(kernels, tuple(widths), macs, parameters, 1 - macs / whole.macs)


def _grids(whole: Convolution, kernels: Sequence[Kernel]) -> list[tuple[int, int]]:
    """The grid that each factor gives: what the whole takes off the sides, each takes off as far as it reaches."""
    height, width = whole.given or whole.grid
    taken = 2 * whole.padding - (whole.side - 1) if whole.given and whole.padding is not None else 0
    found, tall, wide = [], 0, 0
    for kernel in kernels[:-1]:
        tall, wide = tall + kernel[0] - 1, wide + kernel[1] - 1
        reach = max(whole.side - 1, 1)
        found.append((height + taken * tall // reach, width + taken * wide // reach))
    return [*found, whole.grid]


def _padding(sight: Sight | None) -> int | None:
    pads = {window.before for window in sight} if isinstance(sight, tuple) else set()
    return pads.pop() if len(pads) == 1 else None


def _square(sides: int | tuple[int, ...]) -> int | None:
    if isinstance(sides, int):
        return sides
    return sides[0] if len(set(sides)) == 1 else None


def _grid(kind: TensorType) -> tuple[int, int] | None:
    """Height and width of an image; None where they are not known, or it is none."""
    sides = [side for side in kind.shape[2:] if isinstance(side, int)]
    return (sides[0], sides[1]) if kind.rank == 4 and len(sides) == 2 else None
