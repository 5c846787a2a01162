"""Networks: a compiled one and its peer of torchvision or timm, with the same weights."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import timm
import torch
from torch import Tensor, nn
from torchvision import models

import archspec
from archspec.backends.scope_module import ScopeModule
from archspec.tools.optimize.numbers import difference, run_in_eval
from archspec.tools.verify.weights import redraw
from benchmarks.startup import ROOT

NETWORKS = ("googlenet", "inception_v3", "inception_v4", "inception_resnet_v2", "resnet50", "mobilenet_v2")
OF_TIMM = ("inception_v4", "inception_resnet_v2")
TOLD_TO_DRAW = ("googlenet", "inception_v3")
"""Those of torchvision that are told whether to draw their weights anew, which takes seconds."""
_LOW, _HIGH = 0.7, 1.3
"""Between which batch norms have their scales and variances."""


@dataclass(frozen=True)
class Pair:
    """One network twice, in eval mode."""

    name: str
    ours: ScopeModule
    theirs: nn.Module

    def exact(self, images: Tensor) -> list[Tensor]:
        """What the peer gives in float64."""
        return run_in_eval(copy.deepcopy(self.theirs).double(), [images.double()])


def pair(name: str) -> Pair:
    """Make both, on weights that carry a signal through, and batch statistics that are none to begin with."""
    theirs = peer(name, drawn=False).eval()
    _draw(theirs)
    ours = archspec.compile_spec(ROOT / f"specs/{name}.yaml").eval()
    assert isinstance(ours, ScopeModule)
    archspec.load_weights(ours, theirs.state_dict())
    return Pair(name, ours, theirs)


def peer(name: str, *, drawn: bool) -> nn.Module:
    """What torchvision or timm makes.

    Args:
        name: of the network.
        drawn: whether its weights are to be those that training starts from.
    """
    if name in OF_TIMM:
        made: nn.Module = timm.create_model(name, pretrained=False)
        return made
    options = {"init_weights": drawn} if name in TOLD_TO_DRAW else {}
    found: nn.Module = models.get_model(name, weights=None, **options)
    return found


def assert_near(runs: Mapping[str, Callable[[], Sequence[Tensor]]], expected: Sequence[Tensor], share: float) -> None:
    """Assert that all give what is expected, up to a share of its largest number."""
    for label, run in runs.items():
        apart = difference(run(), expected)
        assert apart <= share, f"{label} is off by {apart:.1e} of the largest number"


@torch.no_grad()
def _draw(module: nn.Module) -> None:
    redraw(module)
    generator = torch.Generator().manual_seed(0)
    for each in module.modules():
        if isinstance(each, nn.BatchNorm2d):
            assert each.running_var is not None
            for tensor in (each.weight, each.running_var):
                tensor.uniform_(_LOW, _HIGH, generator=generator)
