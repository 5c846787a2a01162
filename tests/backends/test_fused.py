"""Fused layers give what their steps give, packed or not, of whatever they are given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

import archspec
from archspec.backends.fused import Fused, FusedConv, FusedLinear
from archspec.backends.torch_fx import emit
from archspec.tools.activation_memory import measure_peak
from tests.specs import load

ACTIVATIONS: dict[str, tuple[dict[str, Any], Callable[[Tensor], Tensor]]] = {
    "none": ({}, lambda x: x),
    "relu": ({}, functional.relu),
    "sigmoid": ({}, torch.sigmoid),
    "tanh": ({}, torch.tanh),
    "swish": ({}, functional.silu),
    "hardsigmoid": ({}, functional.hardsigmoid),
    "hardswish": ({}, functional.hardswish),
    "hardtanh": ({"numbers": (-0.3, 0.5)}, lambda x: functional.hardtanh(x, -0.3, 0.5)),
    "leaky_relu": ({"numbers": (0.2,)}, lambda x: functional.leaky_relu(x, 0.2)),
    "gelu": ({"form": "tanh"}, lambda x: functional.gelu(x, approximate="tanh")),
}


@pytest.fixture(autouse=True)
def every_size_is_worth_packing(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    monkeypatch.setattr(FusedLinear, "few", 0)


def linear(**settings: Any) -> FusedLinear:
    made = FusedLinear("torch.nn.Linear", in_features=16, out_features=8, **settings)
    return made.requires_grad_(False)


def conv(**settings: Any) -> FusedConv:
    made = FusedConv("torch.nn.Conv2d", in_channels=16, out_channels=8, kernel_size=3, **settings)
    return made.requires_grad_(False)


@pytest.mark.parametrize(("make", "sides"), [(linear, (4, 16)), (conv, (2, 16, 5, 5))])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_are_those_of_torch_packed_or_not(
    name: str, make: Callable[..., Fused], sides: tuple[int, ...]
) -> None:
    numbers, activation = ACTIVATIONS[name]
    layer, x = make(activation=name, **numbers), torch.randn(sides)
    plain = functional.linear if isinstance(layer, FusedLinear) else functional.conv2d
    expected = activation(plain(x, layer.weight, layer.bias))
    torch.testing.assert_close(layer(x), expected)
    layer.pack(layer.laid_out(sides))
    torch.testing.assert_close(layer(x), expected)


INPUTS: dict[str, Callable[[], Tensor]] = {
    "the rows it is packed for": lambda: torch.randn(4, 16),
    "others": lambda: torch.randn(37, 16),
    "no rows": lambda: torch.randn(0, 16),
    "no rows of several axes": lambda: torch.randn(3, 0, 2, 16),
    "one axis": lambda: torch.randn(16),
    "several axes": lambda: torch.randn(2, 3, 5, 16),
    "channels first": lambda: torch.randn(2, 16, 3, 5).permute(0, 2, 3, 1),
    "columns": lambda: torch.randn(16, 6).t(),
    "one row many times": lambda: torch.randn(1, 16).expand(6, 16),
}


@pytest.mark.parametrize(("dtype", "apart"), [(torch.float32, 1e-5), (torch.bfloat16, 2e-2)])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("given", INPUTS.values(), ids=INPUTS)
def test_a_packed_linear_layer_takes_what_a_plain_one_takes(
    given: Callable[[], Tensor], bias: bool, dtype: torch.dtype, apart: float
) -> None:
    if dtype == torch.bfloat16 and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        pytest.skip("oneDNN has no bfloat16 here")
    layer, x = linear(activation="relu", bias=bias).to(dtype), given().to(dtype)
    expected = layer(x)
    layer.pack(layer.laid_out((4, 16)))
    found = layer(x)
    torch.testing.assert_close(found, expected, rtol=apart, atol=apart)
    assert (found.stride(), layer.weight.numel()) == (expected.stride(), 0)


def test_a_linear_layer_with_little_to_do_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FusedLinear, "few", 4 * 16 * 8)
    layer = linear()
    assert not layer.gains((4, 16))
    assert layer.gains((5, 16))


@pytest.mark.parametrize("packs", [False, True])
def test_an_activation_takes_no_memory_of_its_own(packs: bool) -> None:
    layer, x = linear(activation="gelu", form="none"), torch.randn(100, 16)
    if packs:
        layer.pack(layer.laid_out(x.shape))
    assert measure_peak(lambda inputs: layer(*inputs), [x]).activations == 100 * (16 + 8) * 4


def test_weights_that_others_read_too_stay_there_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = """
    layers:
      - embedding: {id: table, tokens: 7, features: 4}
      - linear: {id: first, features: 4}
      - gelu
      - linear: {share: first}
      - linear: {id: head, features: 7, bias: false, tie: {weight: table.weight}}
    """
    made, lay_out = list[Tensor](), FusedLinear.laid_out

    def noted(layer: FusedLinear, sides: Sequence[int]) -> Tensor:
        made.append(layer.weight)
        return lay_out(layer, sides)

    monkeypatch.setattr(FusedLinear, "laid_out", noted)
    model = emit(load(rows, "{x: {shape: [N, 5], dtype: int64}}")).eval().requires_grad_(False)
    fast = archspec.optimize(model, engine="torch", cache=False)
    assert len(made) == 2, "those of `first` once for both that have them"
    for batch in (1, 3, 0):
        tokens = torch.randint(7, (batch, 5))
        torch.testing.assert_close(fast(tokens), model(tokens))
