"""ONNX models of single ops: every example of the catalogue, at its sizes and at others, against torch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import onnx
import pytest
import torch
from onnxruntime.capi.onnxruntime_pybind11_state import NotImplemented

from archspec.backends.onnx.emit import free_sizes
from archspec.backends.onnx.refusal import NotInOnnxError
from archspec.backends.run_op import draw, infer
from archspec.ir.dims import Size, symbol
from archspec.ir.op import Example, Op
from archspec.ir.types import TensorType
from archspec.ops import find, names
from tests.backends.onnx_runs import Pair, at, one_node, session_of

REFUSED: Final = {"lstm": "ONNX has no LSTM whose state is projected"}
"""The ops that have examples which are not expressed, with the reason."""
NOT_RUN: Final = {
    ("attention", "bfloat16"): "ONNX Runtime multiplies no bfloat16 on a CPU",
    ("sinusoidal_positions", "bfloat16"): "ONNX Runtime adds no bfloat16 on a CPU",
    ("unfold", "float64"): "ONNX Runtime has no convolution of float64 on a CPU",
}
"""What is expressed, and then not run by the engine that the tests have."""
POSITIVE: Final = {"log", "sqrt", "rsqrt", "power", "lp_pool"}
"""Ops that are about numbers above 0."""
FIXED: Final = {
    "attention": (-3, "the number of heads is not fixed"),
    "rotary": (-1, "the number of features is not fixed"),
    "sinusoidal_positions": (-1, "the number of features is not fixed"),
    "unfold": (-3, "the number of channels is not fixed"),
}
"""Axes that an op takes symbols at, but its translation does not, with what that says."""


def drawn(op: Op, types: Sequence[TensorType], below: int) -> list[torch.Tensor]:
    tensors = [draw(given, below) for given in types]
    return [4 * each - 2 if each.is_floating_point() and op.name not in POSITIVE else each for each in tensors]


def with_symbols(op: Op, example: Example, axes: Iterable[int]) -> tuple[list[tuple[Size, ...]], dict[str, int]]:
    """The shapes with symbols wherever the op takes some; equal sizes are one symbol."""
    sizes: dict[str, int] = {}
    shapes = [list(given.shape) for given in example.inputs]
    sides = {side for given in example.inputs for side in given.shape if isinstance(side, int) and side > 1}
    for size in sorted(sides):
        for axis in axes:
            tried = [_freed(shape, axis, size) for shape in shapes]
            types = [given.with_shape(*shape) for given, shape in zip(example.inputs, tried, strict=True)]
            if tried != shapes and not infer(op, *types)[1].failures:
                shapes, sizes[f"S{size}"] = tried, size
    return [tuple(shape) for shape in shapes], sizes


def _freed(shape: list[Size], axis: int, size: int) -> list[Size]:
    name = symbol(f"S{size}")
    return [name if side == size and index - len(shape) == axis else side for index, side in enumerate(shape)]


def doubled(op: Op, example: Example, shapes: list[tuple[Size, ...]], sizes: dict[str, int]) -> list[TensorType] | None:
    """The inputs at twice the size of all symbols; None where the op does not take them."""
    symbolic = [given.with_shape(*shape) for given, shape in zip(example.inputs, shapes, strict=True)]
    twice = {name: 2 * size for name, size in sizes.items()}
    conditions = infer(op, *symbolic)[1].pending
    return [at(given, twice) for given in symbolic] if all(each.holds(twice) for each in conditions) else None


def examples() -> list[object]:
    found = [(name, number, each) for name in names() for number, each in enumerate(known(name).examples)]
    return [pytest.param(known(name), each, id=f"{name}-{number}") for name, number, each in found]


def known(name: str) -> type[Op]:
    op = find(name)
    assert op is not None
    return op


@pytest.mark.parametrize(("kind", "example"), examples())
def test_an_op_gives_in_onnx_what_it_gives_in_torch(kind: type[Op], example: Example) -> None:
    torch.manual_seed(0)
    op = kind.model_validate(dict(example.attributes))
    fixed = FIXED.get(op.name, (0,))[0]
    shapes, sizes = with_symbols(op, example, [axis for axis in range(-5, 0) if axis != fixed])
    pair = Pair.of(one_node(op, example.inputs, shapes, sizes))
    if op.name in REFUSED and "projection" in example.attributes:
        with pytest.raises(NotInOnnxError, match=REFUSED[op.name]):
            pair.emit()
        return
    assert free_sizes(pair.network)
    models = [pair.emit(nominal=nominal) for nominal in (True, False)]
    for model in models:
        onnx.checker.check_model(model, full_check=True)
    if any((op.name, given.dtype) in NOT_RUN for given in example.inputs):
        return
    larger = doubled(op, example, shapes, sizes)
    for model, types in zip(
        [*models, models[1]], [example.inputs, example.inputs, larger or example.inputs], strict=True
    ):
        assert pair.differ(session_of(model), drawn(op, types, example.below)) is None


@pytest.mark.parametrize("name", FIXED)
def test_an_axis_that_has_to_be_a_number_is_told(name: str) -> None:
    axis, reason = FIXED[name]
    said = set()
    for example in known(name).examples:
        op = known(name).model_validate(dict(example.attributes))
        shapes, sizes = with_symbols(op, example, [axis])
        try:
            Pair.of(one_node(op, example.inputs, shapes, sizes)).emit()
        except NotInOnnxError as error:
            said.add(error.reason)
    assert said == {reason}


@pytest.mark.parametrize(("name", "dtype"), NOT_RUN)
def test_what_the_engine_does_not_run_is_still_not_run(name: str, dtype: str) -> None:
    found = [each for each in known(name).examples if each.inputs[0].dtype == dtype]
    op = known(name).model_validate(dict(found[0].attributes))
    model = Pair.of(one_node(op, found[0].inputs, [given.shape for given in found[0].inputs], {})).emit()
    with pytest.raises(NotImplemented):
        session_of(model)
