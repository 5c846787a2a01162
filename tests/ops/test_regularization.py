"""Noise is drawn as torchvision draws it, and layer scale has torchvision's keys."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torchvision import ops
from torchvision.models.convnext import CNBlock

from archspec.backends.torch_fx import emit
from archspec.ir.types import TensorType
from archspec.ops import find
from tests.graphs import Sketch
from tests.ops.runner import run


@pytest.mark.parametrize(
    ("name", "attributes", "shape", "reference"),
    [
        ("stochastic_depth", {"p": 0.3}, (16, 3, 4, 4), ops.StochasticDepth(0.3, "row")),
        ("stochastic_depth", {"p": 0.3, "mode": "batch"}, (16, 3), ops.StochasticDepth(0.3, "batch")),
        ("stochastic_depth", {"p": 1}, (4, 3), ops.StochasticDepth(1.0, "row")),
        ("drop_block", {"p": 0.3, "size": 3}, (2, 3, 9, 8), ops.DropBlock2d(0.3, 3)),
        ("drop_block", {"p": 0.3, "size": 5, "eps": 1e-3}, (2, 3, 9, 8, 7), ops.DropBlock3d(0.3, 5, eps=1e-3)),
    ],
)
def test_the_noise_is_that_of_torchvision(
    name: str, attributes: dict[str, object], shape: tuple[int, ...], reference: nn.Module
) -> None:
    kind = find(name)
    assert kind is not None
    x = torch.randn(shape)
    for seed in range(4):
        torch.manual_seed(seed)
        (ours,), _ = run(kind.model_validate(attributes), [TensorType(shape)], [x])
        torch.manual_seed(seed)
        assert torch.equal(ours, reference(x))


def test_layer_scale_has_the_key_the_shape_and_the_start_of_torchvision() -> None:
    sketch = Sketch(image=("N", 6, 4, 5))
    ours = emit(sketch.graph(out=sketch.add("layer_scale", "layer_scale", "image"))).state_dict()
    theirs = CNBlock(6, layer_scale=1e-6, stochastic_depth_prob=0.0).state_dict()
    assert list(ours) == ["layer_scale"]
    assert torch.equal(ours["layer_scale"], theirs["layer_scale"])
