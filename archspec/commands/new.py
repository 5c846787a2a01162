"""`archspec new`: a spec to begin with."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import click

from archspec.commands._shared import output_option, print_or_write

STARTER: Final = """\
archspec: 1
name: {name}

params: {{classes: 10}}                             # `--set classes=100` gives it another value
inputs: {{image: [N, 3, H=32, W=32]}}

blocks:
  conv_bn:                                        # a convolution, its normalization, its activation
    params: {{channels: int, stride: 1}}
    layers:
      - conv: {{id: conv, kernel: 3, channels: $channels, stride: $stride, padding: 1, bias: false}}
      - batch_norm: {{id: bn}}
      - relu

  residual:                                       # x + f(x): the empty branch is the identity
    params: {{channels: int}}
    layers:
      - add:
          branches:
            - []
            - [{{conv_bn: {{id: a, channels: $channels}}}}, {{conv_bn: {{id: b, channels: $channels}}}}]

layers:                                           # `input` is checked: height x width x channels
  - conv_bn:  {{id: stem, channels: 32,                input: 32x32x3}}
  - residual: {{id: stage1, channels: 32, repeat: 2,   input: 32x32x32}}
  - conv_bn:  {{id: down, channels: 64, stride: 2,     input: 32x32x32}}
  - residual: {{id: stage2, channels: 64, repeat: 2,   input: 16x16x64}}
  - global_avg_pool
  - flatten
  - linear:   {{id: logits, features: $classes}}

outputs: {{logits: logits}}
"""


@click.command()
@click.argument("name", default="my_network")
@output_option
def new(name: str, output: Path | None) -> None:
    """Print a starter spec: a small network for 32x32 images, with blocks, a residual and asserted rows.

    It checks clean and builds: archspec new my_network -o my_network.yaml; archspec build my_network.yaml
    """
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise click.BadParameter(f"`{name}` is not letters, digits and `_`, beginning with no digit", param_hint="NAME")
    if output is not None and output.exists():
        raise click.BadParameter(f"`{output}` exists already: a starter spec overwrites nothing", param_hint="-o")
    print_or_write(STARTER.format(name=name), output)
