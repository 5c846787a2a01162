"""Facts of networks of 10,000 nodes, each fact by itself; and maximum flows by each algorithm of networkx."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any
from unittest.mock import patch

from networkx.algorithms import flow

from archspec import Graph, load_graph
from archspec.analysis import cuts
from archspec.analysis.at_sizes import at_sizes, over_symbols
from archspec.analysis.capacity_curve import capacity_curve, grid_changes
from archspec.analysis.cost import cost
from archspec.analysis.cuts import capacity, passages
from archspec.analysis.factorization import convolution
from archspec.analysis.input_sizes import input_sizes
from archspec.analysis.memory import memory
from archspec.analysis.receptive_field import receptive_fields
from archspec.analysis.traffic import traffic
from archspec.source.span import Source
from benchmarks.measure import Figure, interleave

HEADER = """\
archspec: 1
name: generated
inputs: {image: [N, 32, H=35, W=35]}
blocks:
  conv_bn:
    params: {channels: int, kernel: 1}
    layers:
      - conv: {id: conv, channels: $channels, kernel: $kernel, padding: same, bias: false}
      - batch_norm: {id: bn}
      - relu
  inception:
    layers:
      - concat:
          branches:
            b1: [{conv_bn: {channels: 8}}]
            b3: [{conv_bn: {channels: 4}}, {conv_bn: {channels: 8, kernel: 3}}]
            b5: [{conv_bn: {channels: 4}}, {conv_bn: {channels: 8, kernel: 3}}, {conv_bn: {channels: 8, kernel: 3}}]
            pool: [{avg_pool: {kernel: 3, stride: 1, padding: same}}, {conv_bn: {channels: 8}}]
layers:
"""
MODULE_NODES = 23
FLOWS = ("dinitz", "preflow_push", "boykov_kolmogorov", "shortest_augmenting_path", "edmonds_karp")


def figures() -> Iterator[Figure]:
    for name, text in (
        ("a chain of modules", chain(10_000)),
        ("two towers of modules", towers(10_000)),
        ("dense blocks", dense(140, 36)),
        ("convolutions that read 12 others", banded(5_000, 12)),
    ):
        graph = load_graph(Source("generated.yaml", text))
        for fact, measure in _facts(graph).items():
            limit = 5 if fact in ("cuts", "cuts of every scope") else 2
            times = interleave({"": measure}, 3)[""]
            detail = f"{len(graph):,} nodes, {graph.dag.number_of_edges():,} edges; min {times.minimum:.2f} s"
            yield Figure(f"{fact}, {name}", times.median, "s", limit, detail)
    yield from _flows()


def _facts(graph: Graph) -> dict[str, Callable[[], Any]]:
    costs, fields, cut = cost(graph), receptive_fields(graph), capacity(graph)
    assert cut is not None
    return {
        "cost": lambda: cost(graph),
        "traffic": lambda: traffic(graph, costs),
        "receptive fields": lambda: receptive_fields(graph),
        "memory": lambda: memory(graph),
        "input sizes": lambda: input_sizes(graph),
        "the same at another size": lambda: at_sizes(graph, {"H": 64}),
        "the same over symbols": lambda: over_symbols(graph),
        "factorisation": lambda: [convolution(graph, node) for node in graph],
        "the capacity curve": lambda: (capacity_curve(cut), grid_changes(graph, cut, fields)),
        "cuts": lambda: capacity(graph),
        "cuts of every scope": lambda: passages(graph),
    }


def _flows() -> Iterator[Figure]:
    """A stretch that falls apart nowhere, by each algorithm; all find a cut of the same size."""
    for what, text in (
        ("two towers of modules", towers(2_000)),
        ("convolutions that read 12 others", banded(1_000, 12)),
    ):
        graph = load_graph(Source("generated.yaml", text))
        sizes = set()
        for name in FLOWS:
            start = perf_counter()
            with patch.object(cuts, "dinitz", getattr(flow, name)):
                found = capacity(graph)
            assert found is not None
            yield Figure(f"cuts, {what}, by {name}", perf_counter() - start, "s", None, f"{len(graph):,} nodes")
            sizes.add(found.narrowest.size)
        assert len(sizes) == 1, sizes


def chain(nodes: int) -> str:
    """A spec of inception modules one after the other."""
    return f"{HEADER}  - inception: {{id: m, repeat: {nodes // MODULE_NODES}}}\n"


def towers(nodes: int) -> str:
    """Two such chains side by side: one stretch that nothing passes through whole."""
    tower = f"[{{inception: {{id: m, repeat: {nodes // MODULE_NODES // 2}}}}}]"
    return f"{HEADER}  - concat: {{branches: {{a: {tower}, b: {tower}}}}}\n"


def dense(blocks: int, layers: int) -> str:
    """Blocks in which every layer reads all before it."""
    rows: list[str] = []
    last = "image"
    for block in range(blocks):
        made = [last]
        for layer in range(layers):
            rows.append(f"  - concat: {{id: all{block}_{layer}, from: [{', '.join(made)}]}}\n")
            rows.append(f"  - conv: {{id: conv{block}_{layer}, channels: 12, kernel: 3, padding: same}}\n")
            made.append(f"conv{block}_{layer}")
        rows.append(f"  - concat: {{id: all{block}, from: [{', '.join(made)}]}}\n")
        rows.append(f"  - conv: {{id: down{block}, channels: 32, kernel: 1}}\n")
        last = f"down{block}"
    return HEADER + "".join(rows)


def banded(layers: int, window: int) -> str:
    """Convolutions of which each reads so many before it: one stretch that nothing passes through whole."""
    rows = ["  - conv: {id: conv0, channels: 12, kernel: 1}\n"]
    for layer in range(1, layers):
        read = [f"conv{index}" for index in range(max(0, layer - window), layer)]
        rows.append(f"  - concat: {{id: all{layer}, from: [{', '.join(read)}]}}\n")
        rows.append(f"  - conv: {{id: conv{layer}, channels: {12 + layer % 7}, kernel: 1}}\n")
    return HEADER + "".join(rows)
