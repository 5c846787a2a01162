"""Networks of torchvision, each beside the spec that is held to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torchvision import models

from archspec.backends.torch_fx import emit
from archspec.compiler import load_graph
from archspec.ir.graph import Graph
from archspec.tools.verify.weights import redraw
from tests.doc_blocks import ROOT


@dataclass(frozen=True, slots=True)
class Drawn:
    """How the values of a weight are spread."""

    count: int
    deviation: float
    least: float
    greatest: float

    @classmethod
    def of(cls, weight: torch.Tensor) -> Drawn:
        return cls(weight.numel(), float(weight.std(correction=0)), float(weight.min()), float(weight.max()))


@dataclass(frozen=True, slots=True)
class Network:
    """A spec and its reference, of which all weights are drawn anew once it is noted how they started."""

    graph: Graph
    reference: nn.Module
    started: dict[str, Drawn]
    side: int
    published: dict[str, Any]
    """What torchvision says of the network beside its weights."""

    def module(self) -> nn.Module:
        """The spec's network on the weights of the reference itself: to copy the large ones takes seconds."""
        module = emit(self.graph, device="meta")
        module.load_state_dict(self.reference.state_dict(), strict=True, assign=True)
        return module


def referenced(name: str, side: int) -> Network:
    """The spec and the network of torchvision that share a name."""
    torch.manual_seed(0)
    reference: nn.Module = models.get_model(name, weights=None)
    started = drawn(reference)
    redraw(reference)
    published = models.get_model_weights(name)["IMAGENET1K_V1"].meta
    return Network(load_graph(ROOT / f"specs/{name}.yaml"), reference, started, side, published)


def drawn(module: nn.Module) -> dict[str, Drawn]:
    return {key: Drawn.of(weight.detach()) for key, weight in module.named_parameters()}
