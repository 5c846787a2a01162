"""Pools that say where they found what they keep, and what puts values back there."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from archspec.ir.conditions import Conditions
from archspec.ir.op import Arg, Example, Kept, KnownSign, Op, Step
from archspec.ir.types import TensorType
from archspec.ops._joining import need_equal_sides
from archspec.ops._windows import IMAGES, space_of
from archspec.ops.pooling import MaxPool, MaxWindows


class MaxPoolWithIndices(MaxWindows):
    """Keep the largest value in every window, as `max_pool` does, and say where each was.

    The output `indices` has a whole number for every value: its place in the space of the input, counted row by row.
    """

    name: ClassVar[str] = "max_pool_with_indices"
    also: ClassVar[tuple[str, ...]] = ("maxpoolwithargmax",)
    sign: ClassVar[KnownSign | None] = "kept"

    def output_names(self) -> tuple[str, ...]:
        return "values", "indices"

    def infer(self, must: Conditions, x: TensorType) -> tuple[TensorType, ...]:
        values = self._pooled(must, x)
        return values, TensorType(values.shape, "int64")

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        return Kept(inputs=(0,), outputs=(1,))

    def _more_settings(self) -> dict[str, Any]:
        return {"return_indices": True}


class MaxUnpool(Op):
    """Put values back where a `max_pool_with_indices` found those it kept, and 0 everywhere else.

    The decoder of SegNet does (Badrinarayanan et al. 2015, SegNet; Zeiler et al. 2010, Deconvolutional networks). What
    comes first has the shape of what the pool gave; `indices` are the pool's, and `like` is what the pool read, whose
    space the output has. Where windows of the pool overlap, one of the values that have the same place is kept.
    """

    name: ClassVar[str] = "max_unpool"
    also: ClassVar[tuple[str, ...]] = ("maxunpooling", "unpooling")
    sign: ClassVar[KnownSign | None] = "kept"
    category: ClassVar[str] = "pooling"
    sight: ClassVar[Literal["around"]] = "around"
    inputs: ClassVar[tuple[str, ...]] = ("x", "indices", "like")
    shape_only: ClassVar[tuple[int, ...]] = (2,)

    def infer(self, must: Conditions, x: TensorType, indices: TensorType, like: TensorType) -> TensorType:
        must.have_rank(x, 3, 4, 5, what=IMAGES)
        must.be_floating(x, op=self.name)
        if indices.dtype != "int64":
            must.refuse("wrong-dtype", f"`max_unpool` needs int64 indices, but they are {indices}", ports=(1,))
        need_equal_sides(must, self.name, (x, indices), range(x.rank), "one index for every value")
        return x.with_shape(*x.shape[:2], *space_of(must, self.name, like, x, port=2))

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        return Kept(inputs=(1,))

    def lower(self, x: TensorType, indices: TensorType, like: TensorType) -> list[Step]:
        return [Step("function", "archspec.backends.composites.max_unpool", (Arg(0), Arg(1), Arg(2)))]


MaxPoolWithIndices.examples = MaxPool.examples
MaxUnpool.examples = tuple(
    Example(
        {}, (TensorType((2, 3, *pooled)), TensorType((2, 3, *pooled), "int64"), TensorType((2, 3, *space))), below=1
    )
    for pooled, space in (((4,), (9,)), ((4, 4), (9, 8)), ((2, 3, 2), (5, 6, 4)))
)
