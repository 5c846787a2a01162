"""Blocks that are published as modules are written with ops alone, and are those modules."""

from __future__ import annotations

import pytest
from timm.layers.global_context import GlobalContext
from timm.layers.grn import GlobalResponseNorm
from torch import nn

from archspec.tools.verify import verify
from tests.specs import load

GLOBAL_CONTEXT = """
inputs: {x: [N, 32, H=14, W=12]}
layers:
  - add:
      branches:
        - []
        - - matmul:
              branches:
                - [{flatten: {start: 2}}]
                - - conv: {id: conv_attn, kernel: 1, channels: 1}
                  - flatten: {start: 2}
                  - softmax: -1
                  - transpose: [1, 2]
          - unsqueeze: -1
          - sequence:
              id: mlp_add
              layers:
                - conv: {id: fc1, kernel: 1, channels: 8}
                - permute: [0, 2, 3, 1]
                - layer_norm: {id: norm, eps: 1e-6}
                - permute: [0, 3, 1, 2]
                - relu
                - conv: {id: fc2, kernel: 1, channels: 32}
"""

GLOBAL_RESPONSE_NORM = """
inputs: {x: [N, H=14, W=12, 32]}
layers:
  - norm: {id: size, axes: [1, 2], keep: true}
  - divide: {id: share, branches: [[], [{mean: {axes: -1, keep: true}}, {affine: {shift: 1e-6}}]]}
  - multiply: {from: [x, share]}
  - layer_scale: {id: weight, value: 0, axis: -1}
  - parameter: {id: bias, shape: [32]}
  - add: {from: [weight, bias, x]}
"""


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        (GLOBAL_CONTEXT, GlobalContext(32, fuse_add=True, fuse_scale=False, rd_ratio=1 / 4)),
        (GLOBAL_RESPONSE_NORM, GlobalResponseNorm(32)),
    ],
    ids=["global context (Cao et al. 2019)", "global response normalization (Woo et al. 2023)"],
)
def test_a_block_is_the_published_module(text: str, reference: nn.Module) -> None:
    found = verify(load(text), reference)
    assert found.differs == ()
    assert {one.kind for one in found.comparisons} == {"output", "gradient"}
