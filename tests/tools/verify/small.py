"""A small network with all that verifications look at, as a spec and as Python, with mistakes to plant."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

SPEC = """
name: small
inputs: {image: [N, 3, H=15, W=15]}
layers:
  - conv: {id: conv, kernel: 3, stride: 2, channels: 8, bias: false}
  - batch_norm: {id: bn, eps: 1e-3}
  - relu
  - max_pool: {kernel: 2, stride: 2, ceil_mode: true}
  - concat:
      id: join
      branches:
        one: [{conv: {id: conv, kernel: 1, channels: 6}}]
        two:
          - avg_pool: {kernel: 3, stride: 1, padding: 1, count_include_pad: false}
          - conv: {id: conv, kernel: 1, channels: 6}
  - conv: {id: mix, kernel: 1, channels: 12}
  - scale: {id: scaled, factor: 0.5}
  - add: {id: sum, from: [join, scaled]}
  - relu: {id: trunk}
  - global_avg_pool
  - flatten
  - dropout: 0.4
  - linear: {id: logits, features: 5}
heads:
  aux:
    from: trunk
    layers:
      - adaptive_avg_pool: {size: 4, when: training}
      - flatten: {when: training}
      - linear: {id: fc, features: 5, when: training}
outputs: {logits: logits, aux: aux}
"""


class Outputs(NamedTuple):
    logits: torch.Tensor
    aux: torch.Tensor


class Turned(NamedTuple):
    aux: torch.Tensor
    logits: torch.Tensor


RIGHT: dict[str, Any] = {
    "eps": 1e-3,
    "momentum": 0.1,
    "bias": True,
    "relu": True,
    "kernel": 2,
    "ceil": True,
    "include_pad": False,
    "turned_join": False,
    "scale": 0.5,
    "dropout": 0.4,
    "heads": Outputs,
    "detached": False,
}
"""The network of the spec; `Small(eps=1e-5)` plants a mistake."""


class Small(nn.Module):
    """The network of the spec, written as people write networks: half of it in modules, half in its forward."""

    def __init__(self, **mistakes: Any) -> None:
        super().__init__()
        self.is_ = RIGHT | mistakes
        self.conv = nn.Conv2d(3, 8, 3, stride=2, bias=False)
        self.bn = nn.BatchNorm2d(8, eps=self.is_["eps"], momentum=self.is_["momentum"])
        one, two = nn.Conv2d(8, 6, 1, bias=self.is_["bias"]), nn.Conv2d(8, 6, 1)
        self.join: Any = nn.ModuleDict({"one": nn.ModuleDict({"conv": one}), "two": nn.ModuleDict({"conv": two})})
        self.mix: nn.Module = nn.Conv2d(12, 12, 1)
        self.drop = nn.Dropout(self.is_["dropout"])
        self.logits = nn.Linear(12, 5)
        self.aux = nn.ModuleDict({"fc": nn.Linear(12 * 16, 5)})

    def forward(self, x: torch.Tensor) -> Any:
        x = self.bn(self.conv(x))
        if self.is_["relu"]:
            x = F.relu(x, inplace=True)
        x = F.max_pool2d(x, self.is_["kernel"], stride=2, ceil_mode=self.is_["ceil"])
        pooled = F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=self.is_["include_pad"])
        branches = [self.join["one"]["conv"](x), self.join["two"]["conv"](pooled)]
        x = torch.cat(branches[::-1] if self.is_["turned_join"] else branches, 1)
        x = F.relu(x + self.is_["scale"] * self.mix(x))
        logits = self.logits(self.drop(x.mean((2, 3))))
        if not self.training:
            return logits
        x = F.adaptive_avg_pool2d(x.detach() if self.is_["detached"] else x, 4)
        aux = self.aux["fc"](x.flatten(1))
        return self.is_["heads"](**{"logits": logits, "aux": aux}) if self.is_["heads"] else (logits, aux)


def renamed(module: nn.Module) -> nn.Module:
    """A module whose submodules have other names, and are registered the other way around where nobody iterates them.

    `a.b.weight` becomes `x_a.x_b.weight`; the names that its forward uses still lead to them.
    """
    for inner in list(module.modules()):
        children = list(inner._modules.items())
        ordered = isinstance(inner, nn.Sequential | nn.ModuleList)
        inner._modules.clear()
        for name, child in children if ordered else reversed(children):
            inner._modules[f"x_{name}"] = child
            if not isinstance(inner, nn.ModuleDict):
                inner.__dict__[name] = child
        if isinstance(inner, nn.ModuleDict):
            inner.__class__ = Renamed
    return module


class Renamed(nn.ModuleDict):
    """A dict whose items are found by the names that they had."""

    def __getitem__(self, key: str) -> nn.Module:
        return super().__getitem__(f"x_{key}")
