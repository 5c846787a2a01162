"""Convolutions."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from collections.abc import Sequence
from math import prod
from typing import Any, ClassVar, Self

from pydantic import model_validator

from archspec.ir.attributes import Count, Flag, Padding, Sizes, wrong_value
from archspec.ir.conditions import Conditions
from archspec.ir.dims import Size
from archspec.ir.op import Example, Op, Sight, Step, Weight
from archspec.ir.types import TensorType
from archspec.ops._shared import changed, compact, fixed, known_size, need_float32, spatial
from archspec.ops._windows import IMAGES, pad_sides, slide, spread, windows


class Conv(Op):
    """Slide learned filters over a sequence, an image or a volume; each of `channels` filters makes one channel.

    The rank of the input decides how many axes it slides over: [N, C, L], [N, C, H, W] or [N, C, D, H, W]. The number
    of input channels is taken from the input. What is computed is a cross-correlation, as everywhere in the field
    (Dumoulin and Visin 2016, A guide to convolution arithmetic for deep learning).
    """

    name: ClassVar[str] = "conv"
    category: ClassVar[str] = "convolution"

    channels: Count
    """The number of filters, and so of output channels."""
    kernel: Sizes
    """The size of a filter: a number, `1x7`, or a list."""
    stride: Sizes = 1
    """How far the filter moves from one place to the next."""
    padding: Padding = "valid"
    """Zeros added on each side: a number, a list, `valid` for none, or `same` for as many as keep the size, which
    needs an odd kernel and no stride."""
    dilation: Sizes = 1
    """The distance between the taps of the filter."""
    groups: Count = 1
    """Into how many groups input and output channels are split, each convolved by itself; as many as there are input
    channels makes the convolution depthwise."""
    bias: Flag = True
    """Whether a learned number is added to every output channel."""

    @model_validator(mode="after")
    def _channels_fall_into_groups(self) -> Self:
        if self.channels % self.groups:
            raise wrong_value("channels", f"a multiple of the {self.groups} groups")
        return self

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        must.have_rank(x, 3, 4, 5, what=IMAGES)
        need_float32(must, x, self.name)
        given = known_size(must, x, 1, self.name)
        if given % self.groups:
            must.fail(
                "not-divisible",
                f"{given} input channels do not fall into {self.groups} equal groups",
                attribute="groups",
                ports=(0,),
                help="take a divisor of the input channels; `groups: $C` with `in: [N, C, H, W]` is depthwise",
            )
        sides = slide(must, x.shape[2:], self.kernel, self.stride, self.padding, self.dilation)
        return TensorType((x.shape[0], self.channels, *sides), x.dtype)

    def sees(self, x: TensorType) -> Sight:
        return windows(x.rank - 2, self.kernel, self.stride, self.padding, self.dilation)

    def weights(self, x: TensorType) -> dict[str, Weight]:
        kernel = spread(self.kernel, x.rank - 2)
        weights = {"weight": Weight((self.channels, fixed(x.shape[1]) // self.groups, *kernel))}
        return weights | ({"bias": Weight((self.channels,))} if self.bias else {})

    def macs(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        kernel = spread(self.kernel, inputs[0].rank - 2)
        return outputs[0].elements * (inputs[0].shape[1] // self.groups * prod(kernel))

    def lower(self, x: TensorType) -> list[Step]:
        axes = x.rank - 2
        kernel, dilation = spread(self.kernel, axes), spread(self.dilation, axes)
        settings: dict[str, Any] = {
            "in_channels": x.shape[1],
            "out_channels": self.channels,
            "kernel_size": compact(kernel),
        }
        settings |= changed(
            stride=(compact(spread(self.stride, axes)), 1),
            padding=(compact(pad_sides(self.padding, kernel, dilation)), 0),
            dilation=(compact(dilation), 1),
            groups=(self.groups, 1),
            bias=(self.bias, True),
        )
        return [Step("module", f"torch.nn.Conv{spatial(x.rank)}", settings=settings)]


_IMAGE = TensorType((2, 4, 9, 8))

Conv.examples = (
    Example({"channels": 6, "kernel": 3}, (_IMAGE,)),
    Example({"channels": 6, "kernel": 3, "stride": 2, "padding": 1, "bias": False}, (_IMAGE,)),
    Example({"channels": 6, "kernel": "1x7", "padding": "same"}, (_IMAGE,)),
    Example({"channels": 6, "kernel": [3, 2], "stride": [2, 1], "padding": [0, 3], "dilation": [1, 2]}, (_IMAGE,)),
    Example({"channels": 8, "kernel": 3, "padding": "same", "dilation": 2, "groups": 4}, (_IMAGE,)),
    Example({"channels": 6, "kernel": 3, "padding": "valid"}, (TensorType((2, 4, 9)),)),
    Example({"channels": 6, "kernel": "2x3x1", "stride": 2, "groups": 2}, (TensorType((1, 4, 5, 6, 3)),)),
    Example({"channels": 1, "kernel": 1}, (TensorType((1, 1, 1, 1)),)),
)
