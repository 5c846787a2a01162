"""Running a compiled module, beside the same network written by hand, with the same weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

import archspec
from archspec.backends.engines.torch_engine import outputs_of
from archspec.tools.verify.weights import redraw
from benchmarks.handwritten_inception_v2 import InceptionV2
from benchmarks.measure import Figure, interleave, ratio
from benchmarks.startup import ROOT

NAMES = ("compiled", "hand-written")
SIDE = 299
BAND = (0.97, 1.03)
_HEADS = 0.4
"""What the losses of auxiliary heads count, as that of the one of Inception v3."""


def figures() -> Iterator[Figure]:
    compiled, written = inception_v2()
    for batch, rounds in ((1, 41), (8, 9)):
        yield evaluation("eval", compiled, written, torch.randn(batch, 3, SIDE, SIDE), rounds)
    yield training("a training step", compiled, written, torch.randn(2, 3, SIDE, SIDE), 13)


def inception_v2() -> tuple[nn.Module, nn.Module]:
    """The network as compiled and as written by hand, with the same weights and batch statistics, all drawn anew."""
    torch.manual_seed(0)
    compiled = archspec.compile_spec(ROOT / "specs/inception_v2.yaml")
    redraw(compiled)
    written = InceptionV2()
    give_weights(compiled, written)
    return compiled, written


def give_weights(source: nn.Module, target: nn.Module) -> None:
    """Copy all weights; both list them in the same order, under keys of their own."""
    given, keys = source.state_dict(), target.state_dict()
    target.load_state_dict(dict(zip(keys, given.values(), strict=True)))


def evaluation(what: str, compiled: nn.Module, written: nn.Module, images: Tensor, rounds: int) -> Figure:
    """The time of a forward in eval mode, whose outputs are asserted to be equal."""
    runs = {name: _evaluation(model, images) for name, model in zip(NAMES, (compiled, written), strict=True)}
    return _beside(what, runs, images, rounds)


def training(what: str, compiled: nn.Module, written: nn.Module, images: Tensor, rounds: int) -> Figure:
    """The time of a training step; the losses of the first are asserted to be equal.

    Later ones need not be to the last bit: gradients that meet are added in the order in which the branches ran.
    """
    runs = {name: _training(model, images) for name, model in zip(NAMES, (compiled, written), strict=True)}
    return _beside(what, runs, images, rounds)


def _beside(what: str, runs: dict[str, Callable[[], Tensor]], images: Tensor, rounds: int) -> Figure:
    assert torch.equal(runs["compiled"](), runs["hand-written"]()), what
    times = interleave(runs, rounds)
    least, most = BAND
    label = f"{what}, batch {len(images)}"
    return ratio(label, times["compiled"], times["hand-written"], most, least=least, names=NAMES, by_round=True)


def _evaluation(model: nn.Module, images: Tensor) -> Callable[[], Tensor]:
    def run() -> Tensor:
        with torch.inference_mode():
            return model.eval()(images)  # type: ignore[no-any-return]

    return run


def _training(model: nn.Module, images: Tensor) -> Callable[[], Tensor]:
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    classes = torch.arange(len(images))

    def step() -> Tensor:
        torch.manual_seed(0)  # both drop the same
        optimizer.zero_grad()
        logits, *heads = outputs_of(model.train()(images))
        loss = nn.functional.cross_entropy(logits, classes)
        for head in heads:
            loss = loss + _HEADS * nn.functional.cross_entropy(head, classes)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        return loss.detach()

    return step
