"""The torch engine, which needs nothing installed, beside the eager module of torchvision or timm, at batch 1."""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter

import archspec
from benchmarks.inference.networks import assert_near, pair
from benchmarks.inference.peers import eager
from benchmarks.inference.roof import share_of_roof
from benchmarks.inference.setting import Setting
from benchmarks.measure import Figure, speed_up

LEAST = {"inception_v3": 1.6, "inception_v4": 1.7, "googlenet": 2.0}
"""How many times as fast it has to be."""
READY = 2.0
"""The seconds within which it has to be ready."""
_NEAR = 1e-5


def figures(setting: Setting) -> Iterator[Figure]:
    for name in setting.chosen(LEAST):
        both, images = pair(name), setting.images(name, 1)
        began = perf_counter()
        fast = archspec.optimize(both.ours, images, engine="torch", cache=False)
        ready = perf_counter() - began
        calls = {"torch": lambda: [fast(images)], "eager": eager(both.theirs, images)}  # noqa: B023 - run in this turn
        assert_near(calls, both.exact(images), _NEAR)
        times = setting.timed(calls)
        detail = f"{times['torch']} against {times['eager']}"
        yield speed_up(f"{name}: torch engine to eager", times["torch"], times["eager"], LEAST.get(name), detail)
        yield share_of_roof(name, both, fast, times["torch"])
        yield Figure(f"{name}: ready in", ready, "s", READY, fast.report().engine)
