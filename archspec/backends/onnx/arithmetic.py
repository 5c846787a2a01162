"""Arithmetic of two tensors, or of a tensor and a number; sizes are computed when the model is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import torch

from archspec.backends.dtypes import dtype_name, torch_dtype
from archspec.backends.onnx.registry import METHOD, translates
from archspec.backends.onnx.types import Tensor, broadcast
from archspec.backends.onnx.writer import Writer
from archspec.ir.dims import Size
from archspec.ir.types import TensorType

SAME: Final = {
    "torch.add": "Add",
    "torch.sub": "Sub",
    "torch.mul": "Mul",
    "torch.maximum": "Max",
    "torch.minimum": "Min",
}
"""What ONNX has, too, for two tensors of one dtype."""


def _enter_same(target: str, kind: str) -> None:
    @translates(target)
    def same(w: Writer, left: Tensor, right: Tensor | float) -> Tensor:
        return w.binary(kind, *promoted(w, left, right))


for _target, _kind in SAME.items():
    _enter_same(_target, _kind)


@translates("torch.div")
def divide(w: Writer, left: Tensor, right: Tensor | float) -> Tensor:
    left, other = promoted(w, left, right)
    if not left.type.is_floating:
        left, other = w.cast(left, "float32"), w.cast(other, "float32")
    return w.binary("Div", left, other)


def promoted(w: Writer, left: Tensor, right: Tensor | float) -> tuple[Tensor, Tensor]:
    """Two tensors in the dtype that torch would compute with them in."""
    if isinstance(right, Tensor):
        common = dtype_name(torch.promote_types(torch_dtype(left.dtype), torch_dtype(right.dtype)))
        return w.cast(left, common), w.cast(right, common)
    common = "float32" if isinstance(right, float) and not left.type.is_floating else left.dtype
    return w.cast(left, common), w.number(right, common)


@translates("torch.matmul")
def matmul(w: Writer, left: Tensor, right: Tensor) -> Tensor:
    left, right = promoted(w, left, right)
    shape = (*broadcast(left.shape[:-2], right.shape[:-2]), left.shape[-2], right.shape[-1])
    return w.node("MatMul", [left, right], TensorType(shape, left.dtype))


@translates(f"{METHOD}to")
def cast(w: Writer, x: Tensor, dtype: str) -> Tensor:
    return w.cast(x, dtype.removeprefix("torch."))


@translates("operator.mul")
def multiply_sizes(w: Writer, left: Size, right: Size) -> Size:
    return left * right


@translates("operator.add")
def add_sizes(w: Writer, left: Size, right: Size) -> Size:
    return left + right


@translates("operator.floordiv")
def divide_sizes(w: Writer, left: Size, right: int) -> Size:
    return left // right


@translates(f"{METHOD}size")
def size(w: Writer, x: Tensor, dim: int) -> Size:
    return x.shape[dim]


@translates("builtins.getattr")
def attribute(w: Writer, x: Tensor, name: str) -> None:
    """Where a tensor is, which is nothing that ONNX says."""
    assert name == "device", name


@translates("torch.arange")
def arange(w: Writer, end: Size, device: None = None) -> Tensor:
    return w.count_up(end)


@translates("builtins.tuple")
def together(w: Writer, parts: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(parts)
