"""Convolutions."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from abc import abstractmethod
from collections.abc import Sequence
from math import prod
from typing import Any, ClassVar, Self

from pydantic import model_validator

from archspec.ir.attributes import Count, Distances, Flag, Padding, Sizes, wrong_value
from archspec.ir.conditions import Conditions
from archspec.ir.dims import UNKNOWN, Size
from archspec.ir.op import Example, Op, Sight, Step, Weight, Window
from archspec.ir.types import TensorType, by
from archspec.ops._shared import changed, compact, fixed, known_size, need_float32, spatial
from archspec.ops._windows import (
    IMAGES,
    can_be_same,
    compact_text,
    need_room,
    need_sides,
    pad_sides,
    slide,
    spread,
    windows,
)


class _Convolution(Op):
    category: ClassVar[str] = "convolution"
    linear: ClassVar[bool] = True
    module: ClassVar[str]

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
        return TensorType((x.shape[0], self.channels, *self._sides(must, x.shape[2:])), x.dtype)

    @abstractmethod
    def _sides(self, must: Conditions, sides: tuple[Size, ...]) -> tuple[Size, ...]:
        """The sides of the output."""

    def weights(self, x: TensorType) -> dict[str, Weight]:
        weights = {"weight": Weight((*self._filters(fixed(x.shape[1])), *spread(self.kernel, x.rank - 2)))}
        return weights | ({"bias": Weight((self.channels,))} if self.bias else {})

    @abstractmethod
    def _filters(self, given: int) -> tuple[int, int]:
        """The first two sides of the weight, for so many input channels."""

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
        target = f"torch.nn.{self.module}{spatial(x.rank)}"
        return [Step("module", target, settings=settings | self._more_settings(axes))]

    def _more_settings(self, axes: int) -> dict[str, Any]:
        return {}


class Conv(_Convolution):
    """Slide learned filters over a sequence, an image or a volume; each of `channels` filters makes one channel.

    The rank of the input decides how many axes it slides over: [N, C, L], [N, C, H, W] or [N, C, D, H, W]. The number
    of input channels is taken from the input. What is computed is a cross-correlation, as everywhere in the field
    (Dumoulin and Visin 2016, A guide to convolution arithmetic for deep learning).
    """

    name: ClassVar[str] = "conv"
    also: ClassVar[tuple[str, ...]] = ("convolution",)
    module: ClassVar[str] = "Conv"

    def _sides(self, must: Conditions, sides: tuple[Size, ...]) -> tuple[Size, ...]:
        return slide(must, sides, self.kernel, self.stride, self.padding, self.dilation)

    def sees(self, x: TensorType) -> Sight:
        return windows(x.rank - 2, self.kernel, self.stride, self.padding, self.dilation)

    def _filters(self, given: int) -> tuple[int, int]:
        return self.channels, given // self.groups

    def macs(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        kernel = spread(self.kernel, inputs[0].rank - 2)
        return outputs[0].elements * (inputs[0].shape[1] // self.groups * prod(kernel))


class ConvTranspose(_Convolution):
    """Lay learned filters down at every place of the input, `stride` apart, each times the value there, and add up.

    It is what the gradient of a convolution does, and makes a grid larger: a side of x becomes
    `(x - 1) stride + dilation (kernel - 1) + 1 + output_padding - 2 padding` (Zeiler et al. 2010, Deconvolutional
    networks; Dumoulin and Visin 2016, A guide to convolution arithmetic for deep learning, chapter 4). Also called
    deconvolution.
    """

    name: ClassVar[str] = "conv_transpose"
    also: ClassVar[tuple[str, ...]] = (
        "conv1dtranspose", "conv2dtranspose", "conv3dtranspose", "convolutiontranspose", "deconv", "deconvolution",
    )  # fmt: skip
    module: ClassVar[str] = "ConvTranspose"

    stride: Sizes = 1
    """How far apart filters are laid down; as far as the kernel is large, none overlaps another."""
    padding: Padding = "valid"
    """How much is cut off on each side: a number, a list, `valid` for nothing, or `same` for as much as keeps the size,
    which needs an odd kernel and no stride. It undoes the padding of a convolution."""
    output_padding: Distances = 0
    """How many places are added at the end, less than the stride or the dilation: the sizes that a strided convolution
    makes equal are told apart by it."""

    def _sides(self, must: Conditions, sides: tuple[Size, ...]) -> tuple[Size, ...]:
        axes = len(sides)
        need_sides(
            must,
            axes,
            kernel=self.kernel,
            stride=self.stride,
            padding=self.padding,
            output_padding=self.output_padding,
            dilation=self.dilation,
        )
        if not (self._can_pad_the_output(must, axes) and self._can_be_same(must, axes)):
            return (UNKNOWN,) * axes
        kernels, dilations = spread(self.kernel, axes), spread(self.dilation, axes)
        pads = pad_sides(self.padding, kernels, dilations)
        reaches = [reach * (side - 1) + 1 for side, reach in zip(kernels, dilations, strict=True)]
        strides, ends = spread(self.stride, axes), spread(self.output_padding, axes)
        made = [
            (side - 1) * step + reach + end
            for side, step, reach, end in zip(sides, strides, reaches, ends, strict=True)
        ]
        left = need_room(
            must,
            [side - 2 * pad for side, pad in zip(made, pads, strict=True)],
            lambda: f"a padding of {compact_text(pads)} leaves nothing of the {by(made)} made of the {by(sides)} input",
            attribute="padding",
            help="take a smaller padding, or a larger kernel",
        )
        return tuple(left)

    def _can_pad_the_output(self, must: Conditions, axes: int) -> bool:
        ends, strides = spread(self.output_padding, axes), spread(self.stride, axes)
        limits = [max(pair) for pair in zip(strides, spread(self.dilation, axes), strict=True)]
        fits = all(end < limit for end, limit in zip(ends, limits, strict=True))
        if not fits:
            must.fail(
                "wrong-value",
                f"an output padding of {compact_text(ends)} is not below the larger of stride and dilation, "
                f"{compact_text(tuple(limits))}",
                attribute="output_padding",
                help="take less: it is there to tell sizes apart that a stride made equal",
            )
        return fits

    def _can_be_same(self, must: Conditions, axes: int) -> bool:
        if self.padding != "same":
            return True
        if any(spread(self.output_padding, axes)):
            ends = compact_text(spread(self.output_padding, axes))
            must.fail(
                "same-padding",
                f"`padding: same` keeps the size, but the output padding is {ends}",
                attribute="padding",
                help="write the padding as a number, or leave the output padding out",
            )
            return False
        return can_be_same(must, *(spread(each, axes) for each in (self.kernel, self.stride, self.dilation)))

    def sees(self, x: TensorType) -> Sight:
        axes = x.rank - 2
        if set(spread(self.stride, axes)) != {1}:
            return "around"
        kernels, dilations = spread(self.kernel, axes), spread(self.dilation, axes)
        reaches = [reach * (side - 1) for side, reach in zip(kernels, dilations, strict=True)]
        pads = pad_sides(self.padding, kernels, dilations)
        return tuple(Window(reach + 1, before=reach - pad) for reach, pad in zip(reaches, pads, strict=True))

    def _filters(self, given: int) -> tuple[int, int]:
        return given, self.channels // self.groups

    def macs(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        kernel = spread(self.kernel, inputs[0].rank - 2)
        return inputs[0].elements * (self.channels // self.groups * prod(kernel))

    def _more_settings(self, axes: int) -> dict[str, Any]:
        return changed(output_padding=(compact(spread(self.output_padding, axes)), 0))


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
ConvTranspose.examples = (
    Example({"channels": 6, "kernel": 2, "stride": 2}, (_IMAGE,)),
    Example({"channels": 6, "kernel": 3, "stride": 2, "padding": 1, "output_padding": 1, "bias": False}, (_IMAGE,)),
    Example({"channels": 6, "kernel": "1x5", "padding": "same"}, (_IMAGE,)),
    Example(
        {"channels": 6, "kernel": [3, 2], "padding": [0, 3], "dilation": [1, 3], "output_padding": "0x2"}, (_IMAGE,)
    ),
    Example({"channels": 8, "kernel": 4, "stride": [1, 3], "padding": "valid", "groups": 4}, (_IMAGE,)),
    Example({"channels": 6, "kernel": 4, "stride": 2, "padding": 1}, (TensorType((2, 4, 9)),)),
    Example({"channels": 6, "kernel": "2x3x1", "stride": 2, "groups": 2}, (TensorType((1, 4, 2, 3, 3)),)),
)
