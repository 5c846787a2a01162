"""Optimisers are what TensorFlow and torch have, over the parameters of each group."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from archspec import training
from tests.specs import load
from tests.tools.training.networks import batch, module_of, network


def test_rmsprop_as_tensorflow_has_it() -> None:
    graph = network(
        """
        optimizer:
          rmsprop:
            {lr: 0.045, alpha: 0.9, momentum: 0.9, eps: 1.0, weight_decay: 0.01,
             eps_inside_root: true, initial_square: 1.0, lr_in_momentum: true}
        """
    )
    module = module_of(graph).double()
    optimizer = training.optimizer(graph, module)
    weight = dict(module.named_parameters())["stem.weight"]
    expected, square, buffer = weight.detach().clone(), torch.ones_like(weight), torch.zeros_like(weight)
    for step in range(5):
        made = torch.randn(weight.shape, generator=torch.Generator().manual_seed(step), dtype=torch.float64)
        weight.grad = made.clone()
        optimizer.param_groups[0]["lr"] = rate = 0.045 * 0.5**step
        optimizer.step()
        # tf.train.RMSPropOptimizer: ms = decay ms + (1 - decay) g^2; mom = momentum mom + lr g / sqrt(ms + eps)
        gradient = made + 0.01 * expected
        square = 0.9 * square + 0.1 * gradient**2
        buffer = 0.9 * buffer + rate * gradient / torch.sqrt(square + 1.0)
        expected = expected - buffer
        torch.testing.assert_close(weight.detach(), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("settings", ["centered: true, momentum: 0.9", "momentum: 0.5, weight_decay: 0.1", "eps: 0.1"])
def test_rmsprop_differs_from_torchs_in_what_is_asked_for_alone(settings: str) -> None:
    plain = network(f"optimizer: {{rmsprop: {{lr: 0.1, {settings}}}}}")
    ours = network(f"optimizer: {{rmsprop: {{lr: 0.1, {settings}, initial_square: 1e-30}}}}")
    modules = [module_of(graph) for graph in (plain, ours)]
    optimizers = [training.optimizer(graph, module) for graph, module in zip((plain, ours), modules, strict=True)]
    assert type(optimizers[0]) is torch.optim.RMSprop
    assert type(optimizers[1]) is not torch.optim.RMSprop
    for step in range(4):
        images, _ = batch(step)
        for module, optimizer in zip(modules, optimizers, strict=True):
            optimizer.zero_grad()
            sum(output.square().sum() for output in module(images)).backward()
            optimizer.step()
    for one, other in zip(modules[0].parameters(), modules[1].parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("written", "kind", "settings"),
    [
        ("{sgd: {lr: 0.1, momentum: 0.9, nesterov: true}}", torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
        ("{adam: {lr: 0.1, betas: [0.8, 0.9]}}", torch.optim.Adam, {"betas": (0.8, 0.9), "eps": 1e-8}),
        ("{adamw: {lr: 0.1, amsgrad: true}}", torch.optim.AdamW, {"weight_decay": 0.01, "amsgrad": True}),
        ("{rmsprop: {lr: 0.1}}", torch.optim.RMSprop, {"alpha": 0.99, "eps": 1e-8, "centered": False}),
    ],
)
def test_optimisers_are_torchs(written: str, kind: type[torch.optim.Optimizer], settings: dict[str, Any]) -> None:
    graph = network(f"optimizer: {written}")
    optimizer = training.optimizer(graph, module_of(graph))
    assert type(optimizer) is kind
    (group,) = optimizer.param_groups
    assert group["lr"] == 0.1
    assert {key: group[key] for key in settings} == settings


GROUPS = """
optimizer:
  sgd:
    lr: 0.1
    weight_decay: 1e-4
    groups:
      - {under: aux2, lr_factor: 10}
      - {of: biases, lr_factor: 2, weight_decay: 0}
      - {of: norms, weight_decay: 0}
