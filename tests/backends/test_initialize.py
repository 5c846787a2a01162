from __future__ import annotations

from math import sqrt
from typing import Any

import pytest
import torch

from archspec.backends.draws import Draws
from archspec.backends.initialize import initialize
from archspec.backends.torch_fx import emit
from archspec.ir.graph import Graph
from archspec.recipe.initializer import INITIALIZERS, parse
from tests.graphs import Sketch

FAN_IN, FAN_OUT = 64 * 9, 256 * 9


@pytest.mark.parametrize(
    ("how", "mean", "std", "low", "high"),
    [
        ("zeros", 0, 0, 0, 0),
        ("ones", 1, 0, 1, 1),
        (0.25, 0.25, 0, 0.25, 0.25),
        ({"normal": {"mean": 1, "std": 0.5}}, 1, 0.5, -3, 5),
        ({"uniform": {"low": -1, "high": 3}}, 1, 4 / sqrt(12), -1, 3),
        ({"truncated_normal": {"std": 0.1}}, 0, 0.1, -1, 1),
        ({"truncated_normal": {"std": 1, "low": -1, "high": 1}}, 0, 0.5396, -1, 1),
        ({"truncated_normal": {"std": 1, "low": 0, "high": 0.1}}, 0.05, 0.1 / sqrt(12), 0, 0.1),
        ("he_normal", 0, sqrt(2 / FAN_IN), -1, 1),
        ({"he_normal": {"mode": "fan_out"}}, 0, sqrt(2 / FAN_OUT), -1, 1),
        ({"he_uniform": {"gain": "linear"}}, 0, sqrt(1 / FAN_IN), -sqrt(3 / FAN_IN), sqrt(3 / FAN_IN)),
        ("xavier_normal", 0, sqrt(2 / (FAN_IN + FAN_OUT)), -1, 1),
        ({"xavier_uniform": {"gain": 2}}, 0, 2 * sqrt(2 / (FAN_IN + FAN_OUT)), -1, 1),
        ("variance_scaling", 0, sqrt(1 / FAN_IN), -2.3 / sqrt(FAN_IN), 2.3 / sqrt(FAN_IN)),
        ({"variance_scaling": {"scale": 2, "mode": "fan_out", "distribution": "uniform"}}, 0, sqrt(2 / FAN_OUT), -1, 1),
        ({"variance_scaling": {"distribution": "normal"}}, 0, sqrt(1 / FAN_IN), -1, 1),
        ("orthogonal", 0, sqrt(1 / FAN_IN), -1, 1),
    ],
    ids=str,
)
def test_a_weight_has_the_moments_and_bounds_of_its_initialiser(
    how: Any, mean: float, std: float, low: float, high: float
) -> None:
    weight = torch.empty(256, 64, 3, 3)
    torch.manual_seed(0)
    with Draws() as draws:
        initialize(weight, parse(how), draws)
    assert weight.mean().item() == pytest.approx(mean, abs=0.01 * std + 1e-12)
    assert weight.std().item() == pytest.approx(std, rel=0.01, abs=1e-12)
    assert low <= weight.min()
    assert weight.max() <= high


def test_every_initialiser_can_draw() -> None:
    required = {"constant": {"value": 1}}
    for name in INITIALIZERS:
        weight = torch.full((4, 3), float("nan"))
        with Draws() as draws:
            initialize(weight, parse({name: required.get(name, {})}), draws)
        assert not weight.isnan().any(), name


def network(**init: Any) -> Graph:
    sketch = Sketch(x=("N", 64))
    sketch.add("fc", "linear", "x", features=128)
    sketch.nodes["fc"].init = {name: parse(value) for name, value in init.items()}
    sketch.add("token", "parameter", shape=[1, 128])
    sketch.nodes["token"].init = {"": parse("ones")}
    return sketch.graph(out=sketch.add("sum", "add", "fc", "token"))


def test_named_weights_are_initialised_once_and_others_drawn_as_torch_does() -> None:
    torch.manual_seed(0)
    expected = torch.empty(128).uniform_(-(64**-0.5), 64**-0.5)  # the first that is drawn
    torch.manual_seed(0)
    module = emit(network(weight="zeros"))
    assert not module.get_parameter("fc.weight").any()
    assert torch.equal(module.get_parameter("fc.bias"), expected)
    assert bool((module.get_parameter("token") == 1).all())


def test_a_module_whose_weights_are_all_named_draws_them_once() -> None:
    torch.manual_seed(0)
    expected = torch.empty(128, 64).normal_(0, 0.5)
    torch.manual_seed(0)
    module = emit(network(weight={"normal": {"std": 0.5}}, bias="zeros"))
    assert torch.equal(module.get_parameter("fc.weight"), expected)
    assert not module.get_parameter("fc.bias").any()


def test_of_what_is_named_no_initialiser_of_torch_draws_a_number() -> None:
    sketch = Sketch(x=("N", 5, 8))
    sketch.add("attend", "multi_head_attention", "x", heads=2)
    names = ("in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias")
    sketch.nodes["attend"].init = {name: parse("zeros") for name in names}
    before = torch.random.get_rng_state()
    module = emit(sketch.graph(out="attend"))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert not any(weight.any() for weight in module.parameters())


def test_one_seed_builds_one_network() -> None:
    built = []
    for _ in range(2):
        torch.manual_seed(7)
        built.append(emit(network(weight={"truncated_normal": {"std": 1.0}})).get_parameter("fc.weight"))
    assert torch.equal(*built)
