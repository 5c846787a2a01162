"""Networks to draw: random ones, written as specs are, and those of the library."""

from __future__ import annotations

import json
import os
from functools import cache
from typing import Any

from hypothesis import settings, strategies

from archspec.compiler import load_graph
from archspec.ir.graph import Graph
from archspec.source.span import Source
from tests.doc_blocks import ROOT

LIBRARY = sorted(path.stem for path in (ROOT / "specs").glob("*.yaml"))

EXAMPLES = settings(max_examples=int(os.environ.get("ARCHSPEC_EXAMPLES", "30")))

_BLOCKS = {
    "conv_bn": {
        "params": {"channels": 4},
        "layers": [
            {"conv": {"id": "conv", "kernel": 3, "padding": "same", "channels": "$channels", "bias": False}},
            {"batch_norm": {"id": "bn"}},
            "relu",
        ],
    },
    "residual": {"layers": [{"add": {"branches": [[], [{"conv_bn": {"id": "one"}}, {"conv_bn": {"id": "two"}}]]}}]},
    "deep": {"layers": [{"residual": {"id": "inner", "repeat": 2}}, {"conv_bn": {"id": "last"}}]},
}


@cache
def library(name: str) -> Graph:
    """A network of the library."""
    return load_graph(ROOT / f"specs/{name}.yaml")


@strategies.composite
def networks(draw: strategies.DrawFn) -> Graph:
    """Networks of layers, blocks, sequences, branches and repeats, in which anything may read anything before it."""
    numbers = iter(range(1000))
    rows = [_item(draw, numbers, levels=3) for _ in range(draw(strategies.integers(1, 4)))]
    names = [attributes["id"] for row in rows for attributes in row.values()]
    taps = draw(strategies.lists(strategies.sampled_from(names), max_size=2))
    for place, tap in enumerate(taps):
        rows.append({"add": {"id": f"tap{place}", "from": [names[-1] if place == 0 else f"tap{place - 1}", tap]}})
    shown = draw(strategies.lists(strategies.sampled_from(names), max_size=2, unique=True))
    last = f"tap{len(taps) - 1}" if taps else names[-1]
    spec = {
        "archspec": 1,
        "name": "random",
        "inputs": {"x": ["N", 4, 8, 8]},
        "checks": {"dead-node": "off"},
        "blocks": _BLOCKS,
        "layers": rows,
        "outputs": {"last": last, **{f"also_{name}": name for name in shown}},
    }
    return load_graph(Source("random.yaml", json.dumps(spec, indent=1)))


def _item(draw: strategies.DrawFn, numbers: Any, levels: int) -> dict[str, Any]:
    kinds = ["relu", "conv", "conv_bn", "residual", "deep", "sequence", "add", "concat"]
    kind = draw(strategies.sampled_from(kinds if levels else kinds[:3]))
    attributes: dict[str, Any] = {"id": f"n{next(numbers)}"}
    if kind == "conv":
        attributes |= {"kernel": draw(strategies.sampled_from([1, 3])), "padding": "same", "channels": 4}
    if kind not in ("add", "concat"):
        attributes |= draw(strategies.sampled_from([{}, {}, {"repeat": 2}, {"repeat": 5}]))
    inside = strategies.integers(1, 3 if levels else 1)
    if kind == "sequence":
        attributes["layers"] = [_item(draw, numbers, levels - 1) for _ in range(draw(inside))]
    if kind in ("add", "concat"):
        branch = [_item(draw, numbers, levels - 1) for _ in range(draw(inside))]
        attributes["branches"] = {"a": branch, "b": draw(strategies.sampled_from([[], [_item(draw, numbers, 0)]]))}
    if kind == "concat":
        narrow = {"conv": {"id": "c", "kernel": 1, "channels": 4}}
        return {"sequence": {"id": attributes.pop("id"), "layers": [{"concat": attributes}, narrow]}}
    return {kind: attributes}
