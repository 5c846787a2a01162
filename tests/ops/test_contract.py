"""Holds every op of the catalogue to torch: shape, dtype, weights, cost, at fixed and at symbolic sizes."""

from __future__ import annotations

import inspect
import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from archspec.backends.flops import flop_counter
from archspec.ir.describe import attribute_docs
from archspec.ir.dims import Size, evaluate, symbol
from archspec.ir.op import Example, Op
from archspec.ir.types import TensorType
from archspec.ops import find, names
from archspec.ops._generate import TABLE_FILE, table_text
from tests.ops.runner import draw, infer, run, torch_name, type_of

ITEM_KEYS = "id from if when repeat each input output share tie init allow branches layers block after"
RESERVED = {*ITEM_KEYS.split(), *dir(Op)}


def catalogue() -> list[type[Op]]:
    ops = [find(name) for name in names()]
    return [op for op in ops if op is not None]


CASES = [
    pytest.param(op, example, id=f"{op.name}-{index}")
    for op in catalogue()
    for index, example in enumerate(op.examples)
]


def test_the_committed_table_is_current() -> None:
    assert TABLE_FILE.read_text(encoding="utf-8") == table_text()


def test_a_name_outside_the_catalogue_is_no_op() -> None:
    assert find("conv2d") is None


def test_importing_every_op_imports_no_torch() -> None:
    code = "import sys, archspec.ops as ops; [ops.find(name) for name in ops.names()]; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("op", catalogue(), ids=lambda op: op.name)
def test_every_op_is_documented_and_shown(op: type[Op]) -> None:
    assert "__doc__" in vars(op)
    assert inspect.getdoc(op)
    assert op.category
    assert op.examples
    docs = attribute_docs(op)
    assert set(docs) == set(op.model_fields)
    assert all(docs.values())
    assert not RESERVED & set(op.model_fields)
    assert op.shorthand is None or op.shorthand in op.model_fields


@pytest.mark.parametrize("op", catalogue(), ids=lambda op: op.name)
def test_every_attribute_is_used_by_an_example(op: type[Op]) -> None:
    assert {name for example in op.examples for name in example.attributes} == set(op.model_fields)


@pytest.mark.parametrize(("kind", "example"), CASES)
def test_what_is_inferred_is_what_torch_does(kind: type[Op], example: Example) -> None:
    op = kind.model_validate(dict(example.attributes))
    types, must = infer(op, *example.inputs)
    assert types is not None
    assert (must.failures, must.pending, must.skipped) == ([], [], False)
    tensors = [draw(given, example.below) for given in example.inputs]
    with flop_counter() as counter:
        outputs, made = run(op, example.inputs, tensors)
    assert types == tuple(type_of(output) for output in outputs)
    assert len(op.output_names()) == len(types)
    assert 2 * op.macs(example.inputs, types) == counter.get_total_flops()

    weights = op.weights(*example.inputs)
    by_kind = {kind: {name: weights[name] for name in weights if weights[name].kind == kind} for kind in KINDS}
    read = {name for name in weights if name in made.read}
    assert set(by_kind["parameter"]) - read == set(made.parameters)
    assert set(by_kind["buffer"]) - read == set(made.buffers)
    assert set(by_kind["constant"]) <= read
    assert made.read <= set(weights)
    assert list(weights) == [*made.parameters, *made.buffers, *(name for name in weights if name in read)]
    for name, tensor in (made.parameters | made.buffers).items():
        assert TensorType(weights[name].shape, weights[name].dtype) == type_of(tensor)


KINDS = ("parameter", "buffer", "constant")


@pytest.mark.parametrize(("kind", "example"), CASES)
def test_symbolic_sizes_come_to_the_same(kind: type[Op], example: Example) -> None:
    op = kind.model_validate(dict(example.attributes))
    concrete, _ = infer(op, *example.inputs)
    assert concrete is not None
    free = [axis for axis in range(-5, 5) if _can_be_symbolic(op, example, {axis})]
    assert not example.inputs or 0 in free or example.inputs[0].shape[0] == 1
    symbolic_inputs, sizes = _with_symbols(example, set(free))
    symbolic, must = infer(op, *symbolic_inputs)
    assert symbolic is not None
    assert not must.failures
    assert all(condition.holds(sizes) for condition in must.pending)
    at_sizes = tuple(replace(each, shape=tuple(evaluate(dim, sizes) for dim in each.shape)) for each in symbolic)
    assert at_sizes == concrete
    assert evaluate(op.macs(symbolic_inputs, symbolic), sizes) == op.macs(example.inputs, concrete)


def _can_be_symbolic(op: Op, example: Example, axes: set[int]) -> bool:
    _, must = infer(op, *_with_symbols(example, axes)[0])
    return not must.failures


