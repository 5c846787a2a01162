"""Specs of any length, for timing."""

from __future__ import annotations

HEADER = """\
archspec: 1
name: generated
inputs: {image: [N, 8, H=32, W=32]}
blocks:
  conv_bn:
    params: {channels: int, kernel: 3}
    layers:
      - conv: {id: conv, channels: $channels, kernel: $kernel, padding: same, bias: false}
      - batch_norm: {id: bn, eps: 1e-3}
      - relu
  residual:
    params: {channels: int}
    in: [N, C, H, W]
    layers:
      - add:
          branches:
            - []
            - - conv_bn: {id: one, channels: $channels}
              - conv: {id: two, channels: $C, kernel: 1}
layers:
"""
ROWS = (
    "  - conv:       {{id: conv{0}, channels: 8, kernel: 3, padding: same, bias: false, input: 32x32x8}}\n",
    "  - batch_norm: {{id: norm{0}, eps: 1e-3, momentum: 0.1}}\n",
    "  - conv_bn:    {{id: block{0}, channels: 8, kernel: 3, input: 32x32x8}}\n",
    "  - relu:       {{id: relu{0}}}\n",
    "  - avg_pool:   {{id: pool{0}, kernel: 3, stride: 1, padding: same, input: 32x32x8}}\n",
    "  - residual:   {{id: residual{0}, channels: 8, input: 32x32x8}}\n",
)
"""A third of them use a block."""

NODES_OF_TURNS = 10
"""Nodes of one turn in `repeated`."""


def dense(rows: int) -> str:
    """A spec with so many rows, each of several attributes, a third of them uses of blocks."""
    return HEADER + "".join(ROWS[index % len(ROWS)].format(index) for index in range(rows))


def dense_file(lines: int) -> str:
    """The same, of so many lines in all."""
    return dense(lines - HEADER.count("\n"))


def plain(nodes: int) -> str:
    """A spec of so many nodes, each a row."""
    rows = [ROWS[index] for index in (0, 1, 3)]
    return HEADER + "".join(rows[index % len(rows)].format(index) for index in range(nodes))


def repeated(nodes: int) -> str:
    """A spec of so many nodes, by `repeat`: as long, whatever their number."""
    turns = nodes // NODES_OF_TURNS
    return f"""{HEADER}\
  - sequence:
      id: stage
      repeat: {turns}
      layers:
        - residual: {{id: a, channels: 8}}
        - conv_bn: {{id: b, channels: 8}}
        - conv: {{id: c, channels: 8, kernel: 1}}
        - relu
"""
