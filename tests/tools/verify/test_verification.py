from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torchvision import models

from archspec.compiler import load_graph
from archspec.ir.graph import Graph
from archspec.tools.verify import DoesNotRunError, Verification, verify
from tests.specs import load
from tests.tools.verify.small import SPEC, Small, Turned, renamed


@pytest.fixture(scope="module")
def graph() -> Graph:
    return load(SPEC)


def places(found: Verification) -> list[str]:
    return [str(place) for place in found.places]


def test_one_network_is_one(graph: Graph) -> None:
    found = verify(graph, Small())
    assert found.passed
    assert (found.differs, found.places, found.guessed) == ((), (), ())
    assert found.paired_by == "key"
    assert found.pairs == {key: key for key in Small().state_dict()}
    assert found.sizes == {"N": 2, "H": 15, "W": 15}
    assert found.outputs_by == {"eval": "position", "training": "name"}
    compared = [(one.kind, one.phase, one.ours) for one in found.comparisons]
    assert compared[:3] == [
        ("output", "eval", "logits"),
        ("output", "training", "logits"),
        ("output", "training", "aux"),
    ]
    assert [ours for kind, _, ours in compared if kind == "gradient"] == [key for key, _ in Small().named_parameters()]
    assert [ours for kind, _, ours in compared if kind == "statistic"] == [key for key, _ in Small().named_buffers()]
    assert all(one.difference <= 1e-12 for one in found.comparisons)
    assert 0 < max(one.rounding for one in found.comparisons) < 1e-4


def test_the_reference_is_left_as_it_was(graph: Graph) -> None:
    reference = Small()
    before = {key: value.clone() for key, value in reference.state_dict().items()}
    verify(graph, reference)
    assert all(torch.equal(before[key], value) for key, value in reference.state_dict().items())


@pytest.mark.parametrize(
    ("mistake", "place"),
    [
        ({"eps": 1e-5}, "`bn`: `batch_norm` has eps=1e-05 in theirs and 0.001 in ours"),
        ({"eps": 1.001e-3}, "`bn`: `batch_norm` has eps=0.001001 in theirs and 0.001 in ours"),
        (
            {"include_pad": True},
            "the network itself, after `bn` (`join.two` in ours): `avg_pool2d` has count_include_pad=True in theirs"
            " and False in ours",
        ),
        (
            {"kernel": 3},
            "the network itself, after `bn`: `max_pool2d` has kernel_size=[3, 3] in theirs and [2, 2] in ours",
        ),
        (
            {"ceil": False},
            "the network itself, after `bn`: `max_pool2d` has ceil_mode=False in theirs and True in ours",
        ),
        (
            {"relu": False},
            "the network itself, after `bn`: theirs runs `max_pool2d` (kernel_size=[2, 2], stride=[2, 2],"
            " ceil_mode=True, to [2, 8, 4, 4]), ours goes on with `relu` (to [2, 8, 7, 7])",
        ),
        (
            {"turned_join": True},
            "the network itself, after `join.two.conv` (`join` in ours): `cat` takes what it joins in another order:"
            " ours has theirs at 2, 1",
        ),
        ({"scale": 0.25}, "the network itself, after `mix`: `mul` has other=0.25 in theirs and 0.5 in ours"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_difference_is_found_and_located(graph: Graph, mistake: dict[str, Any], place: str) -> None:
    found = verify(graph, Small(**mistake))
    assert not found.passed
    assert found.differs[0].startswith("output `logits` in eval mode differs by ")
    assert places(found) == [place]


def test_a_momentum_shows_in_the_statistics_alone(graph: Graph) -> None:
    found = verify(graph, Small(momentum=0.01))
    assert len(found.differs) == 1
    assert found.differs[0].startswith("2 of 3 statistics after one training step differ")
    assert places(found) == ["`bn`: `batch_norm` has momentum=0.01 in theirs and 0.1 in ours"]


def test_what_stops_gradients_shows_in_them_alone(graph: Graph) -> None:
    found = verify(graph, Small(detached=True))
    assert len(found.differs) == 1
    assert found.differs[0].startswith("9 of 13 gradients differ")


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.5, "theirs has dropout of 0.5, and ours has dropout of 0.4 in its place"),
        (0, "ours has dropout of 0.4, and theirs has none in its place"),
    ],
)
def test_another_dropout_is_found_though_nothing_is_dropped(graph: Graph, p: float, text: str) -> None:
    assert verify(graph, Small(dropout=p)).differs == (text,)