def _with_symbols(example: Example, axes: set[int]) -> tuple[tuple[TensorType, ...], dict[str, int]]:
    """The inputs with symbols at some axes; equal sizes are one symbol, and 1 stays, as it means something to joins."""
    sizes: dict[str, int] = {}

    def free(given: TensorType) -> TensorType:
        shape: list[Size] = list(given.shape)
        for axis in axes:
            if -given.rank <= axis < given.rank and isinstance(size := shape[axis], int) and size > 1:
                sizes[f"S{size}"] = size
                shape[axis] = symbol(f"S{size}")
        return replace(given, shape=tuple(shape))

    return tuple(free(given) for given in example.inputs), sizes


def test_a_symbolic_side_is_divided_by_the_stride() -> None:
    conv = find("conv")
    assert conv is not None
    types, must = infer(
        conv.model_validate({"channels": 8, "kernel": 3, "stride": 2}),
        TensorType((symbol("N"), 3, symbol("H"), 299)),
    )
    assert types is not None
    assert str(types[0]) == "[N, 8, floor((H - 1)/2), 149]"
    assert [str(condition.dim) for condition in must.pending] == ["H - 2"]


@pytest.mark.parametrize(
    ("name", "attributes", "shape", "dtype"),
    [
        ("conv", {"channels": 4, "kernel": 1}, (1, 4, 2, 2), "float64"),
        ("conv", {"channels": 4, "kernel": 1, "groups": 2}, (1, 3, 2, 2), "float32"),
        ("conv_transpose", {"channels": 4, "kernel": 1}, (1, 4, 2, 2), "float64"),
        ("conv_transpose", {"channels": 4, "kernel": 1, "groups": 2}, (1, 3, 2, 2), "float32"),
        ("conv_transpose", {"channels": 4, "kernel": 2, "stride": 2, "output_padding": 2}, (1, 3, 2, 2), "float32"),
        ("linear", {"features": 2}, (2, 3), "int64"),
        ("batch_norm", {}, (1, 3, 1, 1), "float32"),
        ("batch_norm", {"track": False}, (1, 3, 1, 1), "float32"),
        ("group_norm", {"groups": 3}, (1, 3, 1, 1), "float32"),
        ("group_norm", {"groups": 2}, (2, 3, 4, 4), "float32"),
        ("channel_shuffle", {"groups": 2}, (2, 3, 4, 4), "float32"),
        ("local_response_norm", {"size": 2}, (2, 3), "float32"),
        ("softmax", {"axis": 2}, (2, 3), "float32"),
        ("threshold", {"threshold": 0, "value": 7e4}, (2, 3), "float16"),
        ("hardtanh", {"most": 3.4e38}, (2, 3), "bfloat16"),
        ("softshrink", {"threshold": 7e4}, (2, 3), "float16"),
        ("rrelu", {}, (2, 3), "float16"),
        ("glu", {}, (2, 3), "float32"),
        ("glu", {"axis": 2}, (2, 4), "float32"),
        ("permute", {"axes": [0, 1]}, (2, 3, 4), "float32"),
        ("unflatten", {"sizes": [2, 2]}, (2, 3), "float32"),
        ("unflatten", {"sizes": [2, -1]}, (2, 3), "float32"),
        ("split", {"sections": [2, 2]}, (2, 3), "float32"),
        ("flatten", {"start": 2}, (2, 3), "float32"),
        ("flatten", {"start": 2, "end": 1}, (2, 3, 4), "float32"),
        ("embedding", {"tokens": 3, "features": 2}, (2, 3), "float32"),
        ("split_heads", {"heads": 5}, (2, 3, 12), "float32"),
        ("split_heads", {"heads": 3}, (3,), "float32"),
        ("merge_heads", {}, (2, 3), "float32"),
        ("multi_head_attention", {"heads": 3}, (2, 5, 12), "int64"),
        ("multi_head_attention", {"heads": 3, "mask": True}, (2, 5, 12), "float32"),
        ("window_attention", {"heads": 5, "window": 3}, (2, 6, 6, 12), "float32"),
        ("window_attention", {"heads": 3, "window": 3}, (2, 6, 12), "float32"),
        ("lstm", {"features": 2}, (2, 3, 4, 5), "float32"),
        ("gru", {"features": 2}, (2, 0, 4), "float32"),
        ("rnn", {"features": 2}, (2, 3, 4), "float64"),
    ],
)
def test_what_is_refused_torch_refuses_too(
    name: str, attributes: dict[str, object], shape: tuple[int, ...], dtype: str
) -> None:
    kind = find(name)
    assert kind is not None
    op, given = kind.model_validate(attributes), TensorType(shape, dtype)
    assert infer(op, given)[1].failures
    with pytest.raises((RuntimeError, ValueError, IndexError, TypeError, AssertionError)):
        run(op, [given], [torch.zeros(shape, dtype=torch_name(dtype))])
