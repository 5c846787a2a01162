"""What ops compute is what their formulas say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch

from archspec.ir.dims import symbol
from archspec.ir.op import Sight
from archspec.ir.types import TensorType
from archspec.ops import find
from tests.ops.runner import infer, made, run

Formula = Callable[..., torch.Tensor]

SHAPE = (2, 6, 4, 5)


def computed(name: str, attributes: Mapping[str, Any], *given: torch.Tensor, training: bool = True) -> torch.Tensor:
    types = [TensorType(tuple(one.shape), str(one.dtype).removeprefix("torch.")) for one in given]
    (found,), _ = run(made(name, **attributes), types, given, training=training)
    return found


@pytest.mark.parametrize(
    ("name", "attributes", "formula"),
    [
        ("celu", {"alpha": 0.5}, lambda x: torch.where(x > 0, x, 0.5 * (torch.exp(x / 0.5) - 1))),
        ("gelu", {"approximate": "sigmoid"}, lambda x: x / (1 + torch.exp(-1.702 * x))),
        ("log_sigmoid", {}, lambda x: -torch.log(1 + torch.exp(-x))),
        ("softsign", {}, lambda x: x / (1 + x.abs())),
        ("tanhshrink", {}, lambda x: x - x.tanh()),
        ("hardtanh", {"least": -0.5, "most": 2}, lambda x: x.clamp(-0.5, 2)),
        ("hardshrink", {"threshold": 0.8}, lambda x: torch.where(x.abs() > 0.8, x, 0)),
        ("softshrink", {"threshold": 0.8}, lambda x: x.sign() * (x.abs() - 0.8).clamp(min=0)),
        ("threshold", {"threshold": 0.1, "value": 20}, lambda x: torch.where(x > 0.1, x, 20)),
        ("squared_relu", {}, lambda x: x.clamp(min=0) * x.clamp(min=0)),
        ("softmin", {"axis": 2}, lambda x: torch.exp(-x) / torch.exp(-x).sum(2, keepdim=True)),
        ("glu", {"axis": 1}, lambda x: x[:, :3] * x[:, 3:].sigmoid()),
        ("glu", {"activation": "relu", "axis": 1}, lambda x: x[:, :3] * x[:, 3:].clamp(min=0)),
        ("glu", {"activation": "gelu", "axis": 1}, lambda x: x[:, :3] * x[:, 3:] * (1 + (x[:, 3:] / 2**0.5).erf()) / 2),
        ("glu", {"activation": "silu", "axis": 2}, lambda x: x[:, :, :2] * x[:, :, 2:] * x[:, :, 2:].sigmoid()),
        ("glu", {"activation": "tanh", "axis": 1}, lambda x: x[:, :3] * x[:, 3:].tanh()),
        ("glu", {"activation": "none", "axis": 1}, lambda x: x[:, :3] * x[:, 3:]),
        ("clamp", {"most": 0.5}, lambda x: torch.where(x < 0.5, x, 0.5)),
        ("power", {"exponent": 3}, lambda x: x * x * x),
        ("variance", {"axes": [2, 3]}, lambda x: ((x - x.mean((2, 3), keepdim=True)) ** 2).sum((2, 3)) / 19),
        (
            "variance",
            {"axes": 1, "keep": True, "unbiased": False},
            lambda x: ((x - x.mean(1, keepdim=True)) ** 2).mean(1, keepdim=True),
        ),
        ("norm", {"axes": 1, "p": 3}, lambda x: (x.abs() ** 3).sum(1) ** (1 / 3)),
        ("logsumexp", {"axes": [-1]}, lambda x: torch.exp(x).sum(-1).log()),
        ("cumulative_sum", {"axis": 3}, lambda x: torch.stack([x[..., : n + 1].sum(-1) for n in range(5)], -1)),
    ],
)
def test_of_one_tensor(name: str, attributes: dict[str, Any], formula: Formula) -> None:
    x = 2 * torch.randn(SHAPE, dtype=torch.float64)
    torch.testing.assert_close(computed(name, attributes, x), formula(x))


@pytest.mark.parametrize(
    ("name", "attributes", "formula"),
    [
        ("subtract", {}, lambda a, b: a + -1 * b),
        ("divide", {}, lambda a, b: a * (1 / b)),
        ("average", {}, lambda a, b: a / 2 + b / 2),
        ("maximum", {}, lambda a, b: torch.where(a > b, a, b)),
        ("minimum", {}, lambda a, b: torch.where(a > b, b, a)),
        ("stack", {"axis": 0}, lambda a, b: torch.cat([a[None], b[None]])),
        ("cosine_similarity", {}, lambda a, b: (a * b).sum(1) / (a * a).sum(1).sqrt() / (b * b).sum(1).sqrt()),
        ("pairwise_distance", {"p": 1, "keep": True}, lambda a, b: (a - b + 1e-6).abs().sum(-1, keepdim=True)),
    ],
)
def test_of_two_tensors(name: str, attributes: dict[str, Any], formula: Formula) -> None:
    a, b = torch.randn((2, *SHAPE), dtype=torch.float64)
    torch.testing.assert_close(computed(name, attributes, a, b), formula(a, b))


@pytest.mark.parametrize("axes", [1, -2, -1, [3], [2, 3], [-3, -2, 3]])
def test_one_axis_or_the_last_ones_are_normalised_together(axes: int | list[int]) -> None:
    x = 2 * torch.randn(SHAPE) + 1
    centred, squares = x - x.mean(axes, keepdim=True), (x * x).mean(axes, keepdim=True)
    variance = (centred * centred).mean(axes, keepdim=True)
    torch.testing.assert_close(computed("layer_norm", {"axes": axes}, x), centred / (variance + 1e-5).sqrt())
    torch.testing.assert_close(computed("rms_norm", {"axes": axes}, x), x / squares.sqrt())


def test_an_average_counts_each_of_its_tensors_once() -> None:
    xs = torch.randn(3, 2, 4)
    torch.testing.assert_close(computed("average", {}, *xs), xs.mean(0))


def test_random_slopes_lie_in_their_range_and_are_its_middle_in_eval_mode() -> None:
    x, attributes = -torch.ones(1000), {"least": 0.2, "most": 0.6}
    slopes = -computed("rrelu", attributes, x)
    assert 0.2 <= float(slopes.min()) < float(slopes.max()) <= 0.6
    torch.testing.assert_close(computed("rrelu", attributes, x, training=False), 0.4 * x)


@pytest.mark.parametrize(
    ("name", "attributes", "sight"),
    [
        ("mean", {"axes": [2, 3]}, "everywhere"),
        ("mean", {"axes": 2, "keep": True}, "everywhere"),
        ("max", {"axes": 1, "keep": True}, "here"),
        ("max", {"axes": 1}, None),
        ("sum", {"axes": 2}, None),
        ("cumulative_sum", {"axis": 1}, "here"),
        ("cumulative_sum", {"axis": -1}, "everywhere"),
        ("glu", {"axis": 1}, "here"),
        ("glu", {"axis": 2}, None),
    ],
)
def test_what_a_place_sees(name: str, attributes: dict[str, Any], sight: Sight | None) -> None:
    assert made(name, **attributes).sees(TensorType(SHAPE)) == sight


def test_an_unbiased_variance_is_of_several_numbers() -> None:
    kind = find("variance")
    assert kind is not None
    _, must = infer(kind.model_validate({"axes": 0}), TensorType((symbol("N"), 3)))
    (condition,) = must.pending
    assert [condition.holds({"N": size}) for size in (1, 2)] == [False, True]
    _, must = infer(kind.model_validate({"axes": [2, 3]}), TensorType((2, 3, 1, 1)))
    (failure,) = must.failures
    assert (failure.name, failure.attribute) == ("side-not-positive", "axes")
    _, must = infer(kind.model_validate({"axes": 0, "unbiased": False}), TensorType((1, 3)))
    assert not must.failures
