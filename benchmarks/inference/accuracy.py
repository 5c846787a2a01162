"""The largest difference to a run in float64, as a share of the largest output, of each engine at batch 1."""

from __future__ import annotations

from collections.abc import Iterator

import torch

import archspec
from archspec.backends.engines import ENGINES
from archspec.tools.optimize.numbers import difference
from benchmarks.inference.networks import NETWORKS, pair
from benchmarks.inference.peers import eager
from benchmarks.inference.setting import Setting
from benchmarks.measure import Figure

MOST = 2e-6


def figures(setting: Setting) -> Iterator[Figure]:
    engines = [each for each in ENGINES.values() if each.missing() is None and (each.is_brief or not setting.quick)]
    for name in setting.chosen(NETWORKS):
        both, images = pair(name), setting.images(name, 1)
        exact = both.exact(images)
        largest = f"of {max(each.abs().max().item() for each in exact):.3g}"
        of_eager = difference(eager(both.theirs, images)(), exact)
        yield Figure(f"{name}: eager", of_eager, "", None, largest)
        for engine in engines:
            fast = archspec.optimize(both.ours, images, engine=engine.name, cache=False)
            apart = difference([fast(images)], exact)
            detail = f"{largest}, {apart / of_eager:.1f}x of eager's"
            yield Figure(f"{name}: {engine.name}", apart, "", MOST if engine.is_ours else None, detail)
        torch._dynamo.reset()  # what was compiled is not held for ever
