"""The limit of what a module holds: parameters, buffers and constants, each where it is owned, once."""

from __future__ import annotations

from typing import Any

import pytest

from archspec.backends.torch_fx import emit
from archspec.compiler import load_graph, load_spec
from archspec.frontend.limits import limits_from
from archspec.ir.graph import Graph, GraphInput
from archspec.ir.held_weights import own_weights
from archspec.ir.op import Example, Op
from archspec.ops import find, names
from archspec.source.diagnostic import Diagnostic, Diagnostics, Severity
from archspec.source.span import Source
from tests.graphs import Sketch

SPECS = {
    "parameters": ("[N, 8]", "{linear: {id: a, features: 4}}"),
    "running statistics": ("[N, 8, 5, 5]", "{batch_norm: {id: a}}"),
    "an index of relative positions": ("[N, 12, 12, 6]", "{window_attention: {id: a, heads: 3, window: 6}}"),
    "constants": ("[N, 3, 5, 5]", "{affine: {id: a, scale: [1, 2, 3], shift: [4, 5, 6]}}"),
    "chosen places": ("[N, 8]", "{index_select: {id: a, axis: 1, indices: [0, 2, 5]}}"),
    "weights used again": ("[N, 8, 5, 5]", "{batch_norm: {id: a}}, {batch_norm: {id: b, share: a}}"),
    "weights that are one": (
        "[N, 8]",
        "{linear: {id: a, features: 8}}, {linear: {id: b, features: 8, tie: {weight: a.weight}}}",
    ),
    "several layers": ("[N, 3, 9, 9]", "{conv: {id: a, kernel: 3, channels: 4}}, {batch_norm: {id: b}}"),
}
EXAMPLES = [
    pytest.param(op, example, id=f"{name}-{index}")
    for name in names()
    if (op := find(name)) is not None
    for index, example in enumerate(op.examples)
]


def network(shape: str, rows: str) -> Source:
    return Source("net.yaml", f"archspec: 1\nname: net\ninputs: {{x: {shape}}}\nlayers: [{rows}]\n")


def refused(spec: Source, most: int) -> list[Diagnostic]:
    """What is said against a spec that may hold so many numbers."""
    load_spec(spec, found := Diagnostics(), limits=limits_from([f"parameters={most}"]))
    return [finding for finding in found if finding.severity == Severity.ERROR]


def held(graph: Graph) -> int:
    module: Any = emit(graph)
    return sum(tensor.numel() for tensor in (*module.parameters(), *module.buffers()))


@pytest.mark.parametrize("name", SPECS)
def test_the_limit_is_on_what_the_module_holds(name: str) -> None:
    spec = network(*SPECS[name])
    most = held(load_graph(spec))
    assert refused(spec, most) == []
    assert [error.name for error in refused(spec, most - 1)] == ["too-many-parameters"]


@pytest.mark.parametrize(("op", "example"), EXAMPLES)
def test_an_op_says_all_that_its_module_holds(op: type[Op], example: Example) -> None:
    given = [GraphInput(f"x{index}", kind) for index, kind in enumerate(example.inputs)]
    sketch = Sketch(**{each.name: each.type.shape for each in given})
    sketch.inputs = given
    for each in given:
        sketch.nodes[each.name].types = (each.type,)
    sketch.add("op", op.name, *(each.name for each in given), **example.attributes)
    graph = sketch.graph(out="op")
    assert sum(weight.elements for weight in own_weights(graph["op"])) == held(graph)


def test_buffers_beyond_the_limit_are_refused_at_the_layer() -> None:
    spec = network("[N, H=400, W=400, 12]", "{window_attention: {heads: 3, window: 200}}")
    (error,) = refused(spec, 10**9)
    assert error.message.startswith("with 1,600,478,227 numbers in this `window_attention`")
    assert error.span is not None
    assert error.span.text == "window_attention"
