"""A small network with something for every pass, and what its outputs are held to."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor

SPEC = """
archspec: 1
name: small
inputs: {image: [N, 3, H=16, W=16]}
layers:
  - conv: {id: stem, channels: 8, kernel: 3, padding: same, bias: false}
  - batch_norm: {id: bn}
  - relu
  - add:
      branches:
        - [{conv: {id: side, channels: 8, kernel: 1}}, {scale: 0.5}]
        - []
  - relu: {id: features}
  - concat:
      branches:
        - [{conv: {id: a, channels: 4, kernel: 1}}, relu]
        - [{avg_pool: {kernel: 3, stride: 1, padding: 1}}, {conv: {id: b, channels: 4, kernel: 1}}, relu]
        - [{conv: {id: c, channels: 4, kernel: 1}}, relu]
  - global_avg_pool
  - flatten
  - dropout: 0.5
  - linear: {id: fc, features: 5}
outputs: {logits: fc, features: features}
"""


def outputs(model: Any, *inputs: Tensor) -> Any:
    with torch.no_grad():
        return copy.deepcopy(model).eval()(*inputs)


def close(found: Any, expected: Any) -> None:
    assert type(found) is type(expected)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)
        assert one.is_contiguous()
