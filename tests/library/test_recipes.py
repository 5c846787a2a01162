"""The published recipes in specs/: what they come to in numbers, and that torch can be given them."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

import archspec
from archspec import training
from archspec.ir.graph import Graph
from archspec.recipe.schedule import Clock
from tests.doc_blocks import ROOT
from tests.library.files import WITHOUT_RECIPE

TRAINED = sorted(path.stem for path in (ROOT / "specs").glob("*.yaml") if path.stem not in WITHOUT_RECIPE)


def graph_of(name: str) -> Graph:
    return archspec.load_graph(ROOT / f"specs/{name}.yaml")


@pytest.mark.parametrize("name", WITHOUT_RECIPE)
def test_what_was_never_trained_so_has_no_recipe(name: str) -> None:
    assert graph_of(name).training is None


@pytest.mark.parametrize("name", TRAINED)
def test_every_other_recipe_is_made_into_objects_of_torch(name: str) -> None:
    graph = graph_of(name)
    module = archspec.compile_graph(graph, device="meta")
    optimizer = training.optimizer(graph, module)
    assert sum(len(group["params"]) for group in optimizer.param_groups) == len(list(module.parameters()))
    if graph.training.schedule is not None:
        schedule = training.schedule(graph, optimizer, steps_per_epoch=2)
        begins_with = graph.training.schedule.factor(0, Clock(2, graph.training.epochs))
        rates = [group["initial_lr"] * begins_with for group in optimizer.param_groups]
        assert schedule.get_last_lr() == pytest.approx(rates)
    logits, classes = torch.randn(4, 10), torch.tensor([1, 2, 3, 4])
    outputs = dict.fromkeys(graph.outputs, logits)
    assert training.loss(graph)(outputs, classes).isfinite()


def test_googlenet_adds_three_tenths_of_each_auxiliary_loss() -> None:
    classes = torch.randint(0, 10, (6,))
    logits, aux1, aux2 = torch.randn(3, 6, 10).unbind()
    outputs = {"logits": logits, "aux1": aux1, "aux2": aux2}
    by_hand = [F.cross_entropy(given, classes) for given in (logits, aux1, aux2)]
    total = training.loss(graph_of("inception_v1"))(outputs, classes)
    torch.testing.assert_close(total, by_hand[0] + 0.3 * by_hand[1] + 0.3 * by_hand[2])


def test_googlenet_learns_its_biases_twice_as_fast_and_does_not_decay_them() -> None:
    graph = graph_of("inception_v1")
    module = archspec.compile_graph(graph, device="meta")
    weights, biases = training.optimizer(graph, module).param_groups
    assert (weights["lr"], weights["weight_decay"], weights["momentum"]) == (0.01, 2e-4, 0.9)
    assert (biases["lr"], biases["weight_decay"], biases["momentum"]) == (0.02, 0, 0.9)
    assert biases["param_names"] == [name for name, _ in module.named_parameters() if name.endswith(".bias")]


def test_inception_v3_smooths_the_labels_of_both_losses() -> None:
    classes = torch.randint(0, 1000, (6,))
    logits, auxiliary = torch.randn(2, 6, 1000, dtype=torch.float64).unbind()
    smoothed = 0.9 * F.one_hot(classes, 1000) + 0.1 / 1000  # section 7 of the paper
    by_hand = [-(smoothed * given.log_softmax(1)).sum(1).mean() for given in (logits, auxiliary)]
    total = training.loss(graph_of("inception_v3"))({"logits": logits, "aux_logits": auxiliary}, classes)
    torch.testing.assert_close(total, by_hand[0] + 0.4 * by_hand[1])


@pytest.mark.parametrize(
    ("name", "epochs", "factor"),
    [
        ("inception_v1", 8, 0.96),
        ("inception_v1", 16, 0.96**2),
        ("inception_v3", 2, 0.94),
        ("inception_v3", 100, 0.94**50),
        ("inception_v4", 3, 0.94),
        ("inception_resnet_v2", 4, 0.94**2),
        ("resnet50", 60, 0.1**2),
        ("resnext50_32x4d", 90, 0.1**3),
        ("squeezenet1_1", 30, 0.1),
        ("regnet_y_400mf", 5, 1.0),
    ],
)
def test_the_learning_rate_falls_as_published(name: str, epochs: int, factor: float) -> None:
    graph = graph_of(name)
    optimizer = training.optimizer(graph, archspec.compile_graph(graph, device="meta"))
    rate = optimizer.param_groups[0]["lr"]
    schedule = training.schedule(graph, optimizer, steps_per_epoch=1)
    for _ in range(epochs):
        optimizer.step()
        schedule.step()
    assert schedule.get_last_lr()[0] == pytest.approx(rate * factor)


def test_the_one_for_distances_between_sets_of_images_keeps_the_recipe_without_the_head() -> None:
    assert list(graph_of("inception_v3_fid").training.loss) == ["logits"]
