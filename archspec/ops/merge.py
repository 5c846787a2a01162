"""Joins: several tensors in, one out. All of them may hold `branches`."""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any, ClassVar, Literal

from archspec.ir.attributes import Axis
from archspec.ir.conditions import Conditions
from archspec.ir.dims import Size, product
from archspec.ir.op import Arg, Example, Kept, KnownSign, Op, Rest, Result, Sight, Step
from archspec.ir.types import Shape, TensorType
from archspec.ops._joining import (
    agree,
    broadcast,
    broadcast_shape,
    need_one_dtype,
    need_one_rank,
    need_real_numbers,
    need_two,
)
from archspec.ops._shared import (
    bounded,
    bytes_of,
    need_numbers,
    need_rank_from,
    resolve_axis,
    resolve_new_axis,
    sight_along,
)


class Concat(Op):
    """Put tensors one after the other along an axis; all other axes must be equal."""

    name: ClassVar[str] = "concat"
    also: ClassVar[tuple[str, ...]] = ("concatenate", "cat", "merge", "depthconcat", "filterconcat")
    linear: ClassVar[bool] = True
    category: ClassVar[str] = "merge"
    keeps_values: ClassVar[bool] = True
    inputs: ClassVar[tuple[str, ...]] = ("xs",)
    variadic: ClassVar[bool] = True

    axis: Axis = 1
    """The axis along which they are put together, the channels where nothing is said."""

    def infer(self, must: Conditions, *inputs: TensorType) -> TensorType:
        first = inputs[0]
        need_one_rank(must, self.name, inputs)
        need_one_dtype(must, self.name, inputs)
        joined = resolve_axis(must, self.axis, first)
        shapes = [given.shape for given in inputs]
        others = [axis for axis in range(first.rank) if axis != joined]
        shape = agree(must, self.name, inputs, shapes, others)
        shape[joined] = bounded(must, sum((given[joined] for given in shapes[1:]), start=shapes[0][joined]))
        return TensorType(tuple(shape[axis] for axis in range(first.rank)), first.dtype)

    def sees(self, *inputs: TensorType) -> Sight | None:
        return sight_along(inputs[0], self.axis)

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        return Kept()

    def does_nothing(self, *inputs: TensorType) -> tuple[str, ...]:
        return ("branches",) if len(inputs) == 1 else ()

    def lower(self, *inputs: TensorType) -> list[Step]:
        return [Step("function", "torch.cat", (Rest(0),), {"dim": self.axis})]


class Stack(Op):
    """Put tensors of one shape side by side along a new axis."""

    name: ClassVar[str] = "stack"
    linear: ClassVar[bool] = True
    category: ClassVar[str] = "merge"
    keeps_values: ClassVar[bool] = True
    inputs: ClassVar[tuple[str, ...]] = ("xs",)
    variadic: ClassVar[bool] = True

    axis: Axis = 1
    """The number of the new axis in the output, the first behind the batch where nothing is said."""

    def infer(self, must: Conditions, *inputs: TensorType) -> TensorType:
        first = inputs[0]
        need_one_rank(must, self.name, inputs)
        need_one_dtype(must, self.name, inputs)
        new = resolve_new_axis(must, self.axis, first.rank + 1)
        sides = list(agree(must, self.name, inputs, [given.shape for given in inputs], range(first.rank)).values())
        sides.insert(new, len(inputs))
        return first.with_shape(*sides)

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        return Kept()

    def lower(self, *inputs: TensorType) -> list[Step]:
        return [Step("function", "torch.stack", (Rest(0),), {"dim": self.axis})]


