"""Pools: windows that keep the largest or the mean value, and pools over whatever space there is."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from archspec.ir.attributes import Flag, OptionalSizes, Padding, Sizes, number
from archspec.ir.conditions import Conditions
from archspec.ir.dims import UNKNOWN, Size
from archspec.ir.op import Arg, Example, Kept, KnownSign, Op, Sight, Step, Types, Window
from archspec.ir.types import DTYPES, TensorType, by
from archspec.ops._shared import bytes_of, changed, compact, need_full_precision, spatial
from archspec.ops._windows import IMAGES, need_room, need_sides, pad_sides, slide, spread, windows


class _WindowPool(Op):
    category: ClassVar[str] = "pooling"
    shorthand: ClassVar[str | None] = "kernel"
    function: ClassVar[str]

    kernel: Sizes
    """The size of the window: a number, `1x7`, or a list."""
    stride: OptionalSizes = None
    """How far the window moves from one place to the next; as far as it is large when left out."""
    ceil_mode: Flag = False
    """Whether a last window may hang over the edge, so that the size is rounded up rather than down. It has to start
    inside the input or its left padding."""

    def infer(self, must: Conditions, x: TensorType) -> Types:
        return self._pooled(must, x)

    def _pooled(self, must: Conditions, x: TensorType) -> TensorType:
        must.have_rank(x, 3, 4, 5, what=IMAGES)
        must.be_floating(x, op=self.name)
        return x.with_shape(*x.shape[:2], *self._places(must, x.shape[2:]))

    def _places(self, must: Conditions, sides: tuple[Size, ...]) -> tuple[Size, ...]:
        return slide(
            must, sides, self.kernel, self._stride, self._padding, self._dilation, self.ceil_mode, what="window"
        )

    @property
    def _stride(self) -> int | tuple[int, ...]:
        return self.kernel if self.stride is None else self.stride

    @property
    def _padding(self) -> int | str | tuple[int, ...]:
        return 0

    @property
    def _dilation(self) -> int | tuple[int, ...]:
        return 1

    def sees(self, x: TensorType) -> Sight:
        return windows(x.rank - 2, self.kernel, self._stride, self._padding, self._dilation)

    def lower(self, x: TensorType) -> list[Step]:
        axes = x.rank - 2
        kernel, dilation = spread(self.kernel, axes), spread(self._dilation, axes)
        settings = changed(
            stride=(compact(spread(self._stride, axes)), compact(kernel)),
            padding=(compact(pad_sides(self._padding, kernel, dilation)), 0),
            dilation=(compact(dilation), 1),
            ceil_mode=(self.ceil_mode, False),
        )
        target = f"torch.nn.functional.{self.function}{spatial(x.rank)}"
        return [Step("function", target, self._arguments(compact(kernel)), settings | self._more_settings())]

    def _arguments(self, kernel: int | tuple[int, ...]) -> tuple[Any, ...]:
        return Arg(0), kernel

    def _more_settings(self) -> dict[str, Any]:
        return {}


class _PaddedPool(_WindowPool):
    padding: Padding = "valid"
    """What is added on each side, at most half the kernel: a number, a list, `valid` for none, or `same` for as much
    as keeps the size, which needs an odd kernel and `stride: 1`."""

    @property
    def _padding(self) -> int | str | tuple[int, ...]:
        return self.padding

    def _places(self, must: Conditions, sides: tuple[Size, ...]) -> tuple[Size, ...]:
        if self.padding not in ("valid", 0) and not self._pads_at_most_half(must, len(sides)):
            return (UNKNOWN,) * len(sides)
        return super()._places(must, sides)

    def _of_one_place(self) -> tuple[str, ...]:
        """The attributes that make every window one place of the input, if they do."""
        sides = (*spread(self.kernel, 1), *spread(self._stride, 1))
        return ("kernel", "stride") if set(sides) == {1} else ()

    def _pads_at_most_half(self, must: Conditions, axes: int) -> bool:
        need_sides(must, axes, kernel=self.kernel, padding=self.padding, dilation=self._dilation)
        windows = spread(self.kernel, axes)
        pads = pad_sides(self.padding, windows, spread(self._dilation, axes))
        fits = all(2 * pad <= window for pad, window in zip(pads, windows, strict=True))
        if not fits:
            must.fail(
                "wrong-value",
                f"a padding of {by(pads)} is more than half of the {by(windows)} kernel",
                attribute="padding",
                help="take a larger kernel and no dilation"
                if self.padding == "same"
                else "take half the kernel at most",
            )
        return fits


class MaxWindows(_PaddedPool):
    """Base of the pools that keep the largest value in every window."""

    function: ClassVar[str] = "max_pool"

    dilation: Sizes = 1
    """The distance between the values that a window looks at."""

    @property
    def _dilation(self) -> int | tuple[int, ...]:
        return self.dilation

    def _pooled(self, must: Conditions, x: TensorType) -> TensorType:
        found = super()._pooled(must, x)
        axes = x.rank - 2
        dilation = spread(self.dilation, axes)
        pads = pad_sides(self.padding, spread(self.kernel, axes), dilation)
        for side, pad, reach in zip(x.shape[2:], pads, dilation, strict=True):
            self._need_a_value(must, side, -pad % reach, x)
        return found

    def _need_a_value(self, must: Conditions, side: Size, first: int, x: TensorType) -> None:
        """Demand the first place of the input that the first window comes to.

        Of padding alone torch says that the largest is minus infinity, and where it was is outside of the input.
        """
        if first and not must.failures:
            message = f"the first window sees padding, and then place {first}, which is beyond a side of {x}"
            help = "take less dilation, or no padding"
            must.be_positive(side - first, message, attribute="dilation", help=help)


class MaxPool(MaxWindows):
    """Keep the largest value in every window; padding is never the largest."""

    name: ClassVar[str] = "max_pool"
    also: ClassVar[tuple[str, ...]] = ("maxpooling",)
    keeps_values: ClassVar[bool] = True

    def does_nothing(self, x: TensorType) -> tuple[str, ...]:
        return self._of_one_place()

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        return Kept(inputs=(0,), extra=_indices(outputs))

    def scratch(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        return _indices(outputs)


class AvgPool(_PaddedPool):
    """Take the mean of every window."""

    name: ClassVar[str] = "avg_pool"
    also: ClassVar[tuple[str, ...]] = ("averagepool", "averagepooling")
    linear: ClassVar[bool] = True
    sign: ClassVar[KnownSign | None] = "kept"
    function: ClassVar[str] = "avg_pool"

    count_include_pad: Flag = True
    """Whether the zeros of the padding count in the mean, as in torch; networks from TensorFlow leave them out."""

    def infer(self, must: Conditions, x: TensorType) -> Types:
        found = super().infer(must, x)
        if x.rank == 5:
            _need_averages_of_volumes(must, x, self.kernel, self.name)
        return found

    def does_nothing(self, x: TensorType) -> tuple[str, ...]:
        return self._of_one_place()

    def _more_settings(self) -> dict[str, Any]:
        return changed(count_include_pad=(self.count_include_pad, True))


class LpPool(_WindowPool):
    """Take the p-norm of every window: the root of the sum of powers, between the sum at 1 and the largest at infinity.

    Sermanet et al. 2012, Convolutional neural networks applied to house numbers digit classification. Unless `p`
    is even, values are to be 0 or more: a sum below 0 has no root. There is no padding.
    """

    name: ClassVar[str] = "lp_pool"
    also: ClassVar[tuple[str, ...]] = ("powerpooling",)
    sign: ClassVar[KnownSign | None] = "kept"
    function: ClassVar[str] = "lp_pool"

    p: Annotated[float, number("a number from 0.001 to 1000", least=1e-3, most=1e3)] = 2.0
    """The exponent; 2 is the Euclidean norm."""

    def infer(self, must: Conditions, x: TensorType) -> Types:
        found = super().infer(must, x)
        if x.rank == 5:
            _need_averages_of_volumes(must, x, self.kernel, self.name)
        return found

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        # The powers, their means, the size and the sign of each mean, and the sums.
        return Kept(inputs=(0,), extra=bytes_of(inputs[0].elements + 4 * outputs[0].elements, inputs[0]))

    def scratch(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        # The powers beside the means, or the mean in four states.
        return bytes_of(max(inputs[0].elements, 3 * outputs[0].elements), inputs[0])

    def _arguments(self, kernel: int | tuple[int, ...]) -> tuple[Any, ...]:
        return Arg(0), self.p, kernel


def _need_averages_of_volumes(must: Conditions, x: TensorType, kernel: int | tuple[int, ...], op: str) -> None:
    need_full_precision(must, x, op)
    if must.failures:
        return
    windows = spread(kernel, 3)
    # torch.nn.functional.avg_pool3d alone demands it, in ceil mode and with padding too.
    need_room(
        must,
        [side - window + 1 for side, window in zip(x.shape[2:], windows, strict=True)],
        lambda: f"a {by(windows)} average needs at least as large a volume, but the input is {x}",
        attribute="kernel",
    )


class _AdaptivePool(Op):
    category: ClassVar[str] = "pooling"
    shorthand: ClassVar[str | None] = "size"
    function: ClassVar[str]

    size: Sizes
    """The size of the output, whatever the size of the input: a number, `4x4`, or a list."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        must.have_rank(x, 3, 4, 5, what=IMAGES)
        must.be_floating(x, op=self.name)
        need_sides(must, x.rank - 2, size=self.size)
        return TensorType((*x.shape[:2], *spread(self.size, x.rank - 2)), x.dtype)

    def sees(self, x: TensorType) -> Sight:
        sides = spread(self.size, x.rank - 2)
        if set(sides) == {1}:
            return "everywhere"
        pairs = list(zip(x.shape[2:], sides, strict=True))
        # Elsewhere the windows are not of one size and not equally far apart.
        if any(not isinstance(side, int) or side % size for side, size in pairs):
            return "around"
        steps = [side // size for side, size in pairs if isinstance(side, int)]
        return tuple(Window(step, step) for step in steps)

    def lower(self, x: TensorType) -> list[Step]:
        size = compact(spread(self.size, x.rank - 2))
        return [Step("function", f"torch.nn.functional.{self.function}{spatial(x.rank)}", (Arg(0), size))]


class AdaptiveAvgPool(_AdaptivePool):
    """Take the mean over as many windows as the output has places.

    Over a side of x, window i of n goes from floor(i x / n) up to ceil((i + 1) x / n).
    """

    name: ClassVar[str] = "adaptive_avg_pool"
    also: ClassVar[tuple[str, ...]] = ("adaptiveaveragepool",)
    linear: ClassVar[bool] = True
    sign: ClassVar[KnownSign | None] = "kept"
    function: ClassVar[str] = "adaptive_avg_pool"

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        is_mean = all(side == 1 for side in outputs[0].shape[2:])  # torch makes it one
        return Kept() if is_mean else Kept(inputs=(0,))


class AdaptiveMaxPool(_AdaptivePool):
    """Keep the largest value of as many windows as the output has places; see `adaptive_avg_pool` for the windows."""

    name: ClassVar[str] = "adaptive_max_pool"
    keeps_values: ClassVar[bool] = True
    function: ClassVar[str] = "adaptive_max_pool"

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        return Kept(inputs=(0,), extra=_indices(outputs))

    def scratch(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        return _indices(outputs)


class _GlobalPool(Op):
    category: ClassVar[str] = "pooling"
    sight: ClassVar[Literal["everywhere"]] = "everywhere"
    function: ClassVar[str]

    keep: Flag = True
    """Whether the spatial axes stay, with a size of 1; without them the output is [N, C]."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        must.have_rank(x, 3, 4, 5, what=IMAGES)
        must.be_floating(x, op=self.name)
        ones = (1,) * (x.rank - 2) if self.keep else ()
        return TensorType((*x.shape[:2], *ones), x.dtype)

    def lower(self, x: TensorType) -> list[Step]:
        settings = {"dim": tuple(range(2, x.rank))} | changed(keepdim=(self.keep, False))
        return [Step("function", self.function, (Arg(0),), settings)]


class GlobalAvgPool(_GlobalPool):
    """Take the mean over all of space, one number a channel (Lin et al. 2013, Network in network)."""

    name: ClassVar[str] = "global_avg_pool"
    also: ClassVar[tuple[str, ...]] = ("globalaveragepool", "globalaveragepooling", "gap")
    linear: ClassVar[bool] = True
    sign: ClassVar[KnownSign | None] = "kept"
    function: ClassVar[str] = "torch.mean"

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        return Kept()


class GlobalMaxPool(_GlobalPool):
    """Keep the largest value over all of space, one number a channel; equal largest values share the gradient."""

    name: ClassVar[str] = "global_max_pool"
    also: ClassVar[tuple[str, ...]] = ("globalmaxpooling",)
    keeps_values: ClassVar[bool] = True
    function: ClassVar[str] = "torch.amax"

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        return Kept(inputs=(0,), outputs=True)


def _indices(outputs: Sequence[TensorType]) -> Size:
    """The bytes of where each value that is given was found."""
    return outputs[0].elements * DTYPES["int64"]


_SEQUENCE = TensorType((2, 3, 9))
_IMAGE = TensorType((2, 3, 9, 8))
_VOLUME = TensorType((1, 2, 5, 6, 4))

_WINDOWS = (
    Example({"kernel": 3}, (_IMAGE,)),
    Example({"kernel": 3, "stride": 1, "padding": "same"}, (_IMAGE,)),
    Example({"kernel": "3x2", "stride": [2, 1], "padding": [1, 0]}, (_IMAGE,)),
    Example({"kernel": 3, "stride": 2, "ceil_mode": True}, (_IMAGE,)),
    Example({"kernel": 2, "stride": 3, "padding": 1, "ceil_mode": True}, (_IMAGE,)),
    Example({"kernel": 3, "stride": 3, "ceil_mode": True}, (TensorType((1, 2, 1, 2)),)),
    Example({"kernel": 2}, (_SEQUENCE,)),
    Example({"kernel": "2x3x1", "stride": 1}, (_VOLUME,)),
)
_BARE_WINDOWS = tuple(example for example in _WINDOWS if "padding" not in example.attributes)
MaxPool.examples = (
    *_WINDOWS,
    Example({"kernel": 3, "stride": 2, "padding": 1, "dilation": 2}, (_IMAGE,)),
    Example({"kernel": 1}, (_IMAGE,)),
)
AvgPool.examples = (
    *_WINDOWS,
    Example({"kernel": 3, "stride": 1, "padding": "same", "count_include_pad": False}, (_IMAGE,)),
    Example({"kernel": [1, 1], "stride": 1}, (_IMAGE,)),
)
LpPool.examples = (
    *_BARE_WINDOWS,
    Example({"kernel": "2x3", "p": 3.5}, (_IMAGE,)),
    Example({"kernel": 2, "p": 1}, (_IMAGE,)),
)
AdaptiveAvgPool.examples = AdaptiveMaxPool.examples = (
    Example({"size": 4}, (_IMAGE,)),
    Example({"size": "3x12"}, (_IMAGE,)),
    Example({"size": 2}, (_SEQUENCE,)),
    Example({"size": [2, 1, 3]}, (_VOLUME,)),
    Example({"size": 1}, (_IMAGE,)),
)
GlobalAvgPool.examples = GlobalMaxPool.examples = (
    Example({}, (_IMAGE,)),
    Example({"keep": False}, (_IMAGE,)),
    Example({}, (_SEQUENCE,)),
    Example({}, (_VOLUME,)),
)
