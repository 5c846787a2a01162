"""What `archspec.optimize` chooses, beside the best of eager, torch.compile, and runtimes on exported files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import torch

import archspec
from archspec.tools.optimize.optimized import Optimized
from benchmarks.inference.networks import NETWORKS, Pair, assert_near, pair
from benchmarks.inference.peers import Call, peers
from benchmarks.inference.roof import share_of_roof
from benchmarks.inference.setting import Setting
from benchmarks.measure import Figure, Times, speed_up

LEAST = 0.97
"""How many times as fast as the best it has to be, each time."""
MEDIAN = 1.00
"""The same for the median of all."""
OF_EAGER = {("inception_v3", 1): 2.0}
"""How many times as fast as the eager module."""
OF_ROOF = {("inception_v3", 1): 0.80}
"""Which share of the best throughput of products of matrices."""
_NEAR = 1e-4
_OURS = "auto"


def figures(setting: Setting) -> Iterator[Figure]:
    found: list[float] = []
    for name in setting.chosen(NETWORKS):
        both = pair(name)
        for batch in setting.batches:
            fast, times = _measured(both, batch, setting)
            against, *others = _rows(both, batch, fast, times)
            found.append(against.number)
            yield against
            yield from others
    yield Figure("all: to the best, median", round(median(found), 2), "x", None, f"of {len(found)}", MEDIAN)


def _measured(both: Pair, batch: int, setting: Setting) -> tuple[Optimized, dict[str, Times]]:
    images = setting.images(both.name, batch)
    fast = archspec.optimize(both.ours, images, cache=False)
    with TemporaryDirectory() as folder:
        others = peers(both.theirs, images, Path(folder), quick=setting.quick)
        calls: dict[str, Call] = {_OURS: lambda: [fast(images)], **others}
        assert_near(calls, both.exact(images), _NEAR)
        times = setting.timed(calls)
    torch._dynamo.reset()  # what was compiled is not held for ever
    return fast, times


def _rows(both: Pair, batch: int, fast: Optimized, times: Mapping[str, Times]) -> Iterator[Figure]:
    label, report, point = f"{both.name}, batch {batch}", fast.report(), (both.name, batch)
    ours = times[_OURS]
    best = min((each for each in times if each != _OURS), key=lambda each: times[each].median)
    told = ", ".join(f"{each} {taken.median * 1e3:.1f}" for each, taken in times.items())
    yield speed_up(f"{label}: {report.engine} to {best}", ours, times[best], LEAST, f"{told} ms")
    if point in OF_EAGER:
        detail = f"{ours} against {times['eager']}"
        yield speed_up(f"{label}: {report.engine} to eager", ours, times["eager"], OF_EAGER[point], detail)
    if point in OF_ROOF:
        yield share_of_roof(label, both, fast, ours, OF_ROOF[point])
