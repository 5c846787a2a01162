"""Schedules, clipping and averages: what changes from step to step."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch

from archspec import training
from tests.tools.training.networks import V1, batch, gradients, module_of, network


def test_a_schedule_sets_the_rate_of_every_group_at_every_step() -> None:
    graph = network(
        """
        optimizer: {sgd: {lr: 0.1, groups: [{under: aux2, lr_factor: 10}, {of: biases, lr_factor: 2}, {of: norms}]}}
        schedule: {exponential: {gamma: 0.5, every: 2 epochs}, warmup: {over: 2 steps, start: 0.5}}
        """
    )
    optimizer = training.optimizer(graph, module_of(graph))
    schedule = training.schedule(graph, optimizer, steps_per_epoch=3)
    rates = []
    for _ in range(15):
        rates.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        schedule.step()
    factors = [0.5, 0.75, *[1.0] * 6, *[0.5] * 6, 0.25]
    assert rates == [pytest.approx([0.1 * factor, factor, 0.2 * factor, 0.1 * factor]) for factor in factors]


def test_the_epochs_of_a_recipe_are_the_end_of_its_schedule() -> None:
    graph = network("optimizer: {sgd: {lr: 1.0}}\nschedule: cosine\nepochs: 2")
    optimizer = training.optimizer(graph, module_of(graph))
    schedule = training.schedule(graph, optimizer, steps_per_epoch=2)
    rates = []
    for _ in range(5):
        rates += schedule.get_last_lr()
        optimizer.step()
        schedule.step()
    assert rates == pytest.approx([1, (1 + 0.5**0.5) / 2, 0.5, (1 - 0.5**0.5) / 2, 0])
    with pytest.raises(ValueError, match="`steps_per_epoch` is 0"):
        training.schedule(graph, optimizer, steps_per_epoch=0)


def test_gradients_are_clipped_by_their_norm_together_or_one_by_one() -> None:
    for recipe, limit in [("clip_grad_norm: 0.5", "norm"), ("clip_grad_value: 0.01", "value")]:
        graph = network(f"{V1}\n{recipe}")
        module, (images, classes) = module_of(graph), batch()
        before = gradients(module, training.loss(graph)(module(images), classes))
        norm = torch.cat([gradient.flatten() for gradient in before.values()]).norm()
        assert norm > 0.5
        torch.testing.assert_close(training.clip_gradients(graph, module), norm)
        for name, weight in module.named_parameters():
            expected = before[name] * 0.5 / norm if limit == "norm" else before[name].clamp(-0.01, 0.01)
            torch.testing.assert_close(weight.grad, expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("recipe", ["averaging: {ema: {decay: 0.8}}", "averaging: polyak"])
def test_an_average_is_its_closed_form_for_parameters_and_buffers(recipe: str) -> None:
    graph = network(recipe)
    module = module_of(graph).double()
    averaged = training.average(graph, module)
    seen = []
    for step in range(5):
        with torch.no_grad():
            for weight in module.parameters():
                weight.add_(torch.randn(weight.shape, generator=torch.Generator().manual_seed(step)))
        module(batch(step)[0].double())
        averaged.update_parameters(module)
        seen.append(copy.deepcopy(module.state_dict()))
    shares = [0.8**4, *(0.2 * 0.8**power for power in (3, 2, 1, 0))] if "ema" in recipe else [0.2] * 5
    for name, value in averaged.module.state_dict().items():
        if value.is_floating_point():
            expected = sum(share * state[name] for share, state in zip(shares, seen, strict=True))
            torch.testing.assert_close(value, expected, rtol=1e-12, atol=1e-12)
        else:
            assert torch.equal(value, seen[-1][name])


def test_an_average_is_evaluated_in_place_of_the_module_and_pickles() -> None:
    graph = network(f"{V1}\naveraging: ema")
    module, (images, classes) = module_of(graph), batch()
    averaged = training.average(graph, module)
    averaged.update_parameters(module)
    again = pickle.loads(pickle.dumps(averaged))
    with torch.no_grad():
        expected = module.eval()(images)
        for copied in (averaged, again):
            assert torch.equal(copied.eval()(images), expected)
    training.loss(graph)(averaged.eval()(images), classes)
