"""Memory is what torch takes: at the peak in eval mode, and for the backward pass in training mode."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from archspec.analysis.at_sizes import at_sizes
from archspec.analysis.memory import memory
from archspec.backends.inputs import random_inputs
from archspec.backends.torch_fx import emit
from archspec.compiler import load_graph
from archspec.ir.graph import Graph
from benchmarks.memory import peak_bytes, saved_bytes
from tests.graphs import Sketch

BATCH = 2
OPS: tuple[tuple[str, int, dict[str, Any]], ...] = (
    ("conv", 1, {"channels": 4, "kernel": 3, "padding": "same"}),
    ("batch_norm", 1, {}),
    ("relu", 1, {}),
    ("silu", 1, {}),
    ("avg_pool", 1, {"kernel": 3, "stride": 1, "padding": "same"}),
    ("dropout", 1, {}),
    ("identity", 1, {}),
    ("split", 1, {"parts": 2}),
    ("scale", 1, {"factor": 0.5}),
    ("add", 2, {}),
    ("multiply", 2, {}),
    ("concat", 2, {}),
)


@st.composite
def networks(draw: st.DrawFn) -> Graph:
    """Ops in nested scopes, each reading any of the last values that fit, with one or two outputs."""
    sketch = Sketch(image=("N", 2, 6, 6))
    paths = [sketch.add("stem", "conv", "image", channels=4, kernel=3, padding="same")]
    scopes = [sketch.root]
    for index in range(draw(st.integers(1, 16))):
        move = draw(st.sampled_from(["stay", "enter", "leave"]))
        if move == "enter":
            scopes.append(sketch.scope(f"{scopes[-1].path}.part{index}".strip("."), inside=scopes[-1]))
        elif move == "leave" and len(scopes) > 1:
            scopes.pop()
        name, inputs, attributes = draw(st.sampled_from(OPS))
        first = draw(st.sampled_from(paths[-4:]))
        alike = [path for path in paths if sketch.nodes[path].types[0] == sketch.nodes[first].types[0]]
        reads = [first, *(draw(st.sampled_from(alike)) for _ in range(inputs - 1))]
        if name != "split" or sketch.nodes[first].types[0].shape[1] != 1:
            path = f"{scopes[-1].path}.{name}{index}".strip(".")
            paths.append(sketch.add(path, name, *reads, inside=scopes[-1], **attributes))
    return sketch.graph(out=paths[-1], other=draw(st.sampled_from(paths)))


@settings(max_examples=60)
@given(networks())
def test_what_is_told_is_what_torch_takes(graph: Graph) -> None:
    _hold_to_torch(graph, graph)


def test_what_is_told_of_a_published_network_is_what_torch_takes() -> None:
    graph, sizes = load_graph("specs/googlenet.yaml"), {"H": 64, "W": 64}
    _hold_to_torch(graph, at_sizes(graph, sizes), sizes)


def _hold_to_torch(graph: Graph, sized: Graph, sizes: dict[str, int] | None = None) -> None:
    torch.manual_seed(0)
    module, told = emit(graph), memory(sized, BATCH)
    inputs = list(random_inputs(graph, BATCH, sizes).values())
    assert told.bound.peak <= told.inference.peak == peak_bytes(module, inputs)
    assert told.saved_in[""] == saved_bytes(module, inputs)
    assert told.parameters == sum(one.nbytes for one in module.parameters())
    assert told.buffers == sum(one.nbytes for one in module.buffers())