def test_named_outputs_in_another_order_are_told(graph: Graph) -> None:
    assert verify(graph, Small(heads=Turned)).differs == (
        "output `aux` in training mode is number 2, in theirs 1",
        "output `logits` in training mode is number 1, in theirs 2",
    )


class Unnamed(Small):
    """Gives the outputs of training as a plain tuple, in either order."""

    def __init__(self, turned: bool) -> None:
        super().__init__()
        self.turned = turned

    def forward(self, x: torch.Tensor) -> Any:
        given = super().forward(x)
        return tuple(given)[:: -1 if self.turned else 1] if self.training else given


def test_outputs_without_names_go_by_position(graph: Graph) -> None:
    found = verify(graph, Unnamed(turned=False))
    assert found.passed
    assert found.outputs_by["training"] == "position"
    found = verify(graph, Unnamed(turned=True))
    assert found.differs[0] == "output `aux` in training mode is number 2, in theirs it is number 1, `0`"


class WithoutHead(Small):
    def __init__(self) -> None:
        super().__init__()
        del self.aux

    def forward(self, x: torch.Tensor) -> Any:
        self.__dict__["aux"] = {"fc": nn.Identity()}
        given = super().forward(x)
        return given.logits if self.training else given


def test_a_reference_without_heads_is_compared_with_the_outputs_it_has(graph: Graph) -> None:
    missing = verify(graph, WithoutHead())
    assert missing.differs == ("`aux.fc` (weight [5, 192], bias [5]) of ours has no partner in theirs",)
    assert verify(graph, WithoutHead(), outputs=["logits"]).passed


def test_a_number_of_outputs_that_differs_is_told() -> None:
    graph = load("layers: [{conv: {id: conv, kernel: 1, channels: 4}}]\noutputs: {one: conv, two: conv}")

    class One(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(4, 4, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.conv(x)  # type: ignore[no-any-return]

    assert (
        verify(graph, One()).differs[0]
        == "theirs gives 1 output (`0`) in eval mode, ours gives 2 outputs (`one`, `two`)"
    )


def test_keys_that_differ_are_paired_by_the_graph(graph: Graph) -> None:
    found = verify(graph, renamed(Small()))
    assert found.passed
    assert found.paired_by == "graph"
    assert found.pairs["x_join.x_two.x_conv.weight"] == "join.two.conv.weight"
    assert not verify(graph, renamed(Small(eps=1e-5))).passed


def test_a_bias_that_is_missing_is_told_by_its_key(graph: Graph) -> None:
    assert verify(graph, Small(bias=False)).differs == ("`join.one.conv.bias` [6] of ours has no partner in theirs",)


class Longer(Small):
    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Sequential(nn.Conv2d(12, 12, 1), self.mix)


def test_a_layer_too_many_is_told_with_all_others_paired(graph: Graph) -> None:
    found = verify(graph, Longer())
    assert len(found.differs) == 1
    assert found.differs[0] == "`mix.1` (weight [12, 12, 1, 1], bias [12]) of theirs has no partner in ours"
    assert len(found.pairs) == len(Small().state_dict())


def test_weights_of_other_shapes_are_told_with_both(graph: Graph) -> None:
    reference = Small()
    reference.logits = nn.Linear(12, 7)
    assert verify(graph, reference).differs == (
        "`logits.weight` is [7, 12] in theirs, and `logits.weight` is [5, 12] in ours",
        "`logits.bias` is [7] in theirs, and `logits.bias` is [5] in ours",
    )


def test_a_reference_that_does_not_run_is_told_in_its_words(graph: Graph) -> None:
    with pytest.raises(
        DoesNotRunError, match=r"^the reference does not run in eval mode on \[2, 3, 2, 2\]: RuntimeError: "
    ):
        verify(graph, Small(), sizes={"H": 2, "W": 2})


def test_the_batch_normalised_googlenet_is_torchvisions_whatever_its_keys() -> None:
    graph = load_graph("specs/googlenet.yaml")
    found = verify(graph, renamed(models.GoogLeNet(init_weights=False)), sizes={"H": 64, "W": 64})
    assert found.differs == ()
    assert (found.paired_by, len(found.pairs), found.guessed) == ("graph", 364, ())
    assert all(
        theirs == ".".join(f"x_{part}" for part in ours.split(".")[:-1]) + f".{ours.split('.')[-1]}"
        for theirs, ours in found.pairs.items()
    )
