"""A small network with two auxiliary heads, trained by whatever recipe a test is about."""

from __future__ import annotations

from textwrap import dedent, indent
from typing import Any

import torch
from torch import nn

import archspec
from archspec.ir.graph import Graph
from tests.specs import load

NETWORK = """
blocks:
  pooled: {layers: [global_avg_pool, flatten, {linear: {id: fc, features: 5}}]}
layers:
  - conv: {id: stem, kernel: 3, channels: 6}
  - batch_norm: {id: bn}
  - relu
  - global_avg_pool
  - flatten: {id: flat}
  - linear: {id: logits, features: 5}
heads:
  aux1: {pooled: {from: stem, when: training}}
  aux2: {pooled: {from: bn, when: training}}
outputs: {logits: logits, aux1: aux1, aux2: aux2}
training:
"""


def network(recipe: str) -> Graph:
    """The network with a recipe."""
    return load(NETWORK + indent(dedent(recipe).strip(), "  ") + "\n")


def module_of(graph: Graph, **options: Any) -> nn.Module:
    torch.manual_seed(0)
    return archspec.compile_graph(graph, **options)


def batch(seed: int = 0, size: int = 8) -> tuple[torch.Tensor, torch.Tensor]:
    made = torch.Generator().manual_seed(seed)
    return torch.randn(size, 4, 8, 8, generator=made), torch.randint(0, 5, (size,), generator=made)


def gradients(module: nn.Module, total: torch.Tensor) -> dict[str, torch.Tensor]:
    module.zero_grad()
    total.backward()  # type: ignore[no-untyped-call]
    return {name: weight.grad.clone() for name, weight in module.named_parameters() if weight.grad is not None}


V1 = "loss: {logits: cross_entropy, aux1: {cross_entropy: {}, weight: 0.3}, aux2: {cross_entropy: {}, weight: 0.3}}"
"""The losses of GoogLeNet."""
