"""What normalisations over some axes of every sample have in common, such as `layer_norm`."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from abc import abstractmethod
from dataclasses import replace
from typing import ClassVar, Literal

from archspec.ir.attributes import Flag
from archspec.ir.conditions import Conditions
from archspec.ir.dims import Size, product
from archspec.ir.op import Arg, Op, Result, Step
from archspec.ir.types import TensorType
from archspec.ops._moving import AxisOrAxes
from archspec.ops._shared import fixed, known_size, need_float32, resolve_axis


class OverAxes(Op):
    """Base of the normalisations over one axis, or over the last ones, that weigh each of their places."""

    category: ClassVar[str] = "normalization"
    sight: ClassVar[Literal["here"]] = "here"

    axes: AxisOrAxes = (-1,)
    """What is normalised together: an axis, or a list of the last ones in their order, such as [-3, -2, -1]."""
    affine: Flag = True
    """Whether the learned scale is there."""

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        """The type of the input, whose sides have to be numbers where weights are sized by them."""
        need_float32(must, x, self.name)
        axes = [resolve_axis(must, axis, x, "axes") for axis in self.axes]
        if len(axes) > 1 and axes != list(range(x.rank - len(axes), x.rank)):
            must.refuse(
                "wrong-axis",
                f"`{self.name}` is of one axis or of the last ones in their order, but `axes` of {x} are {axes}",
                attribute="axes",
                ports=(0,),
                help="bring them to the end with `permute`",
            )
        for axis in axes:
            known_size(must, x, axis, self.name, "features")
        return x

    def lower(self, x: TensorType) -> list[Step]:
        """The layer of torch, which takes the last axes; another one is brought there and back."""
        axis = self.axes[0]
        if len(self.axes) > 1 or axis % x.rank == x.rank - 1:
            return [self._layer(x)]
        return [
            Step("method", "movedim", (Arg(0), axis, -1)),
            replace(self._layer(x), args=(Result(0),)),
            Step("method", "movedim", (Result(1), -1, axis)),
        ]

    @abstractmethod
    def _layer(self, x: TensorType) -> Step:
        """The layer, over the last axes of what it is given."""

    def _places(self, x: TensorType) -> tuple[int, ...]:
        """The sides of what is normalised together."""
        return tuple(fixed(x.shape[axis]) for axis in self.axes)

    def _normalized_shape(self, x: TensorType) -> int | tuple[int, ...]:
        """The same as torch's layers are told it."""
        places = self._places(x)
        return places[0] if len(places) == 1 else places

    def _statistics(self, x: TensorType) -> Size:
        """How many there are of each: one for what is normalised together."""
        over = {axis % x.rank for axis in self.axes}
        return product(tuple(side for axis, side in enumerate(x.shape) if axis not in over))
