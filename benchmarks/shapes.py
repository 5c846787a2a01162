"""Shapes: the types of all tensors at fixed sizes, over symbols with the sizes that fit, and as torch finds them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import perf_counter
from unittest.mock import patch

import torch

from archspec import Graph, compile_spec, load_graph
from archspec.analysis.input_sizes import input_sizes
from archspec.frontend import infer
from archspec.ir.graph import Graph as TypedGraph
from archspec.source.span import Source
from benchmarks.frontend import exponent
from benchmarks.generate import plain
from benchmarks.measure import Figure, interleave

SPEC = "specs/inception_v3.yaml"
SIZES = (1_000, 10_000, 100_000)


def figures() -> Iterator[Figure]:
    graph = load_graph(SPEC)
    with torch.device("meta"):
        module, image = compile_spec(SPEC).eval(), torch.zeros(2, 3, 299, 299)

    def on_meta() -> None:
        with torch.inference_mode():
            module(image)

    times = interleave({"fixed": _rules(graph), "over symbols": lambda: input_sizes(graph), "meta": on_meta}, 15)
    nodes = f"{sum(1 for _ in graph.operations())} nodes"
    for what, run, target in (
        ("the types of Inception v3 at fixed sizes", "fixed", 3),
        ("over symbols, with the sizes that fit in each phase", "over symbols", 20),
    ):
        ratio = times[run].median / times["meta"].median
        detail = f"{nodes}; min {times[run].minimum * 1e3:.1f} ms; {ratio:.2f}x of torch's meta tensors"
        yield Figure(what, times[run].median * 1e3, "ms", target, detail)
    yield Figure("a forward of the same on meta tensors", times["meta"].median * 1e3, "ms", None, "eval mode only")
    seconds = [_stage(plain(size)) for size in SIZES]
    detail = ", ".join(f"{size:,}: {taken:.2f} s" for size, taken in zip(SIZES, seconds, strict=True))
    yield Figure("growth exponent of inference, nodes in a chain", exponent(SIZES, seconds), "", 1.1, detail)


def _rules(graph: Graph) -> Callable[[], None]:
    """Every shape rule of a graph, with the weights that it sizes."""
    from archspec.ir.conditions import Conditions

    uses = [(node.resolved, graph.input_types(node) or ()) for node in graph.operations()]

    def run() -> None:
        for op, inputs in uses:
            op.infer(Conditions(), *inputs)
            op.weights(*inputs)

    return run


def _stage(text: str) -> float:
    """The seconds that inference takes of loading a spec, everything about it included."""
    taken: list[float] = []

    def timed(*args: object) -> TypedGraph:
        start = perf_counter()
        graph = infer.infer(*args)  # type: ignore[arg-type]
        taken.append(perf_counter() - start)
        return graph

    with patch("archspec.compiler.infer", timed):
        load_graph(Source("generated.yaml", text))
    return taken[0]
