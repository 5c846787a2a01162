"""Faithful: specs that carry the published names have torchvision's keys, in its order, and give its numbers."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch import nn
from torchvision.models import densenet, inception, mobilenetv2, resnet

from archspec.compiler import compile_spec
from tests.specs import load, spec

CONV_BN = """
        blocks:
          conv_bn:
            params: {channels: int, kernel: size, stride: 1, padding: valid}
            layers:
              - conv: {id: conv, channels: $channels, kernel: $kernel, stride: $stride, padding: $padding, bias: false}
              - batch_norm: {id: bn, eps: 1e-3}
              - relu
"""
INCEPTION_A = (
    CONV_BN
    + """
        layers:
          - concat:
              branches:
                - - conv_bn: {id: branch1x1, channels: 64, kernel: 1}
                - - conv_bn: {id: branch5x5_1, channels: 48, kernel: 1}
                  - conv_bn: {id: branch5x5_2, channels: 64, kernel: 5, padding: same}
                - - conv_bn: {id: branch3x3dbl_1, channels: 64, kernel: 1}
                  - conv_bn: {id: branch3x3dbl_2, channels: 96, kernel: 3, padding: same}
                  - conv_bn: {id: branch3x3dbl_3, channels: 96, kernel: 3, padding: same}
                - - avg_pool: {kernel: 3, stride: 1, padding: same}
                  - conv_bn: {id: branch_pool, channels: 32, kernel: 1}
"""
)
RESNET18 = """
        params: {classes: 10}
        inputs: {x: [N, 3, H=64, W=64]}
        blocks:
          basic:
            params: {width: int, stride: 1, downsample: false}
            layers:
              - add:
                  branches:
                    - - conv: {id: conv1, channels: $width, kernel: 3, stride: $stride, padding: 1, bias: false}
                      - batch_norm: {id: bn1}
                      - relu
                      - conv: {id: conv2, channels: $width, kernel: 3, padding: 1, bias: false}
                      - batch_norm: {id: bn2}
                    - - sequence:
                          id: downsample
                          if: $downsample
                          layers: [{conv: {channels: $width, kernel: 1, stride: $stride, bias: false}}, batch_norm]
              - relu
        layers:
          - conv: {id: conv1, channels: 64, kernel: 7, stride: 2, padding: 3, bias: false}
          - batch_norm: {id: bn1}
          - relu
          - max_pool: {kernel: 3, stride: 2, padding: 1}
          - sequence: {id: layer1, layers: [{basic: {width: 64, repeat: 2}}]}
          - sequence: {id: layer2, layers: [{basic: {width: 128, stride: 2, downsample: true}}, {basic: {width: 128}}]}
          - sequence: {id: layer3, layers: [{basic: {width: 256, stride: 2, downsample: true}}, {basic: {width: 256}}]}
          - sequence: {id: layer4, layers: [{basic: {width: 512, stride: 2, downsample: true}}, {basic: {width: 512}}]}
          - global_avg_pool
          - flatten
          - linear: {id: fc, features: $classes}
"""
DENSE_BLOCK = """
        blocks:
          dense_layer:
            params: {growth: int}
            layers:
              - batch_norm: {id: norm1}
              - relu
              - conv: {id: conv1, channels: $(growth * 2), kernel: 1, bias: false}
              - batch_norm: {id: norm2}
              - relu
              - conv: {id: conv2, channels: $growth, kernel: 3, padding: 1, bias: false}
          dense:
            params: {growth: int}
            layers: [{dense_layer: {id: new, growth: $growth}}, {concat: {from: [in, new]}}]
        layers:
          - concat: {branches: [[], [{dense_layer: {id: denselayer1, growth: 3}}]]}
          - concat: {branches: [[], [{dense_layer: {id: denselayer2, growth: 3}}]]}
          - concat: {branches: [[], [{dense_layer: {id: denselayer3, growth: 3}}]]}
"""
INVERTED = """
        blocks:
          conv_bn_relu6:
            params: {channels: int, kernel: 1, stride: 1, groups: {type: any, default: 1}}
            layers:
              - conv:
                  channels: $channels
                  kernel: $kernel
                  stride: $stride
                  padding: $(kernel // 2)
                  groups: $groups
                  bias: false
              - batch_norm
              - relu6
        layers:
          - add:
              branches:
                - []
                - - sequence:
                      id: conv
                      in: [N, C, H, W]
                      layers:
                        - conv_bn_relu6: {channels: $(C * 6)}
                        - conv_bn_relu6: {channels: $(C * 6), kernel: 3, groups: $(C * 6)}
                        - conv: {channels: $C, kernel: 1, bias: false}
                        - batch_norm
"""


@pytest.mark.parametrize(
    ("text", "reference", "shape"),
    [
        pytest.param(INCEPTION_A, partial(inception.InceptionA, 4, pool_features=32), (2, 4, 8, 8), id="inception_a"),
        pytest.param(RESNET18, partial(resnet.resnet18, num_classes=10), (2, 3, 64, 64), id="resnet18"),
        pytest.param(
            DENSE_BLOCK,
            partial(densenet._DenseBlock, 3, 4, bn_size=2, growth_rate=3, drop_rate=0.0),
            (2, 4, 8, 8),
            id="dense_block",
        ),
        pytest.param(INVERTED, partial(mobilenetv2.InvertedResidual, 4, 4, 1, 6), (2, 4, 8, 8), id="inverted_residual"),
    ],
)
@torch.no_grad()
def test_keys_and_numbers_are_those_of_torchvision(
    text: str, reference: partial[nn.Module], shape: tuple[int, ...]
) -> None:
    load(text)
    published, module = reference(), compile_spec(spec(text))
    assert list(module.state_dict()) == list(published.state_dict())
    module.load_state_dict(published.state_dict(), strict=True)
    image = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    for training in (False, True):
        expected, actual = published.train(training)(image), module.train(training)(image)
        torch.testing.assert_close(actual, expected, rtol=1e-5, atol=1e-5)
