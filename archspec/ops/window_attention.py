"""Attention within windows of an image."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from collections.abc import Sequence
from typing import ClassVar, Self

from pydantic import model_validator

from archspec.ir.attributes import Count, Distances, Flag, Fraction, Sizes, wrong_value
from archspec.ir.conditions import Conditions
from archspec.ir.dims import Size, product
from archspec.ir.op import Example, Kept, Op, Step, Weight
from archspec.ir.types import TensorType
from archspec.ops._attending import Attending
from archspec.ops._shared import bounded, bytes_of, changed, fixed, known_size, need_float32
from archspec.ops._windows import need_sides, spread


class WindowAttention(Op):
    """Multi-head self-attention within windows of an image [N, H, W, C], the channels last.

    Every head adds to its scores a learned number for each relative position of two places (Liu et al. 2021, Swin).
    Windows that are shifted go on around the borders, and places there that are no neighbours do not see each other. A
    side that windows do not fill is filled up with zeros.
    """

    name: ClassVar[str] = "window_attention"
    also: ClassVar[tuple[str, ...]] = ("shiftedwindowattention", "windowmultiheadattention")
    category: ClassVar[str] = "attention"

    heads: Count
    """How many heads there are; each has an equal share of the channels."""
    window: Sizes
    """The height and width of a window."""
    shift: Distances = 0
    """How far windows are moved down and right, such as by half of one in every second layer of Swin; not along a side
    that one window covers."""
    dropout: Fraction = 0.0
    """The chance that a weight of the softmax is dropped while training."""
    bias: Flag = True
    """Whether learned numbers are added to the projections."""

    @model_validator(mode="after")
    def _stays_within_a_window(self) -> Self:
        if any(step >= side for step, side in zip(spread(self.shift, 2), spread(self.window, 2), strict=False)):
            raise wrong_value("shift", "less than the side of a window")
        return self

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        must.have_rank(x, 4, what="[N, H, W, C]")
        need_float32(must, x, self.name)
        need_sides(must, 2, window=self.window, shift=self.shift)
        channels = known_size(must, x, 3, self.name)
        message = f"{channels} channels do not fall into {self.heads} equal heads"
        must.be_divisible(channels, self.heads, message, attribute="heads", help="take a divisor of the channels")
        bounded(must, self._places**2)
        return x

    def weights(self, x: TensorType) -> dict[str, Weight]:
        channels, (height, width) = fixed(x.shape[3]), self._window
        weights = {
            "relative_position_bias_table": Weight(((2 * height - 1) * (2 * width - 1), self.heads)),
            "qkv.weight": Weight((3 * channels, channels)),
            "qkv.bias": Weight((3 * channels,)),
            "proj.weight": Weight((channels, channels)),
            "proj.bias": Weight((channels,)),
            "relative_position_index": Weight((self._places**2,), "buffer", "int64"),
        }
        return {name: weight for name, weight in weights.items() if self.bias or not name.endswith(".bias")}

    def macs(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        return self._padded(inputs[0]) * 4 * inputs[0].shape[3] + self._attending(inputs[0]).macs

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        # What both projections are given, beside what attending keeps.
        kept = self._attending(inputs[0]).keeps(self.dropout)
        return Kept(extra=kept.extra + 2 * bytes_of(self._padded(inputs[0]), inputs[0]))

    def scratch(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        # Three projections beside the mask, while that is made or used.
        x, attending = inputs[0], self._attending(inputs[0])
        padded, bias = bytes_of(self._padded(x), x), bytes_of(self.heads * self._places**2, x)
        making = mask = bias
        if self._is_shifted(x):
            of_sample = bias * product(self._counts(x))
            mask = of_sample * x.shape[0]
            making = bias + of_sample + mask
        return 3 * padded + max(making, mask + attending.peak()) - bytes_of(outputs[0].elements, x)

    def lower(self, x: TensorType) -> list[Step]:
        settings = {"features": x.shape[3], "heads": self.heads, "window": self._window}
        settings |= changed(shift=(spread(self.shift, 2), (0, 0)), dropout=(self.dropout, 0.0), bias=(self.bias, True))
        return [Step("module", "archspec.backends.composites.WindowAttention", settings=settings)]

    @property
    def _window(self) -> tuple[int, int]:
        height, width = spread(self.window, 2)
        return height, width

    @property
    def _places(self) -> int:
        """How many places a window has."""
        return self._window[0] * self._window[1]

    def _counts(self, x: TensorType) -> tuple[Size, ...]:
        """How many windows there are along each side."""
        return tuple((side + reach - 1) // reach for side, reach in zip(x.shape[1:3], self._window, strict=True))

    def _padded(self, x: TensorType) -> Size:
        """How many numbers there are once windows fill the image."""
        return product((x.shape[0], *self._counts(x), x.shape[3])) * self._places

    def _is_shifted(self, x: TensorType) -> bool:
        return any(step and count != 1 for step, count in zip(spread(self.shift, 2), self._counts(x), strict=True))

    def _attending(self, x: TensorType) -> Attending:
        windows, features = product((x.shape[0], *self._counts(x))), fixed(x.shape[3]) // self.heads
        given = x.with_shape(windows, self.heads, self._places, features)
        mask = x.with_shape(1, self.heads, self._places, self._places)
        return Attending(given, given, given, (windows, self.heads), mask, strided=True)


_IMAGE = TensorType((2, 6, 9, 12))

WindowAttention.examples = (
    Example({"heads": 3, "window": 3}, (_IMAGE,)),
    Example({"heads": 3, "window": 3, "shift": 1}, (_IMAGE,)),
    Example({"heads": 2, "window": "4x3", "shift": [2, 0], "bias": False}, (_IMAGE,)),
    Example({"heads": 4, "window": 4, "shift": 2, "dropout": 0.1}, (TensorType((2, 3, 7, 8)),)),
    Example({"heads": 2, "window": 5, "shift": 2}, (TensorType((2, 4, 5, 8)),)),
)
