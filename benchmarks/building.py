"""From a graph to a module with its weights drawn, beside a class written by hand: time by convolution."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn
from torchvision.models import inception_v3

import archspec
from benchmarks.measure import Figure, interleave, ratio
from benchmarks.startup import ROOT

ROUNDS = 41


def figures() -> Iterator[Figure]:
    graph = archspec.load_graph(ROOT / "specs/inception_v2.yaml")

    def ours() -> nn.Module:
        return archspec.compile_graph(graph)

    def torchvision() -> nn.Module:
        module: nn.Module = inception_v3(weights=None, init_weights=False)
        return module

    units = {make: sum(isinstance(module, nn.Conv2d) for module in make().modules()) for make in (ours, torchvision)}
    times = interleave({"ours": ours, "peer": torchvision}, ROUNDS)
    scale = units[torchvision] / units[ours]
    names = (f"inception_v2, {units[ours]} convolutions,", f"torchvision's inception_v3, {units[torchvision]},")
    yield ratio("building, by convolution", times["ours"], times["peer"], 1.0, scale=scale, names=names)
