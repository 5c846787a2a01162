"""A whole recipe: a network learns by it, goes on from what was saved, and what a recipe lacks is said."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
import torch

import archspec
from archspec import training
from archspec.ir.graph import Graph
from archspec.source.diagnostic import SpecError
from tests.specs import load, spec
from tests.tools.training.networks import batch, module_of, network

WHOLE = """
loss: {logits: {cross_entropy: {label_smoothing: 0.1}}, aux1: {cross_entropy: {}, weight: 0.4}, aux2: none}
optimizer:
  rmsprop:
    {lr: 0.01, alpha: 0.9, momentum: 0.9, eps: 1.0, eps_inside_root: true, groups: [{of: biases, lr_factor: 2}]}
schedule: {exponential: {gamma: 0.94, every: 2 epochs}, warmup: 2 steps}
clip_grad_norm: 2.0
averaging: {ema: {decay: 0.9}}
"""


class Run:
    """A module with all that its recipe makes."""

    def __init__(self, graph: Graph) -> None:
        self.graph, self.module, self.loss = graph, module_of(graph), training.loss(graph)
        self.optimizer = training.optimizer(graph, self.module)
        self.schedule = training.schedule(graph, self.optimizer, steps_per_epoch=2)

    def step(self, seed: int) -> float:
        images, classes = batch(seed % 3)
        self.optimizer.zero_grad()
        total = self.loss(self.module(images), classes)
        total.backward()
        training.clip_gradients(self.graph, self.module)
        self.optimizer.step()
        self.schedule.step()
        return float(total.detach())


def test_a_network_learns_by_its_recipe() -> None:
    run = Run(network(WHOLE))
    averaged = training.average(run.graph, run.module)
    totals = []
    for step in range(21):
        totals.append(run.step(step))
        averaged.update_parameters(run.module)
    assert sum(totals[-3:]) < 0.95 * sum(totals[:3])
    images, classes = batch(0)
    with torch.no_grad():
        assert run.loss(averaged.eval()(images), classes) < totals[0]


def test_training_goes_on_from_what_was_saved() -> None:
    graph = network(WHOLE)
    run, other = Run(graph), Run(graph)
    for step in range(5):
        run.step(step)
    saved = BytesIO()
    torch.save([part.state_dict() for part in (run.module, run.optimizer, run.schedule)], saved)
    saved.seek(0)
    states = torch.load(saved, weights_only=True)
    parts: list[Any] = [other.module, other.optimizer, other.schedule]
    for part, state in zip(parts, states, strict=True):
        part.load_state_dict(state)
    assert [run.step(step) for step in range(5, 10)] == [other.step(step) for step in range(5, 10)]
    assert run.schedule.get_last_lr() == other.schedule.get_last_lr()


def test_the_optimiser_and_the_schedule_pickle() -> None:
    run = Run(network(WHOLE))
    run.step(0)
    optimizer, schedule = pickle.loads(pickle.dumps((run.optimizer, run.schedule)))
    assert [group["lr"] for group in optimizer.param_groups] == schedule.get_last_lr()
    assert schedule.get_last_lr() == run.schedule.get_last_lr()


@pytest.mark.parametrize(
    ("make", "missing"),
    [
        (lambda graph, module: training.loss(graph), "`loss`"),
        (lambda graph, module: training.optimizer(graph, module), "`optimizer`"),
        (
            lambda graph, module: training.schedule(graph, torch.optim.SGD(module.parameters()), steps_per_epoch=1),
            "`schedule`",
        ),
        (lambda graph, module: training.clip_gradients(graph, module), "`clip_grad_norm` or `clip_grad_value`"),
        (lambda graph, module: training.average(graph, module), "`averaging`"),
    ],
)
def test_a_part_that_a_spec_does_not_have_is_a_clear_error(make: Callable[..., Any], missing: str) -> None:
    graph, bare = network("epochs: 1"), load("layers: [{linear: {features: 2}}]")
    with pytest.raises(ValueError, match=rf"the spec of `net` has no {missing} under `training`"):
        make(graph, module_of(graph))
    with pytest.raises(ValueError, match=r"the spec of `net` has no `training`\Z"):
        make(bare, module_of(bare))


def test_a_recipe_is_that_of_a_path_a_text_or_a_graph(tmp_path: Any) -> None:
    text = spec("params: {factor: 0.5}\nlayers: [tanh]\ntraining: {loss: {output: {mse: {}, weight: $factor}}}")
    (tmp_path / "net.yaml").write_text(text.text, encoding="utf-8")
    one, zero = torch.ones(2), torch.zeros(2)
    assert training.loss(tmp_path / "net.yaml")(one, zero) == 0.5
    assert training.loss(str(tmp_path / "net.yaml"), params={"factor": 3})(one, zero) == 3
    assert archspec.training.loss(text)(one, zero) == 0.5
    with pytest.raises(ValueError, match="`params` goes with the path of a spec"):
        training.loss(archspec.load_graph(text), params={"factor": 3})
    with pytest.raises(ValueError, match="`b` is no output of `net`"):
        training.loss(text, outputs=["b"])
    with pytest.raises(SpecError, match="unknown-loss"):
        training.loss(spec("layers: [tanh]\ntraining: {loss: {output: msee}}"))
    with pytest.raises(ValueError, match="no output of `net` has a loss"):
        training.loss(spec("layers: [tanh]\ntraining: {loss: {output: none}}"))
