from __future__ import annotations

import timm
import torch
from torch import nn
from torchvision import models

from archspec.tools.verify.match import Match, match, summarize
from archspec.tools.verify.trace import trace
from archspec.tools.verify.weights import carry, redraw
from tests.tools.verify.small import renamed


def matched(theirs: nn.Module, ours: nn.Module, size: int = 8, channels: int = 4) -> Match:
    image = torch.randn(2, channels, size, size)
    return match(trace(theirs, [image], training=True), trace(ours, [image], training=True))


class Joined(nn.Module):
    """Two branches of equal shape, run in any order, put one after the other in that of their names."""

    def __init__(self, names: tuple[str, str], last_first: bool = False) -> None:
        super().__init__()
        self.names = names
        self.last_first = last_first
        for name in sorted(names):
            self.add_module(name, nn.Sequential(nn.Conv2d(4, 4, 1), nn.ReLU(), nn.Conv2d(4, 4, 1)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        order = self.names[::-1] if self.last_first else self.names
        made = {name: self.get_submodule(name)(x) for name in order}
        return torch.cat([made[name] for name in self.names], 1)


class Added(Joined):
    """Two branches of equal shape that nothing tells apart."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        one, two = (self.get_submodule(name)(x) for name in self.names)
        return one + two  # type: ignore[no-any-return]


def test_equal_branches_are_told_apart_by_what_reads_them_not_by_order() -> None:
    """Neither the order of execution nor that of registration is the same."""
    found = matched(Joined(("a", "b")), Joined(("z", "y"), last_first=True))
    assert summarize(found.pairs) == [("a", "z"), ("b", "y")]
    assert found.guessed == []


def test_interchangeable_branches_are_paired_as_wholes() -> None:
    found = matched(Added(("a", "b")), Added(("z", "y")))
    assert summarize(found.pairs) == [("a", "z"), ("b", "y")]
    assert found.guessed == []


def test_a_deep_network_of_equal_blocks_is_paired_whatever_its_keys_and_their_order() -> None:
    theirs, ours = models.resnet50(weights=None), renamed(models.resnet50(weights=None))
    found = matched(theirs, ours, 33, 3)
    assert found.guessed == []
    assert list(found.pairs) != list(ours.state_dict())
    assert found.pairs == {key: _renamed(key) for key in theirs.state_dict()}


def test_networks_of_two_libraries_are_one() -> None:
    """timm has other keys, other modules, and another order of registration."""
    theirs, ours = models.mobilenet_v2(weights=None), timm.create_model("mobilenetv2_100", pretrained=False)
    redraw(theirs)
    found = matched(theirs, ours, 33, 3)
    assert (len(found.pairs), found.guessed) == (len(theirs.state_dict()), [])
    carry(found.pairs, theirs, ours)
    image = torch.randn(2, 3, 33, 33)
    torch.testing.assert_close(ours.eval()(image), theirs.eval()(image))


def _renamed(key: str) -> str:
    *path, name = key.split(".")
    return ".".join([*(f"x_{part}" for part in path), name])


def _chain(blocks: int) -> nn.Sequential:
    return nn.Sequential(*(nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.ReLU()) for _ in range(blocks)))


def test_a_layer_too_many_costs_one_pair() -> None:
    found = matched(_chain(5), renamed(_chain(4)))
    assert len(found.pairs) == 8
    left = {"0.0", "1.0", "2.0", "3.0", "4.0"} - {key.rpartition(".")[0] for key in found.pairs}
    assert len(left) == 1
    assert found.pairs["0.0.weight"] == "x_0.x_0.weight"
    assert found.pairs["4.0.weight"] == "x_3.x_0.weight"


def test_tied_weights_are_one() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one = nn.Conv2d(4, 4, 1)
            self.two = nn.Conv2d(4, 4, 1)
            self.two.weight = self.one.weight

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.two(torch.relu(self.one(x)))  # type: ignore[no-any-return]

    found = matched(Tied(), renamed(Tied()))
    keys = {their.removeprefix("x_"): our.removeprefix("x_") for their, our in found.pairs.items()}
    assert {"one.bias", "two.bias"} < set(keys)
    assert keys["one.bias"] == "one.bias"


def test_pairs_are_summarized_by_the_longest_paths() -> None:
    pairs = {"a.x.weight": "p.weight", "a.x.bias": "p.bias", "a.y.weight": "q.y.weight", "b.weight": "b.weight"}
    assert summarize(pairs) == [("a.x", "p"), ("a.y", "q.y"), ("b", "b")]
    assert summarize({"a.weight": "a.weight", "b.weight": "b.weight"}) == [("", "")]
    assert summarize({"a.weight": "net.a.weight", "b.weight": "net.b.weight"}) == [("", "net")]
    assert summarize({}) == []
