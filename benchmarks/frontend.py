"""From the text of a spec to a typed graph, rules included, without torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import log

from archspec import Graph, load_graph
from archspec.source.span import Source
from benchmarks.generate import dense, dense_file, plain, repeated
from benchmarks.measure import Figure, interleave

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000)


def figures() -> Iterator[Figure]:
    short, long = dense_file(500), dense(10_000)
    quick = interleave({"": _loading(short)}, 41, warm_up=3)[""]
    detail = f"{_size(short):,} nodes; min {quick.minimum * 1e3:.1f} ms"
    yield Figure("a spec of 500 lines", quick.median * 1e3, "ms", 60, detail)
    slow = interleave({"": _loading(long)}, 5)[""]
    yield Figure("a spec of 10,000 rows", slow.median, "s", 2, f"{_size(long):,} nodes; min {slow.minimum:.2f} s")
    for what, write in (("rows", plain), ("`repeat`", repeated)):
        times = interleave({str(size): _loading(write(size)) for size in SIZES}, 3, warm_up=0)
        seconds = [times[str(size)].median for size in SIZES]
        detail = ", ".join(f"{size:,}: {taken:.2f} s" for size, taken in zip(SIZES, seconds, strict=True))
        yield Figure(f"growth exponent, nodes by {what}", exponent(SIZES, seconds), "", 1.1, detail)


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """The slope of the line through the points on logarithmic axes, by least squares."""
    points = [(log(size), log(taken)) for size, taken in zip(sizes, seconds, strict=True)]
    middle_x, middle_y = sum(x for x, _ in points) / len(points), sum(y for _, y in points) / len(points)
    rise = sum((x - middle_x) * (y - middle_y) for x, y in points)
    width = sum((x - middle_x) ** 2 for x, _ in points)
    return rise / width


def _loading(text: str) -> Callable[[], Graph]:
    return lambda: load_graph(Source("generated.yaml", text))


def _size(text: str) -> int:
    return sum(1 for _ in _loading(text)().operations())
