"""Similarity: how near two tensors are, vector by vector. Both may hold `branches`: towers of a siamese network."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from collections.abc import Sequence
from typing import ClassVar

from archspec.ir.attributes import Axis, Flag, Number, PositiveNumber
from archspec.ir.conditions import Conditions
from archspec.ir.dims import Size, product
from archspec.ir.op import Arg, Example, Kept, KnownSign, Op, Step
from archspec.ir.types import TensorType
from archspec.ops._joining import broadcast, broadcast_shape, need_one_dtype, need_real_numbers, need_two
from archspec.ops._shared import bytes_of, changed, need_in_range, resolve_axis


class _OfTwo(Op):
    category: ClassVar[str] = "merge"
    inputs: ClassVar[tuple[str, ...]] = ("a", "b")
    variadic: ClassVar[bool] = True

    def _joined(self, must: Conditions, inputs: Sequence[TensorType]) -> TensorType:
        """The type of the sum of both."""
        need_two(must, self.name, inputs)
        need_real_numbers(must, self.name, inputs)
        need_one_dtype(must, self.name, inputs)
        return inputs[0].with_shape(*broadcast(must, self.name, inputs))


class CosineSimilarity(_OfTwo):
    """The cosine of the angle between the vectors of two tensors: 1 for the same direction, -1 for the opposite one.

    A size of 1 goes with any other and missing first axes count as 1, as in torch.
    """

    name: ClassVar[str] = "cosine_similarity"

    axis: Axis = 1
    """The axis along which the vectors lie; it is gone in the output."""
    eps: PositiveNumber = 1e-8
    """The least length that is divided by, so that a vector of zeros is like no other."""

    def infer(self, must: Conditions, *inputs: TensorType) -> TensorType:
        both = self._joined(must, inputs)
        axis = resolve_axis(must, self.axis, both)
        return both.with_side(axis)

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        # Lengths, what is divided by instead of them, and vectors of length 1: two of each.
        numbers = 4 * outputs[0].elements + 2 * product(broadcast_shape(inputs[0].shape, inputs[1].shape))
        return Kept(inputs=(0, 1), extra=bytes_of(numbers, outputs[0]))

    def scratch(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        # What is divided by, the vectors of length 1 and their product, and `eps` as a tensor.
        vectors = product(broadcast_shape(inputs[0].shape, inputs[1].shape))
        return bytes_of(2 * outputs[0].elements + 3 * vectors + 1, outputs[0])

    def lower(self, *inputs: TensorType) -> list[Step]:
        settings = changed(dim=(self.axis, 1), eps=(self.eps, 1e-8))
        return [Step("function", "torch.nn.functional.cosine_similarity", (Arg(0), Arg(1)), settings)]


class PairwiseDistance(_OfTwo):
    """How far apart the vectors along the last axis of two tensors are: the length of their difference plus `eps`.

    A size of 1 goes with any other and missing first axes count as 1, as in torch.
    """

    name: ClassVar[str] = "pairwise_distance"
    also: ClassVar[tuple[str, ...]] = ("euclideandistance",)
    sign: ClassVar[KnownSign | None] = "never negative"

    p: PositiveNumber = 2.0
    """The power of the length: 2 for the Euclidean one, 1 for the sum of the absolute differences."""
    eps: Number = 1e-6
    """What is added to every difference, so that the gradient is defined where there is none."""
    keep: Flag = False
    """Whether the last axis stays, with a size of 1."""

    def infer(self, must: Conditions, *inputs: TensorType) -> TensorType:
        both = self._joined(must, inputs)
        if not both.rank:
            must.refuse("wrong-rank", "vectors [..., features] are needed here, but both inputs are single numbers")
        need_in_range(must, both, p=self.p)
        return both.with_shape(*both.shape[:-1], *((1,) if self.keep else ()))

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        differences = product(broadcast_shape(inputs[0].shape, inputs[1].shape))
        return Kept(outputs=True, extra=bytes_of(differences, outputs[0]))

    def scratch(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        # The differences without and with `eps`.
        return bytes_of(2 * product(broadcast_shape(inputs[0].shape, inputs[1].shape)), outputs[0])

    def lower(self, *inputs: TensorType) -> list[Step]:
        settings = changed(p=(self.p, 2.0), eps=(self.eps, 1e-6), keepdim=(self.keep, False))
        return [Step("function", "torch.nn.functional.pairwise_distance", (Arg(0), Arg(1)), settings)]


_IMAGE = TensorType((2, 3, 4, 5))
_VECTORS = TensorType((7, 3))

CosineSimilarity.examples = (
    Example({}, (_IMAGE, _IMAGE)),
    Example({"axis": -1, "eps": 1e-6}, (TensorType((7, 1, 3)), TensorType((4, 3)))),
)
PairwiseDistance.examples = (
    Example({}, (_VECTORS, _VECTORS)),
    Example({"p": 1, "keep": True}, (TensorType((7, 1, 3)), TensorType((4, 3)))),
    Example({"p": 3, "eps": 1e-3}, (_VECTORS, TensorType((3,)))),
)
