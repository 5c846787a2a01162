"""Running a compiled module, beside the same network written by hand, with the same weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import nn

import archspec
from benchmarks.handwritten_inception_v2 import InceptionV2
from benchmarks.measure import Figure, interleave, ratio
from benchmarks.startup import ROOT

NAMES = ("compiled", "hand-written")


def figures() -> Iterator[Figure]:
    torch.manual_seed(0)
    compiled = archspec.compile_spec(ROOT / "specs/inception_v2.yaml")
    written = InceptionV2()
    give_weights(compiled, written)
    for batch, rounds in ((1, 41), (8, 9)):
        images = torch.randn(batch, 3, 299, 299)
        runs = {name: _evaluation(model, images) for name, model in zip(NAMES, (compiled, written), strict=True)}
        assert torch.equal(runs["compiled"](), runs["hand-written"]())
        times = interleave(runs, rounds)
        yield ratio(f"eval, batch {batch}", times["compiled"], times["hand-written"], 1.03, names=NAMES)
    images, classes = torch.randn(2, 3, 299, 299), torch.tensor([3, 5])
    steps = {name: _training(model, images, classes) for name, model in zip(NAMES, (compiled, written), strict=True)}
    assert torch.equal(steps["compiled"](), steps["hand-written"]())
    times = interleave(steps, 13)
    yield ratio("a training step, batch 2", times["compiled"], times["hand-written"], 1.03, names=NAMES)


def give_weights(source: nn.Module, target: nn.Module) -> None:
    """Copy all weights; both list them in the same order, under keys of their own."""
    given, keys = source.state_dict(), target.state_dict()
    target.load_state_dict(dict(zip(keys, given.values(), strict=True)))


def _evaluation(model: nn.Module, images: torch.Tensor) -> Callable[[], torch.Tensor]:
    def run() -> torch.Tensor:
        with torch.inference_mode():
            return model.eval()(images)  # type: ignore[no-any-return]

    return run


def _training(model: nn.Module, images: torch.Tensor, classes: torch.Tensor) -> Callable[[], torch.Tensor]:
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)

    def step() -> torch.Tensor:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model.train()(images), classes)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        return loss.detach()

    return step
