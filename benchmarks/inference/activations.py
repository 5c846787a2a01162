"""The most bytes of activations in a run of the torch engine, beside what analysis says, and the eager module."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torch import Tensor

from archspec.analysis.at_sizes import at_sizes
from archspec.analysis.memory import memory
from archspec.backends.engines import ENGINES
from archspec.tools.activation_memory import measure_peak
from archspec.tools.bench.variants import on_engine
from archspec.tools.optimize.candidate import Way
from benchmarks.inference.networks import NETWORKS, Pair, pair
from benchmarks.inference.setting import Setting
from benchmarks.measure import Figure

OF_BOUND = 1.3
OF_EAGER = 1.0


def figures(setting: Setting) -> Iterator[Figure]:
    for name in setting.chosen(NETWORKS):
        both = pair(name)
        for batch in setting.batches:
            yield from _beside(both, setting.images(name, batch))


def _beside(both: Pair, images: Tensor) -> Iterator[Figure]:
    def eager(inputs: Sequence[Tensor]) -> object:
        return both.theirs(*inputs)

    engine = on_engine(both.ours, [images], Way(ENGINES["torch"]))
    batch, _, height, width = images.shape
    assert engine.graph is not None, "it runs it node by node"
    told = memory(at_sizes(engine.graph, {"N": batch, "H": height, "W": width}, "eval")).inference.peak
    ours, theirs = measure_peak(engine.run, [images]), measure_peak(eager, [images])
    label = f"{both.name}, batch {batch}"
    workspace = f"and {_mib(ours.total - ours.activations)} of workspaces"
    detail = f"{_mib(ours.activations)} against {_mib(told)}, {workspace}"
    yield Figure(f"{label}: of the bound", ours.activations / told, "x", OF_BOUND, detail)
    detail = f"{_mib(ours.activations)} against {_mib(theirs.activations)}"
    yield Figure(f"{label}: of eager", ours.activations / theirs.activations, "x", OF_EAGER, detail)


def _mib(taken: int) -> str:
    return f"{taken / 2**20:.1f} MiB"
