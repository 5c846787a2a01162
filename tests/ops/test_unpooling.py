"""What a pool with indices took apart is put back where torch puts it."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from archspec.backends.torch_fx import emit
from archspec.ir.types import TensorType
from archspec.ops import find
from tests.ops.runner import run
from tests.specs import load

SEGNET = """
blocks:
  up:
    inputs: {x: [N, C, h, w], indices: [N, C, h, w], like: [N, C, H, W]}
    layers: [{max_unpool: {from: [x, indices, like]}}]
layers:
  - relu: {id: first}
  - max_pool_with_indices: {id: pool1, kernel: 2}
  - max_pool_with_indices: {id: pool2, kernel: 2, from: pool1.values}
  - up: {id: up2, from: [pool2.values, pool2.indices, pool1.values]}
  - up: {id: up1, from: [up2, pool1.indices, first]}
"""


@pytest.mark.parametrize("space", [(9,), (9, 8), (5, 6, 4)])
def test_values_are_put_back_where_torch_puts_them(space: tuple[int, ...]) -> None:
    pool, unpool = find("max_pool_with_indices"), find("max_unpool")
    assert pool is not None
    assert unpool is not None
    x = torch.rand(2, 3, *space)
    kind = TensorType(tuple(x.shape))
    (values, indices), _ = run(pool.model_validate({"kernel": 2}), [kind], [x])
    pooled = TensorType(tuple(values.shape))
    types = [pooled, TensorType(pooled.shape, "int64"), kind]
    (put_back,), _ = run(unpool.model_validate({}), types, [values, indices, x])
    expected = getattr(functional, f"max_unpool{len(space)}d")(values, indices, 2, output_size=space)
    assert torch.equal(put_back, expected)


def test_indices_that_come_straight_from_a_pool_fit_at_every_size() -> None:
    graph = load(SEGNET, "{x: [N, 4, H, W]}")
    module = emit(graph).eval()
    for side in range(4, 10):
        x = torch.rand(1, 4, side, 4)
        put_back = module(x)
        assert put_back.shape == x.shape
        assert set(put_back.flatten().tolist()) <= {0.0, *x.flatten().tolist()}
