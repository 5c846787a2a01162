"""What a pool with indices took apart is put back where torch puts it."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from archspec.ir.types import TensorType
from archspec.ops import find
from tests.ops.runner import run


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
