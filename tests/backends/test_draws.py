from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import nn

from archspec.backends.draws import Draws
from archspec.backends.torch_fx import emit
from archspec.ir.graph import Graph
from archspec.recipe.initializer import parse
from tests.graphs import Sketch

LARGE = 600_000
"""Numbers of some pieces, the last of which is a part of one."""

HOW = ["he_normal", {"uniform": {"low": -1, "high": 1}}, "variance_scaling", {"truncated_normal": {"low": 0.5}}]


@contextmanager
def threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def network() -> Graph:
    """Large layers between small ones."""
    sketch, last = Sketch(x=("N", 16)), "x"
    for index, how in enumerate(HOW):
        for name, features in ((f"large{index}", 30_000), (f"small{index}", 1)):
            last = sketch.add(name, "linear", last, features=features)
            sketch.nodes[name].init = {"weight": parse(how), "bias": parse("zeros")}
        last = sketch.add(f"wide{index}", "linear", last, features=16)
    return sketch.graph(out=last)


def normal(part: torch.Tensor, source: torch.Generator | None, mean: float, std: float) -> None:
    part.normal_(mean, std, generator=source)


def drawn(*shape: int) -> torch.Tensor:
    weight = torch.full(shape, float("nan"))
    with Draws() as draws:
        draws.draw(weight, normal, 0.0, 1.0)
    return weight


def test_one_seed_gives_one_network_whatever_the_threads() -> None:
    graph, built = network(), []
    for count in (1, 2, 4):
        torch.manual_seed(7)
        with threads(count):
            built.append({**emit(graph).state_dict(), "next": torch.rand(8)})
    for other in built[1:]:
        assert other.keys() == built[0].keys()
        assert all(torch.equal(weight, built[0][key]) for key, weight in other.items())


def test_another_network_comes_next() -> None:
    torch.manual_seed(7)
    first, second = drawn(LARGE), drawn(LARGE)
    assert not (first == second).any()


def test_all_pieces_are_drawn_and_no_two_alike() -> None:
    torch.manual_seed(0)
    rows = drawn(LARGE).view(-1, 1000)
    assert abs(rows.std() - 1) < 0.01
    assert len(torch.unique(rows[:, :8], dim=0)) == len(rows)


def test_a_small_weight_is_drawn_as_torch_does_by_itself() -> None:
    torch.manual_seed(0)
    expected = torch.empty(1000).normal_()
    torch.manual_seed(0)
    assert torch.equal(drawn(1000), expected)


def test_on_the_meta_device_nothing_is_drawn() -> None:
    torch.manual_seed(0)
    expected = torch.rand(4)
    torch.manual_seed(0)
    sketch = Sketch(x=("N", 1000))
    sketch.add("large", "linear", "x", features=1000)
    sketch.nodes["large"].init = {"weight": parse("he_normal"), "bias": parse("zeros")}
    assert emit(sketch.graph(out="large"), device="meta").get_parameter("large.weight").is_meta
    assert torch.equal(torch.rand(4), expected)


@pytest.mark.parametrize("count", [1, 2])
def test_an_error_while_drawing_is_raised_and_no_thread_stays(count: int) -> None:
    def fail(part: torch.Tensor, source: torch.Generator | None) -> None:
        raise MemoryError("no room")

    running = threading.active_count()
    with threads(count), pytest.raises(MemoryError, match="no room"), Draws() as draws:
        draws.draw(torch.empty(LARGE), fail)
    assert threading.active_count() == running


def test_what_waits_is_not_drawn_after_an_error() -> None:
    weight = torch.zeros(LARGE)

    def draw_and_fail() -> None:
        with Draws() as draws:
            draws.draw(weight, normal, 0.0, 1.0)
            raise ValueError("elsewhere")

    with threads(1), pytest.raises(ValueError, match="elsewhere"):
        draw_and_fail()
    assert not weight.any()


@pytest.mark.parametrize("mode", [torch.enable_grad, torch.no_grad, torch.inference_mode])
def test_weights_are_drawn_in_any_mode_and_can_learn(mode: Any) -> None:
    with threads(2), mode():
        module = emit(network())
    for parameter in module.parameters():
        assert not parameter.isnan().any()
        assert parameter.requires_grad
        assert parameter.grad_fn is None


def test_a_weight_whose_numbers_lie_apart_is_drawn() -> None:
    weight = torch.full((400, 500), float("nan")).t()
    with Draws() as draws:
        draws.draw(weight, normal, 0.0, 1.0)
    assert abs(weight.std() - 1) < 0.02


def test_the_weights_of_a_fake_tensor_mode_stay_fake() -> None:
    from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

    with FakeTensorMode():
        weight = nn.Parameter(torch.empty(LARGE))
        with Draws() as draws, torch.no_grad():
            draws.draw(weight, normal, 0.0, 1.0)
    assert isinstance(weight, FakeTensor)
