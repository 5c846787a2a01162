"""The loss of a network is what papers write, computed by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from archspec import training
from tests.specs import load
from tests.tools.training.networks import V1, batch, gradients, module_of, network

V3 = """
loss:
  logits: {cross_entropy: {label_smoothing: 0.1}}
  aux1: {cross_entropy: {label_smoothing: 0.1}, weight: 0.4}
  aux2: none
"""


def smoothed(logits: torch.Tensor, classes: torch.Tensor, share: float) -> torch.Tensor:
    """Rethinking the Inception Architecture, section 7: (1 - e) H(q, p) + e H(u, p), u the uniform distribution."""
    log = logits.log_softmax(1)
    of_class = -log[torch.arange(len(classes)), classes]
    return ((1 - share) * of_class + share * -log.mean(1)).mean()


def as_in_v1(outputs: Any, classes: torch.Tensor) -> torch.Tensor:
    real, first, second = (smoothed(logits, classes, 0) for logits in outputs)
    return real + 0.3 * first + 0.3 * second


def as_in_v3(outputs: Any, classes: torch.Tensor) -> torch.Tensor:
    return smoothed(outputs.logits, classes, 0.1) + 0.4 * smoothed(outputs.aux1, classes, 0.1)


@pytest.mark.parametrize(("recipe", "by_hand"), [(V1, as_in_v1), (V3, as_in_v3)])
def test_the_total_and_its_gradients_are_those_of_the_formula(
    recipe: str, by_hand: Callable[[Any, torch.Tensor], torch.Tensor]
) -> None:
    graph = network(recipe)
    module, (images, classes) = module_of(graph).double(), batch()
    loss = training.loss(graph)
    total, expected = (how(module(images.double()), classes) for how in (loss, by_hand))
    torch.testing.assert_close(total, expected, rtol=1e-12, atol=0)
    found, wanted = gradients(module, total), gradients(module, expected)
    assert found.keys() == wanted.keys()
    for name, gradient in found.items():
        torch.testing.assert_close(gradient, wanted[name], rtol=1e-9, atol=1e-15)


def test_terms_are_by_output_and_without_their_weights() -> None:
    graph = network(V1)
    module, (images, classes) = module_of(graph), batch()
    outputs = module(images)
    terms = training.loss(graph).terms(outputs, classes)
    assert list(terms) == ["logits", "aux1", "aux2"]
    assert all(torch.equal(terms[name], F.cross_entropy(getattr(outputs, name), classes)) for name in terms)


def test_in_eval_the_loss_is_of_what_is_there() -> None:
    graph = network(V1)
    module, (images, classes) = module_of(graph).eval(), batch()
    outputs = module(images)
    assert isinstance(outputs, torch.Tensor)
    assert torch.equal(training.loss(graph)(outputs, classes), F.cross_entropy(outputs, classes))


@pytest.mark.parametrize("kept", ["logits", "aux1"])
def test_a_module_of_some_outputs_has_the_loss_of_these(kept: str) -> None:
    graph = network(V1)
    module, (images, classes) = module_of(graph, outputs=[kept]).train(), batch()
    (term,) = training.loss(graph, outputs=[kept]).terms(module(images), classes).items()
    assert term == (kept, F.cross_entropy(module(images), classes))


def test_targets_may_differ_by_output_and_outputs_may_come_by_name() -> None:
    graph = load(
        """
        layers: [{conv: {id: a, kernel: 3, channels: 4}}, {tanh: {id: b}}]
        outputs: {a: a, b: b}
        training: {loss: {a: mse, b: {l1: {}, weight: 2}}}
        """
    )
    loss = training.loss(graph)
    a, b, of_a, of_b = torch.randn(4, 2, 4, 6, 6).unbind()
    expected = ((a - of_a) ** 2).mean() + 2 * (b - of_b).abs().mean()
    torch.testing.assert_close(loss({"a": a, "b": b}, {"a": of_a, "b": of_b}), expected)
    with pytest.raises(ValueError, match=r"no targets for output `b`, only for `a`"):
        loss({"a": a, "b": b}, {"a": of_a})
    with pytest.raises(ValueError, match=r"one tensor could be any of `a`, `b`"):
        loss(a, of_a)
    with pytest.raises(ValueError, match=r"none of the outputs has a loss: `c`; there are losses of `a`, `b`"):
        loss({"c": a}, of_a)
    with pytest.raises(ValueError, match="but this is a list"):
        loss([a, b], of_a)


@pytest.mark.parametrize(
    ("written", "by_hand"),
    [
        ("mse", lambda x, y: ((x - y) ** 2).mean()),
        ("l1", lambda x, y: (x - y).abs().mean()),
        ("{huber: {delta: 0.5}}", lambda x, y: _huber((x - y).abs(), 0.5).mean()),
        ("{smooth_l1: {beta: 0.5}}", lambda x, y: (_huber((x - y).abs(), 0.5) / 0.5).mean()),
        ("binary_cross_entropy", lambda x, y: -(y * F.logsigmoid(x) + (1 - y) * F.logsigmoid(-x)).mean()),
        (
            "{binary_cross_entropy: {positive_weight: 3}}",
            lambda x, y: -(3 * y * F.logsigmoid(x) + (1 - y) * F.logsigmoid(-x)).mean(),
        ),
        ("{mse: {}, weight: 0.25}", lambda x, y: 0.25 * ((x - y) ** 2).mean()),
    ],
)
def test_a_loss_of_values_is_its_formula(written: str, by_hand: Callable[..., torch.Tensor]) -> None:
    loss = training.loss(load(f"layers: [tanh]\ntraining: {{loss: {{output: {written}}}}}"))
    x, y = torch.randn(3, 4, dtype=torch.float64), torch.rand(3, 4, dtype=torch.float64)
    torch.testing.assert_close(loss(x, y), by_hand(x, y))


def _huber(difference: torch.Tensor, delta: float) -> torch.Tensor:
    return torch.where(difference < delta, difference**2 / 2, delta * (difference - delta / 2))


def test_classes_that_do_not_count_do_not_count() -> None:
    classes = torch.tensor([1, 255, 3])
    x = torch.randn(3, 4)
    for written, given in [("cross_entropy", x), ("nll", x.log_softmax(1))]:
        loss = training.loss(
            load(f"layers: [tanh]\ntraining: {{loss: {{output: {{{written}: {{ignore_index: 255}}}}}}}}")
        )
        torch.testing.assert_close(loss(given, classes), F.cross_entropy(x[[0, 2]], classes[[0, 2]]))
