"""LeNet-5: the network that is commonly built, and what it shares with that of 1998."""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from archspec.analysis.cost import cost
from archspec.analysis.input_sizes import input_sizes
from archspec.compiler import load_graph
from archspec.tools.verify import verify
from tests.doc_blocks import ROOT

SPEC = ROOT / "specs/lenet.yaml"

PUBLISHED = {"c1": 156, "c5": 48_120, "f6": 10_164}
"""Trainable parameters of the layers that are those of the paper, section II.B."""
OTHERWISE = {"s2": 12, "c3": 1_516, "s4": 32}
"""Those of the layers that are not; there are no others, as the outputs are distances to fixed codes."""


def by_hand() -> nn.Module:
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        c1=nn.Conv2d(1, 6, 5),
        squash1=nn.Tanh(),
        s2=nn.AvgPool2d(2),
        c3=nn.Conv2d(6, 16, 5),
        squash3=nn.Tanh(),
        s4=nn.AvgPool2d(2),
        c5=nn.Conv2d(16, 120, 5),
        squash5=nn.Tanh(),
        flat=nn.Flatten(),
        f6=nn.Linear(120, 84),
        squash6=nn.Tanh(),
        logits=nn.Linear(84, 10),
    )
    return nn.Sequential(layers)


def test_it_computes_and_learns_what_is_commonly_built() -> None:
    found = verify(load_graph(SPEC), by_hand())
    assert (found.differs, found.paired_by) == ((), "key")


def test_it_has_the_parameters_of_the_paper_where_it_is_the_network_of_the_paper() -> None:
    counts = cost(load_graph(SPEC)).nodes
    assert {path: counts[path].parameters for path in PUBLISHED} == PUBLISHED
    assert sum((PUBLISHED | OTHERWISE).values()) == 60_000
    assert {path: counts[path].parameters for path in OTHERWISE} == {"s2": 0, "c3": 2_416, "s4": 0}


def test_it_takes_the_32_pixels_that_digits_are_centred_in_and_few_more() -> None:
    assert [str(*sizes) for sizes in input_sizes(load_graph(SPEC)).values()] == ["H and W 32 to 35"] * 2
