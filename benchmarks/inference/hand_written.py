"""A compiled module beside the same network written by hand: a forward in eval mode, and a training step."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.forward import evaluation, inception_v2, training
from benchmarks.inference.networks import pair
from benchmarks.inference.setting import Setting
from benchmarks.measure import Figure

STEP = 8
"""The batch of a training step."""


def figures(setting: Setting) -> Iterator[Figure]:
    for name in setting.chosen(("inception_v2", "inception_v3")):
        if name == "inception_v2":
            compiled, written = inception_v2()
        else:
            both = pair(name)
            compiled, written = both.ours, both.theirs
        for batch in setting.batches:
            rounds = setting.rounds * (4 if batch == 1 else 1)
            yield evaluation(f"{name}, eval", compiled, written, setting.images(name, batch), rounds)
        images = setting.images(name, STEP)
        yield training(f"{name}, a training step", compiled, written, images, max(1, setting.rounds // 2))
