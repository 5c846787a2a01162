"""Holds every op of the catalogue to torch: shape, dtype, weights, cost, at fixed and at symbolic sizes."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from archspec.ir.dims import symbol
from archspec.ir.op import Example, Op
from archspec.ir.types import TensorType
from archspec.ops import find, names
from archspec.ops._generate import TABLE_FILE, table_text
from archspec.tools.op_contract import declared, held_at
from tests.ops.runner import infer, made, run, torch_name


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
def test_every_op_is_declared_in_full(op: type[Op]) -> None:
    assert list(declared(op)) == []


@pytest.mark.parametrize(("op", "example"), CASES)
def test_what_is_inferred_is_what_torch_does(op: type[Op], example: Example) -> None:
    assert list(held_at(op, example)) == []


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
        ("max_pool", {"kernel": 3, "stride": 1, "padding": "same", "dilation": 2}, (1, 3, 5, 5), "float32"),
        ("batch_norm", {}, (1, 3, 1, 1), "float32"),
        ("batch_norm", {"track": False}, (1, 3, 1, 1), "float32"),
        ("instance_norm", {}, (2, 3, 1, 1), "float32"),
        ("l2_normalize", {"eps": 1e5}, (2, 3), "float16"),
        ("local_response_norm", {"size": 2, "beta": 1e5}, (2, 3, 4), "float16"),
        ("interpolate", {"scale": 0.1}, (2, 3, 9), "float32"),
        ("interpolate", {"scale": 2, "mode": "cubic"}, (2, 3, 9), "float32"),
        ("interpolate", {"scale": 2, "mode": "linear", "antialias": True}, (2, 3, 9), "float32"),
        ("interpolate", {"scale": 2, "mode": "linear", "antialias": True}, (2, 3, 9, 9), "float16"),
        ("pixel_shuffle", {"factor": 2}, (2, 6, 4, 4), "float32"),
        ("pixel_unshuffle", {"factor": 2}, (2, 6, 4, 5), "float32"),
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
        ("power", {"exponent": -7e4}, (2, 3), "float16"),
        ("clamp", {"least": -7e4}, (2, 3), "float16"),
        ("negative", {}, (2, 3), "bool"),
        ("feature_alpha_dropout", {}, (3,), "float32"),
        ("drop_block", {"p": 0.5}, (2, 3, 4, 9), "float32"),
        ("stochastic_depth", {"p": 0.5}, (), "float32"),
        ("mean", {"axes": 1}, (2, 3), "int64"),
        ("norm", {"axes": 1}, (2, 3), "int64"),
        ("max", {"axes": [1, -1]}, (2, 3), "float32"),
        ("cumulative_sum", {"axis": 2}, (2, 3), "float32"),
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
        ("position_embedding", {"tokens": 4}, (2, 5, 6), "float32"),
        ("rotary", {}, (2, 3, 5, 7), "float32"),
        ("rotary", {"features": 8}, (2, 3, 5, 6), "float32"),
        ("lstm", {"features": 2}, (2, 3, 4, 5), "float32"),
        ("gru", {"features": 2}, (2, 0, 4), "float32"),
        ("rnn", {"features": 2}, (2, 3, 4), "float64"),
        ("transpose", {"axes": [0, 2]}, (2, 3), "float32"),
        ("squeeze", {"axes": 2}, (2, 1), "float32"),
        ("squeeze", {"axes": [1, -1]}, (2, 1), "float32"),
        ("flip", {"axes": [1, -1]}, (2, 3), "float32"),
        ("roll", {"shifts": 1, "axes": 2}, (2, 3), "float32"),
        ("select", {"index": 3}, (2, 3), "float32"),
        ("select", {"index": -4}, (2, 3), "float32"),
        ("index_select", {"indices": [0, 3]}, (2, 3), "float32"),
        ("tile", {"times": [2]}, (2, 3), "float32"),
        ("pad", {"mode": "reflect", "end": 3}, (2, 3, 3), "float32"),
        ("pad", {"mode": "circular", "begin": [1, 4]}, (2, 3, 3, 3), "float32"),
        ("pad", {"end": 1, "value": 7e4}, (2, 3, 4), "float16"),
        ("unfold", {"kernel": 4}, (2, 3, 3, 5), "float32"),
        ("unfold", {"kernel": 2}, (2, 3, 3, 5), "int64"),
        ("fold", {"kernel": 2, "size": 3}, (2, 4, 5), "float32"),
        ("fold", {"kernel": 2, "size": 3}, (2, 6, 4), "float32"),
    ],
)
def test_what_is_refused_torch_refuses_too(
    name: str, attributes: dict[str, object], shape: tuple[int, ...], dtype: str
) -> None:
    op, given = made(name, **attributes), TensorType(shape, dtype)
    assert infer(op, given)[1].failures
    with pytest.raises((RuntimeError, ValueError, IndexError, TypeError, AssertionError)):
        run(op, [given], [torch.zeros(shape, dtype=torch_name(dtype))])