"""
MEMBERS = {
    "all others": (0.1, 1e-4, ["stem.weight", "logits.weight", "aux1.fc.weight"]),
    "aux2": (1.0, 1e-4, ["aux2.fc.weight", "aux2.fc.bias"]),
    "biases": (0.2, 0, ["stem.bias", "logits.bias", "aux1.fc.bias"]),
    "norms": (0.1, 0, ["bn.weight", "bn.bias"]),
}


def members(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    return {
        group["name"]: (group["lr"], group["weight_decay"], group["param_names"]) for group in optimizer.param_groups
    }


class Wrapped(nn.Module):
    """As `DataParallel` and `DistributedDataParallel` wrap a module."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module


def compiled_and_wrapped(module: nn.Module) -> nn.Module:
    compiled: Any = torch.compile(module)
    return Wrapped(compiled)


@pytest.mark.parametrize("wrapped", [lambda module: module, Wrapped, torch.compile, compiled_and_wrapped])
def test_every_parameter_is_in_its_group_with_its_settings(wrapped: Callable[[nn.Module], nn.Module]) -> None:
    graph = network(GROUPS)
    module = module_of(graph)
    optimizer = training.optimizer(graph, wrapped(module))
    assert members(optimizer) == MEMBERS
    named = dict(module.named_parameters())
    for group in optimizer.param_groups:
        assert [id(weight) for weight in group["params"]] == [id(named[name]) for name in group["param_names"]]


def test_a_module_of_some_outputs_or_elsewhere_has_the_groups_that_it_can_have() -> None:
    graph = network(GROUPS)
    module = module_of(graph, outputs=["logits"]).to(torch.float64)
    assert members(training.optimizer(graph, module)) == {
        "all others": (0.1, 1e-4, ["stem.weight", "logits.weight"]),
        "biases": (0.2, 0, ["stem.bias", "logits.bias"]),
        "norms": (0.1, 0, ["bn.weight", "bn.bias"]),
    }


def test_weights_in_common_are_there_once() -> None:
    graph = load(
        """
        inputs: {tokens: {shape: [N, T=16], dtype: int64, below: 50}}
        layers:
          - embedding: {id: wte, tokens: 50, features: 8}
          - linear: {id: a, features: 8}
          - linear: {id: b, share: a}
          - linear: {id: logits, features: 50, bias: false, tie: {weight: wte.weight}}
        training: {optimizer: {sgd: {lr: 0.1, groups: [{of: biases, weight_decay: 0}]}}}
        """
    )
    assert [names for _, _, names in members(training.optimizer(graph, module_of(graph))).values()] == [
        ["wte.weight", "a.weight"],
        ["a.bias"],
    ]


def test_a_module_of_another_spec_is_refused() -> None:
    graph = network(GROUPS)
    with pytest.raises(ValueError, match=r"`0.weight` of the module is no parameter of `net`"):
        training.optimizer(graph, nn.Sequential(nn.Linear(2, 2)))
    with pytest.raises(ValueError, match="the module has no parameters of `net`"):
        training.optimizer(graph, nn.Identity())


@pytest.mark.parametrize(
    "written",
    [
        "{sgd: {lr: 0.1}}",
        "{sgd: {lr: 0.1, momentum: 0.9}}",
        "{rmsprop: {lr: 0.1}}",
        "{rmsprop: {lr: 0.1, momentum: 0.9, centered: true}}",
        "{rmsprop: {lr: 0.1, momentum: 0.9, centered: true, initial_square: 1.0}}",
        "{adam: {lr: 0.1}}",
        "{adamw: {lr: 0.1, amsgrad: true}}",
    ],
)
def test_an_optimiser_keeps_as_many_numbers_for_each_parameter_as_it_says(written: str) -> None:
    graph = network(f"optimizer: {written}")
    module = module_of(graph)
    optimizer = training.optimizer(graph, module)
    sum(output.square().sum() for output in module(batch(0)[0])).backward()
    optimizer.step()
    for parameter in module.parameters():
        held = [one for one in optimizer.state[parameter].values() if isinstance(one, torch.Tensor) and one.ndim]
        assert sum(one.numel() for one in held) == graph.training.optimizer.state * parameter.numel()