class _Broadcast(Op):
    category: ClassVar[str] = "merge"
    sight: ClassVar[Literal["here"]] = "here"
    inputs: ClassVar[tuple[str, ...]] = ("xs",)
    variadic: ClassVar[bool] = True
    function: ClassVar[str]

    def infer(self, must: Conditions, *inputs: TensorType) -> TensorType:
        need_one_dtype(must, self.name, inputs)
        need_numbers(must, inputs[0], self.name)
        first = inputs[0]
        if all(other.shape == first.shape for other in inputs) and first.is_known:
            return first
        return first.with_shape(*broadcast(must, self.name, inputs))

    def gives_view(self, phase: Literal["training", "eval"], *inputs: Any) -> bool:
        return len(inputs) == 1

    def scratch(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        shapes = [given.shape for given in inputs]
        made = [bytes_of(product(shape), outputs[0]) for shape in accumulate(shapes, broadcast_shape)][1:]
        return max((one + next_one - made[-1] for one, next_one in pairwise(made)), default=0)

    def does_nothing(self, *inputs: TensorType) -> tuple[str, ...]:
        return ("branches",) if len(inputs) == 1 else ()

    def lower(self, *inputs: TensorType) -> list[Step]:
        if len(inputs) == 1:
            return [Step("module", "torch.nn.Identity")]
        steps = [Step("function", self.function, (Arg(0), Arg(1)))]
        for index in range(2, len(inputs)):
            steps.append(Step("function", self.function, (Result(index - 2), Arg(index))))
        return steps


class Add(_Broadcast):
    """Add tensors of one shape, as a residual connection does (He et al. 2015).

    A size of 1 goes with any other and missing first axes count as 1, as in torch.
    """

    name: ClassVar[str] = "add"
    also: ClassVar[tuple[str, ...]] = ("plus", "eltwise", "residual", "shortcut", "skip")
    linear: ClassVar[bool] = True
    sign: ClassVar[KnownSign | None] = "kept"
    function: ClassVar[str] = "torch.add"

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        return Kept()


class _KeepsFactors(_Broadcast):
    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        if len(inputs) == 1 or not outputs[0].is_floating:
            return Kept()
        shapes = [given.shape for given in inputs[:-1]]
        between = [bytes_of(product(shape), outputs[0]) for shape in accumulate(shapes, broadcast_shape)][1:]
        return Kept(inputs=tuple(range(len(inputs))), extra=sum(between, start=0))


class Multiply(_KeepsFactors):
    """Multiply tensors of one shape, value by value, as a gate does.

    A size of 1 goes with any other and missing first axes count as 1, as in torch: [N, C, 1, 1] weighs channels.
    """

    name: ClassVar[str] = "multiply"
    also: ClassVar[tuple[str, ...]] = ("mul",)
    sign: ClassVar[KnownSign | None] = "kept"
    function: ClassVar[str] = "torch.mul"


class Maximum(_KeepsFactors):
    """The largest of tensors of one shape, value by value: maxout over branches (Goodfellow et al. 2013).

    A size of 1 goes with any other and missing first axes count as 1, as in torch.
    """

    name: ClassVar[str] = "maximum"
    keeps_values: ClassVar[bool] = True
    function: ClassVar[str] = "torch.maximum"


class Minimum(_KeepsFactors):
    """The smallest of tensors of one shape, value by value.

    A size of 1 goes with any other and missing first axes count as 1, as in torch.
    """

    name: ClassVar[str] = "minimum"
    keeps_values: ClassVar[bool] = True
    function: ClassVar[str] = "torch.minimum"


class Average(_Broadcast):
    """The mean of tensors of one shape, value by value, as several branches or views of a thing are merged.

    A size of 1 goes with any other and missing first axes count as 1, as in torch.
    """

    name: ClassVar[str] = "average"
    linear: ClassVar[bool] = True
    sign: ClassVar[KnownSign | None] = "kept"
    function: ClassVar[str] = "torch.add"

    def infer(self, must: Conditions, *inputs: TensorType) -> TensorType:
        need_real_numbers(must, self.name, inputs)
        return super().infer(must, *inputs)

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        return Kept()

    def scratch(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        if len(inputs) == 1:
            return 0
        return max(super().scratch(inputs, outputs), bytes_of(outputs[0].elements, outputs[0]))

    def lower(self, *inputs: TensorType) -> list[Step]:
        steps = super().lower(*inputs)
        if len(inputs) > 1:
            steps.append(Step("function", "torch.div", (Result(len(steps) - 1), len(inputs))))
        return steps


class Subtract(_Broadcast):
    """The first tensor less the second, value by value.

    A size of 1 goes with any other and missing first axes count as 1, as in torch.
    """

    name: ClassVar[str] = "subtract"
    also: ClassVar[tuple[str, ...]] = ("sub",)
    linear: ClassVar[bool] = True
    inputs: ClassVar[tuple[str, ...]] = ("a", "b")
    function: ClassVar[str] = "torch.sub"

    def infer(self, must: Conditions, *inputs: TensorType) -> TensorType:
        need_two(must, self.name, inputs)
        return super().infer(must, *inputs)

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        return Kept()


class Divide(_Broadcast):
    """The first tensor divided by the second, value by value.

    A size of 1 goes with any other and missing first axes count as 1, as in torch.
    """

    name: ClassVar[str] = "divide"
    also: ClassVar[tuple[str, ...]] = ("div", "truediv")
    sign: ClassVar[KnownSign | None] = "kept"
    inputs: ClassVar[tuple[str, ...]] = ("a", "b")
    function: ClassVar[str] = "torch.div"

    def infer(self, must: Conditions, *inputs: TensorType) -> TensorType:
        need_two(must, self.name, inputs)
        need_real_numbers(must, self.name, inputs)
        return super().infer(must, *inputs)

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        return Kept(inputs=(0, 1))


class Matmul(Op):
    """Multiply matrices: [..., M, K] by [..., K, P] gives [..., M, P], for every place of the first axes."""

    name: ClassVar[str] = "matmul"
    also: ClassVar[tuple[str, ...]] = ("bmm", "dot")
    sign: ClassVar[KnownSign | None] = "kept"
    category: ClassVar[str] = "merge"
    inputs: ClassVar[tuple[str, ...]] = ("a", "b")
    variadic: ClassVar[bool] = True

    def infer(self, must: Conditions, *inputs: TensorType) -> TensorType:
        need_two(must, self.name, inputs)
        a, b = inputs
        for port, given in enumerate(inputs):
            need_rank_from(must, given, 2, "[..., M, K]", port)
        need_real_numbers(must, self.name, inputs)
        need_one_dtype(must, self.name, inputs)
        message = f"`matmul` needs as many rows in input 2 as input 1 has columns, but they are {b} and {a}"
        must.be_equal(b.shape[-2], a.shape[-1], message, ports=(1, 0))
        outer = broadcast(must, self.name, inputs, [given.shape[:-2] for given in inputs])
        return a.with_shape(*outer, a.shape[-2], b.shape[-1])

    def macs(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        return outputs[0].elements * inputs[0].shape[-1]

    def keeps(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Kept:
        # An input that is repeated along the first axes is written out for the product, and that is what is kept. One
        # whose partner is a single matrix is no repetition but a taller matrix; the second is turned for that.
        a, b = inputs
        outer, single = outputs[0].shape[:-2], min(a.rank, b.rank) == 2
        is_whole = (single or a.shape[:-2] == outer, b.rank == 2 or (not single and b.shape[:-2] == outer))
        written = (
            bytes_of(product((*outer, *given.shape[-2:])), given)
            for given, whole in zip(inputs, is_whole, strict=True)
            if not whole
        )
        return Kept(tuple(port for port, whole in enumerate(is_whole) if whole), extra=sum(written, start=0))

    def scratch(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        outer = outputs[0].shape[:-2]
        written = [given for given in inputs if _is_written_out(given.shape[:-2], outer)]
        return sum((bytes_of(product((*outer, *given.shape[-2:])), given) for given in written), start=0)

    def lower(self, *inputs: TensorType) -> list[Step]:
        return [Step("function", "torch.matmul", (Arg(0), Arg(1)))]


def _is_written_out(own: Shape, outer: Shape) -> bool:
    """Whether matrices are repeated along some of the first axes, and differ along others: no strides say that."""
    pairs = list(zip((1,) * (len(outer) - len(own)) + own, outer, strict=True))
    return any(side != whole for side, whole in pairs) and any(side != 1 for side, _ in pairs)


_IMAGE = TensorType((2, 3, 4, 5))

Concat.examples = (
    Example({}, (_IMAGE, TensorType((2, 6, 4, 5)), TensorType((2, 1, 4, 5)))),
    Example({"axis": -1}, (TensorType((2, 3), "int64"), TensorType((2, 4), "int64"))),
    Example({"axis": 0}, (_IMAGE,)),
)
Stack.examples = (
    Example({}, (_IMAGE, _IMAGE, _IMAGE)),
    Example({"axis": -1}, (TensorType((2, 3), "int64"), TensorType((2, 3), "int64"))),
    Example({"axis": 0}, (_IMAGE,)),
)
_TWO = (Example({}, (_IMAGE, _IMAGE)), Example({}, (TensorType((1, 5, 1)), TensorType((2, 1, 3)))))
_WHOLE = Example({}, (TensorType((2, 3), "int64"), TensorType((2, 3), "int64")))
_ANY = (*_TWO, Example({}, (_IMAGE, TensorType((2, 3, 1, 1)), TensorType((5,)), _IMAGE)), Example({}, (_IMAGE,)))
Add.examples = Multiply.examples = Maximum.examples = Minimum.examples = (*_ANY, _WHOLE)
Average.examples = _ANY
Subtract.examples = (*_TWO, _WHOLE)
Divide.examples = _TWO
Matmul.examples = (
    Example({}, (TensorType((2, 3)), TensorType((3, 4)))),
    Example({}, (TensorType((2, 5, 3)), TensorType((2, 3, 4)))),
    Example({}, (TensorType((2, 6, 5, 3)), TensorType((6, 3, 4)))),
    Example({}, (TensorType((2, 6, 5, 3)), TensorType((3, 4)))),
    Example({}, (TensorType((5, 3)), TensorType((2, 3, 4)))),
)
