"""U-Net equals one that is written by hand, and takes the images that it can halve four times."""

from __future__ import annotations

from math import sqrt

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from archspec.analysis.input_sizes import input_sizes
from archspec.backends.torch_fx import emit
from archspec.compiler import load_graph
from archspec.ir.graph import Graph
from tests.doc_blocks import ROOT


class Level(nn.Module):
    """Two convolutions, and dropout where the paper has it."""

    def __init__(self, inputs: int, channels: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.dropout = dropout

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.conv2(F.relu(self.conv1(x))))
        return F.dropout(x, self.dropout, self.training)


class Down(nn.Module):
    """A level on half the grid."""

    def __init__(self, channels: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.level = Level(channels // 2, channels, dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        halved: torch.Tensor = self.level(F.max_pool2d(x, 2))
        return halved


class Up(nn.Module):
    """A level on twice the grid, which also reads what comes across."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(2 * channels, channels, 2, stride=2)
        self.level = Level(2 * channels, channels)

    def forward(self, below: torch.Tensor, across: torch.Tensor) -> torch.Tensor:
        doubled: torch.Tensor = self.level(torch.cat([across, self.up(below)], dim=1))
        return doubled


class UNet(nn.Module):
    """Figure 1 of the paper, padded."""

    def __init__(self) -> None:
        super().__init__()
        self.down1, self.down2, self.down3 = Level(1, 64), Down(128), Down(256)
        self.down4, self.down5 = Down(512, dropout=0.5), Down(1024, dropout=0.5)
        self.up4, self.up3, self.up2, self.up1 = Up(512), Up(256), Up(128), Up(64)
        self.logits = nn.Conv2d(64, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        first = self.down1(x)
        second = self.down2(first)
        third = self.down3(second)
        fourth = self.down4(third)
        below = self.up4(self.down5(fourth), fourth)
        classes: torch.Tensor = self.logits(self.up1(self.up2(self.up3(below, third), second), first))
        return classes


@pytest.fixture(scope="module")
def graph() -> Graph:
    return load_graph(ROOT / "specs/unet.yaml")


@pytest.mark.parametrize("training", [False, True])
def test_it_computes_and_learns_what_the_one_by_hand_does(graph: Graph, training: bool) -> None:
    torch.manual_seed(0)
    reference = UNet().train(training)
    module = emit(graph, device="meta").train(training)
    module.load_state_dict(reference.state_dict(), strict=True, assign=True)
    image, found = torch.randn(2, 1, 16, 32), []
    for network in (reference, module):
        torch.manual_seed(0)  # for the same dropout
        classes = network(image)
        found.append((classes, *torch.autograd.grad(classes.square().sum(), list(network.parameters()))))
    assert [tuple(value.shape) for value in found[0]] == [tuple(value.shape) for value in found[1]]
    for wanted, given in zip(*found, strict=True):
        torch.testing.assert_close(given, wanted, rtol=0, atol=1e-5 * float(wanted.detach().abs().max()))


def test_it_takes_multiples_of_16(graph: Graph) -> None:
    with torch.device("meta"):
        reference = UNet()
    fitting = [side for side in range(1, 100) if takes(reference, side)]
    assert fitting == list(range(16, 100, 16))
    for sizes in input_sizes(graph)["eval"]:
        assert sizes.fitting is not None
        assert [side for side in range(1, 100) if side in sizes.fitting] == fitting


def takes(reference: nn.Module, side: int) -> bool:
    try:
        reference(torch.zeros(1, 1, side, side, device="meta"))
    except RuntimeError:
        return False
    return True


def test_every_neuron_starts_with_a_variance_of_two_over_what_it_sums_up(graph: Graph) -> None:
    torch.manual_seed(0)
    started = emit(graph).state_dict()
    summed = {"down3.level.conv1.weight": 9 * 128, "up4.level.conv2.weight": 9 * 512, "up3.up.weight": 512}
    for key, numbers in summed.items():
        assert float(started[key].std()) == pytest.approx(sqrt(2 / numbers), rel=0.02), key
    assert not started["up3.up.bias"].any()
