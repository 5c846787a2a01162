"""What computing in bfloat16 gives and costs beside float32, at batch 1, each on the engine that is chosen for it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import archspec
from archspec.tools.optimize.numbers import difference
from benchmarks.inference.networks import NETWORKS, pair
from benchmarks.inference.setting import Setting
from benchmarks.measure import Figure, speed_up

_ALLOWED = 5e-2


def figures(setting: Setting) -> Iterator[Figure]:
    for name in setting.chosen(NETWORKS):
        both, images = pair(name), setting.images(name, 1)
        exact = both.exact(images)
        fast = {
            precision: archspec.optimize(both.ours, images, precision=precision, cache=False)
            for precision in ("float32", "bfloat16")
        }
        apart = {precision: difference([call(images)], exact) for precision, call in fast.items()}
        times = setting.timed({precision: partial(call, images) for precision, call in fast.items()})
        coarse, fine = times["bfloat16"], times["float32"]
        label, peer = (fast[precision].report().engine for precision in ("bfloat16", "float32"))
        yield speed_up(f"{name}: {label} to {peer}", coarse, fine, None, f"{coarse} against {fine}")
        detail = f"{apart['float32']:.1e} in float32"
        yield Figure(f"{name}: difference to float64", apart["bfloat16"], "", _ALLOWED, detail)
