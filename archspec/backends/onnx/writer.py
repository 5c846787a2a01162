"""Writer: adds nodes and tensors to the ONNX graph, for the translations of steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn

import torch

from archspec.backends.dtypes import torch_dtype, type_of
from archspec.backends.onnx.model import OnnxModel
from archspec.backends.onnx.refusal import NotInOnnxError
from archspec.backends.onnx.sizes import RunningSizes
from archspec.backends.onnx.types import ONNX_DTYPES, Tensor, broadcast
from archspec.ir.dims import UNKNOWN, Size
from archspec.ir.types import TensorType

LIMIT: Final = 2**31 - 2**20
"""Bytes of tensors that a file may hold: protobuf ends at 2 GiB, and the graph itself needs some."""


class Writer:
    """One ONNX graph in the making.

    What a translation gets of it: tensors with their types, which are over the symbols of the inputs; nodes; numbers;
    the weights of the node that is written; and sizes, which are numbers or are computed as the network runs.
    """

    def __init__(self, model: OnnxModel, inputs: Mapping[str, TensorType], weights: Mapping[str, torch.Tensor]) -> None:
        self.model = model
        self.weights = weights
        self.path, self.op, self.prefix = "", "", ""
        self._names: set[str] = set()
        self._initializers: dict[Any, Tensor] = {}
        self._numbers: dict[tuple[Any, ...], Tensor] = {}
        self._bytes = 0
        self._sizes = RunningSizes(inputs, self._compute_size, self._read_side, lambda size: self.numbers([size]))

    def enter(self, path: str, op: str) -> None:
        """Begin to write a node of the network."""
        self.path, self.op = path, op

    def refuse(self, reason: str) -> NoReturn:
        """Say that the node that is written is not expressed."""
        raise NotInOnnxError(self.path, self.op, reason)

    def reserve(self, name: str) -> None:
        """Keep a name for an input or an output."""
        self._names.add(name)

    # Nodes.

    def node(self, kind: str, inputs: Sequence[Tensor | None], gives: TensorType, **attributes: Any) -> Tensor:
        """Add a node of one output, and give that."""
        return self.nodes(kind, inputs, [gives], **attributes)[0]

    def nodes(
        self, kind: str, inputs: Sequence[Tensor | None], gives: Sequence[TensorType | None], **attributes: Any
    ) -> tuple[Tensor, ...]:
        """Add a node, and give its outputs; one whose type is None is left out, and is not among them."""
        from onnx.helper import make_attribute

        names = ["" if type_ is None else self._name(kind) for type_ in gives]
        self.model.graph.node.add(
            op_type=kind,
            name=self._name(kind),
            input=["" if tensor is None else tensor.name for tensor in inputs],
            output=names,
            attribute=[make_attribute(name, value) for name, value in attributes.items() if value is not None],
        )
        return tuple(Tensor(name, type_) for name, type_ in zip(names, gives, strict=True) if type_ is not None)

    def unary(self, kind: str, x: Tensor, **attributes: Any) -> Tensor:
        """Add a node whose output has the type of its input."""
        return self.node(kind, [x], x.type, **attributes)

    def binary(self, kind: str, left: Tensor, right: Tensor | float, dtype: str | None = None) -> Tensor:
        """Add a node that goes through two tensors together; a number takes the dtype of the tensor."""
        other = right if isinstance(right, Tensor) else self.number(right, left.dtype)
        given = TensorType(broadcast(left.shape, other.shape), dtype or left.dtype)
        return self.node(kind, [left, other], given)

    def cast(self, x: Tensor, dtype: str) -> Tensor:
        """A tensor in another dtype; itself where it has that."""
        if x.dtype == dtype:
            return x
        return self.node("Cast", [x], TensorType(x.shape, dtype), to=ONNX_DTYPES[dtype])

    def where(self, condition: Tensor, yes: Tensor, no: Tensor) -> Tensor:
        """What is at each place the one or the other."""
        shape = broadcast(condition.shape, yes.shape, no.shape)
        return self.node("Where", [condition, yes, no], TensorType(shape, yes.dtype))

    # Tensors that are known.

    def weight(self, name: str) -> Tensor:
        """A weight of the step that is written, by its name below that."""
        return self.tensor(self.torch_weight(name))

    def torch_weight(self, name: str) -> torch.Tensor:
        """The same as torch has it."""
        return self.weights[".".join(filter(None, (self.path, self.prefix, name)))]

    def has_weight(self, name: str) -> bool:
        """Whether the step has a weight of this name."""
        return ".".join(filter(None, (self.path, self.prefix, name))) in self.weights

    def tensor(self, value: torch.Tensor) -> Tensor:
        """A tensor that the file holds; one that several nodes have is held once."""
        key = (value.data_ptr(), value.dtype, tuple(value.shape), value.stride())
        if value.numel() == 0 or key not in self._initializers:
            self._initializers[key] = self._hold(value)  # from now on, so that no other tensor gets its address
        return self._initializers[key]

    def numbers(self, values: Sequence[Any], dtype: str = "int64") -> Tensor:
        """A list of numbers that the file holds."""
        return self._numbers_of(tuple(values), dtype, (len(values),))

    def number(self, value: float, dtype: str) -> Tensor:
        """A number without axes."""
        return self._numbers_of((value,), dtype, ())

    def filled(self, value: float, dtype: str, shape: Sequence[Size]) -> Tensor:
        """A tensor of one number throughout."""
        wanted = TensorType(tuple(shape), dtype)
        return self.node("Expand", [self.number(value, dtype), self.sizes(shape)], wanted)

    # Sizes.

    def sizes(self, sizes: Sequence[Size | Tensor]) -> Tensor:
        """A list of sizes; those that are tensors of one number are computed already."""
        if all(isinstance(size, int) for size in sizes):
            return self.numbers(sizes)
        parts = [size if isinstance(size, Tensor) else self.size(size) for size in sizes]
        return parts[0] if len(parts) == 1 else self.node("Concat", parts, TensorType((len(parts),), "int64"), axis=0)

    def size(self, size: Size) -> Tensor:
        """One size, as a list of one."""
        if size is UNKNOWN:
            self.refuse("a size is not known")
        try:
            return self._sizes.of(size)
        except KeyError as error:
            self.refuse(f"the size `{error.args[0]}` is no side of an input by itself")

    def size_as(self, size: Size, dtype: str) -> Tensor:
        """A size as a number to compute with."""
        return self.number(size, dtype) if isinstance(size, int) else self.cast(self._plain(self.size(size)), dtype)

    def count_up(self, size: Size, dtype: str = "int64") -> Tensor:
        """The whole numbers from 0 to below a size."""
        if isinstance(size, int):
            return self.tensor(torch.arange(size, dtype=torch_dtype(dtype)))
        bounds = [self.number(0, "int64"), self._plain(self.size(size)), self.number(1, "int64")]
        return self.cast(self.node("Range", bounds, TensorType((size,), "int64")), dtype)

    # Shapes.

    def reshape(self, x: Tensor, shape: Sequence[Size]) -> Tensor:
        """A tensor in another shape of as many elements."""
        wanted = TensorType(tuple(shape), x.dtype)
        sides: list[Size | Tensor] = []
        follows = sum(self._is_open(x, axis, side) for axis, side in enumerate(shape))
        for axis, side in enumerate(shape):
            if not self._is_open(x, axis, side):
                sides.append(side if isinstance(side, int) else 0)
            else:
                sides.append(-1 if follows == 1 else self.size(side))
        return self.node("Reshape", [x, self.sizes(sides)], wanted)

    def transpose(self, x: Tensor, axes: Sequence[int]) -> Tensor:
        """A tensor with its axes in another order."""
        order = [axis % x.rank for axis in axes]
        if order == list(range(x.rank)):
            return x
        return self.node("Transpose", [x], x.type.with_shape(*(x.shape[axis] for axis in order)), perm=order)

    def unsqueeze(self, x: Tensor, *axes: int) -> Tensor:
        """A tensor with axes of size 1 where these are in what comes out."""
        rank = x.rank + len(axes)
        new, sides = {axis % rank for axis in axes}, iter(x.shape)
        wanted = x.type.with_shape(*(1 if axis in new else next(sides) for axis in range(rank)))
        return self.node("Unsqueeze", [x, self.numbers(sorted(new))], wanted)

    def squeeze(self, x: Tensor, *axes: int) -> Tensor:
        """A tensor without axes, which are of size 1."""
        old = {axis % x.rank for axis in axes}
        wanted = x.type.with_shape(*(side for axis, side in enumerate(x.shape) if axis not in old))
        return self.node("Squeeze", [x, self.numbers(sorted(old))], wanted)

    def slice(
        self, x: Tensor, axis: int, start: Size | Tensor, end: Size | Tensor, side: Size, step: int = 1
    ) -> Tensor:
        """The places of an axis from a start to before an end, `side` of them."""
        axis %= x.rank
        bounds = [self.sizes([start]), self.sizes([end]), self.numbers([axis]), self.numbers([step])]
        return self.node("Slice", [x, *bounds], x.type.with_side(axis, side))

    def concat(self, parts: Sequence[Tensor], axis: int) -> Tensor:
        """Tensors joined along an axis."""
        if len(parts) == 1:
            return parts[0]
        first = parts[0]
        axis %= first.rank
        sides = [part.shape[axis] for part in parts]
        total: Size = UNKNOWN if any(side is UNKNOWN for side in sides) else sum(sides, start=0)
        return self.node("Concat", parts, first.type.with_side(axis, total), axis=axis)

    def expand(self, x: Tensor, shape: Sequence[Size]) -> Tensor:
        """A tensor spread to a shape."""
        return self.node("Expand", [x, self.sizes(shape)], x.type.with_shape(*shape))

    def reduce(self, kind: str, x: Tensor, axes: Sequence[int], keepdim: bool = False) -> Tensor:
        """One number over some axes."""
        over = {axis % x.rank for axis in axes}
        kept = ((1 if axis in over else side) for axis, side in enumerate(x.shape) if keepdim or axis not in over)
        return self.node(kind, [x, self.numbers(sorted(over))], x.type.with_shape(*kept), keepdims=int(keepdim))

    def _is_open(self, x: Tensor, axis: int, side: Size) -> bool:
        """Whether a side of a new shape is neither a number nor that of the same axis."""
        return not isinstance(side, int) and not (axis < x.rank and side is not UNKNOWN and x.shape[axis] == side)

    def _name(self, kind: str) -> str:
        base = name = f"{self.path}/{kind}"
        number = 1
        while name in self._names:
            number += 1
            name = f"{base}_{number}"
        self._names.add(name)
        return name

    def _numbers_of(self, values: tuple[Any, ...], dtype: str, shape: tuple[int, ...]) -> Tensor:
        key = (tuple(map(repr, values)), dtype, shape)
        if key not in self._numbers:
            self._numbers[key] = self._hold(torch.tensor(values, dtype=torch_dtype(dtype)).reshape(shape))
        return self._numbers[key]

    def _hold(self, value: torch.Tensor) -> Tensor:
        self._bytes += value.numel() * value.element_size()
        if self._bytes > LIMIT:
            raise NotInOnnxError("", "", "its weights are above 2 GB, which is more than one ONNX file holds")
        name = self._name("constant")
        self.model.tensors[name] = value
        return Tensor(name, type_of(value))

    def _plain(self, size: Tensor) -> Tensor:
        """A size as a number without axes."""
        return self.node("Squeeze", [size], TensorType((), "int64"))

    def _compute_size(self, kind: str, inputs: list[Tensor]) -> Tensor:
        return self.node(kind, inputs, TensorType((1,), "int64"))

    def _read_side(self, name: str, axis: int) -> Tensor:
        whole = Tensor(name, TensorType((), "int64"))
        return self.node("Shape", [whole], TensorType((1,), "int64"), start=axis, end=axis + 1)
