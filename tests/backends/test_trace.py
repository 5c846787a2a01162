from __future__ import annotations

import pytest
import torch

from archspec.backends.inputs import random_inputs
from archspec.backends.torch_fx import emit
from archspec.backends.trace import run_and_compare
from archspec.ir.dims import symbol
from archspec.ir.graph import Graph, Phase, Value
from archspec.ir.types import TensorType
from tests.graphs import Sketch

N = symbol("N")


def network() -> tuple[Sketch, Graph]:
    sketch = Sketch(image=("N", 4, 6, 6))
    path = sketch.conv_bn("block", "image", channels=4, kernel=3)
    scope = sketch.scope("tail")
    halves = sketch.add("tail.halves", "split", path, inside=scope, parts=2)
    other = sketch.add("tail.other", "relu", halves, inside=scope)
    sketch.nodes[other].inputs = (Value(halves, 1),)
    both = sketch.add("tail.both", "add", halves, other, inside=scope)
    noisy = sketch.add("tail.noisy", "dropout", both, inside=scope)
    side = sketch.add("side", "flatten", path, phase="training")
    return sketch, sketch.graph(out=noisy, side=side)


@pytest.mark.parametrize("phase", ["training", "eval"])
def test_what_is_as_inferred_gives_no_mismatch(phase: Phase) -> None:
    _, graph = network()
    assert run_and_compare(graph, emit(graph), random_inputs(graph, batch=3), phase) == []


@pytest.mark.parametrize(
    ("path", "port", "wrong", "message"),
    [
        ("block.conv", 0, TensorType((N, 4, 5, 4)), "[3, 4, 5, 4] was inferred, but [3, 4, 4, 4] came out in training"),
        ("block.1", 0, TensorType((N * 2, 4, 4, 4)), "[6, 4, 4, 4] was inferred"),
        ("tail.halves", 1, TensorType((N, 3, 4, 4)), "`tail.halves` (output 1): [3, 3, 4, 4] was inferred"),
        ("tail.both", 0, TensorType((N, 2, 4, 4), "int64"), "int64[3, 2, 4, 4] was inferred"),
        ("side", 0, TensorType((N, 63)), "[3, 63] was inferred"),
        ("image", 0, TensorType((N, 4, 6, 7)), "`image`: [3, 4, 6, 7] was inferred, but [3, 4, 6, 6] came out"),
    ],
)
def test_a_wrong_inference_is_found_wherever_it_is(path: str, port: int, wrong: TensorType, message: str) -> None:
    sketch, graph = network()
    module, inputs = emit(graph), random_inputs(graph, batch=3)
    types = list(sketch.nodes[path].types)
    types[port] = wrong
    sketch.nodes[path].types = tuple(types)
    (mismatch,) = run_and_compare(graph, module, inputs, "training")
    assert (mismatch.path, mismatch.port) == (path, port)
    assert message in str(mismatch)


def test_each_use_of_a_shared_scope_is_compared_with_its_own_types() -> None:
    sketch = Sketch(small=("N", 3, 4, 4), large=("N", 3, 8, 8))
    for path, read, share in (("one", "small", None), ("two", "large", "one")):
        scope = sketch.scope(path, block="tower", share=share)
        sketch.add(f"{path}.conv", "conv", read, inside=scope, share=share and "one.conv", channels=2, kernel=3)
    graph = sketch.graph(one="one.conv", two="two.conv")
    module, inputs = emit(graph), random_inputs(graph)
    assert run_and_compare(graph, module, inputs, "eval") == []
    sketch.nodes["two.conv"].types = (TensorType((N, 2, 5, 6)),)
    (mismatch,) = run_and_compare(graph, module, inputs, "eval")
    assert mismatch.path == "two.conv"


def test_it_leaves_the_module_as_it_was() -> None:
    _, graph = network()
    module, inputs = emit(graph).eval(), random_inputs(graph)
    module.get_submodule("block").train()
    before = {key: tensor.clone() for key, tensor in module.state_dict().items()}
    torch.manual_seed(3)
    state = torch.get_rng_state()
    run_and_compare(graph, module, inputs, "training")
    assert all(torch.equal(tensor, before[key]) for key, tensor in module.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)
    assert (module.training, module.get_submodule("block").training) == (False, True)
    assert not any("forward" in child.__dict__ for child in module.modules())


def test_a_part_of_the_outputs_is_compared_too() -> None:
    _, graph = network()
    inputs = random_inputs(graph)
    assert run_and_compare(graph, emit(graph, outputs=["out"]), inputs, "training") == []
