"""Patches: windows of an image written out as columns of a matrix, and put back."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from collections.abc import Sequence
from math import prod
from typing import Any, ClassVar

from archspec.ir.attributes import Padding, Sizes
from archspec.ir.conditions import Conditions
from archspec.ir.dims import Size, product
from archspec.ir.op import Arg, Example, Kept, KnownSign, Op, Step
from archspec.ir.types import TensorType, by
from archspec.ops._shared import bounded, bytes_of, changed, compact, fixed
from archspec.ops._windows import need_sides, pad_sides, slide, spread


class _Patches(Op):
    category: ClassVar[str] = "resampling"
    linear: ClassVar[bool] = True
    sign: ClassVar[KnownSign | None] = "kept"

    kernel: Sizes
    """The sides of a patch: a number, `2x4`, or a list."""
    stride: Sizes = 1
    """How far patches are apart."""
    padding: Padding = "valid"
    """How many zeros stand around the image: a number, a list, `valid` for none, or `same` for as many as give one
    patch for every place, which needs an odd kernel and no stride."""
    dilation: Sizes = 1
    """How far the places of a patch are apart."""

    def _windows(self, must: Conditions, sides: tuple[Size, ...]) -> Size:
        """How many patches there are in an image."""
        return bounded(
            must, product(slide(must, sides, self.kernel, self.stride, self.padding, self.dilation, what="patch"))
        )

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        return Kept()

    def scratch(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        # torch makes the output in a tensor that was made as large as the input.
        return max(0, bytes_of(fixed(inputs[0].elements) - fixed(outputs[0].elements), outputs[0]))

    def _settings(self) -> dict[str, Any]:
        kernel, dilation = spread(self.kernel, 2), spread(self.dilation, 2)
        return {"kernel_size": compact(kernel)} | changed(
            dilation=(compact(dilation), 1),
            padding=(compact(pad_sides(self.padding, kernel, dilation)), 0),
            stride=(compact(spread(self.stride, 2)), 1),
        )


class Unfold(_Patches):
    """Write every patch of [N, C, H, W] as a column of C times the places of a patch: [N, columns, patches].

    A convolution is a product of such a matrix with its filters (Chellapilla et al. 2006). Also called im2col.
    """

    name: ClassVar[str] = "unfold"
    also: ClassVar[tuple[str, ...]] = ("im2col", "extractpatches")
    shorthand: ClassVar[str | None] = "kernel"

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        must.have_rank(x, 4, what="[N, C, H, W]")
        must.be_floating(x, op=self.name)
        patches = self._windows(must, x.shape[2:])
        return x.with_shape(x.shape[0], bounded(must, x.shape[1] * prod(spread(self.kernel, 2))), patches)

    def lower(self, x: TensorType) -> list[Step]:
        return [Step("function", "torch.nn.functional.unfold", (Arg(0),), self._settings())]


class Fold(_Patches):
    """Put the columns that `unfold` makes back into an image; where patches overlap, they are added up.

    [N, columns, patches] becomes [N, C, H, W]. Also called col2im.
    """

    name: ClassVar[str] = "fold"
    also: ClassVar[tuple[str, ...]] = ("col2im",)

    size: Sizes
    """The sides of the image: a number, `28x32`, or a list."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        must.have_rank(x, 3, what="[N, columns, patches]")
        must.be_floating(x, op=self.name)
        need_sides(must, 2, size=self.size)
        sides = spread(self.size, 2)
        patches = self._windows(must, sides)
        message = f"there are {patches} patches in an image of {by(sides)}, but the input is {x}"
        must.be_equal(x.shape[2], patches, message, ports=(0,))
        places = prod(spread(self.kernel, 2))
        message = f"a patch has {places} places, of which {x.shape[1]} is no multiple: the input is {x}"
        must.be_divisible(x.shape[1], places, message, attribute="kernel")
        return x.with_shape(x.shape[0], x.shape[1] // places, *sides)

    def lower(self, x: TensorType) -> list[Step]:
        settings = {"output_size": spread(self.size, 2)} | self._settings()
        return [Step("function", "torch.nn.functional.fold", (Arg(0),), settings)]


Unfold.examples = (
    Example({"kernel": 2, "stride": 2}, (TensorType((2, 3, 4, 6)),)),
    Example({"kernel": "3x1", "padding": [1, 0], "dilation": [1, 2]}, (TensorType((2, 3, 4, 5)),)),
    Example({"kernel": 3, "padding": "same"}, (TensorType((1, 2, 5, 3), "float64"),)),
)
Fold.examples = (
    Example({"kernel": 2, "stride": 2, "size": "4x6"}, (TensorType((2, 12, 6)),)),
    Example({"kernel": "3x1", "padding": [1, 0], "dilation": [1, 2], "size": [4, 5]}, (TensorType((2, 9, 20)),)),
)
