"""The share of the roof that a network's multiply-accumulates take: how much there is left to gain."""

from __future__ import annotations

from archspec.analysis.at_sizes import at_sizes
from archspec.analysis.cost import cost
from archspec.tools.optimize.guard import graph_of
from archspec.tools.optimize.optimized import Optimized
from archspec.tools.roof import measure_roof
from benchmarks.inference.networks import Pair
from benchmarks.measure import Figure, Times


def share_of_roof(label: str, both: Pair, fast: Optimized, taken: Times, least: float | None = None) -> Figure:
    """What a run does of the best throughput of products of matrices, which is measured now."""
    macs = cost(at_sizes(graph_of(both.ours), fast.report().sizes, "eval")).total.macs
    assert isinstance(macs, int), "all sizes are numbers"
    roof = measure_roof()
    share = 2 * macs / taken.median / (roof * 1e9)
    detail = f"{macs / 1e9:.2f} GMAC in {taken}, {roof:.0f} GFLOP/s"
    return Figure(f"{label}: share of the roof", share, "", None, detail, least)
