from __future__ import annotations

import copy
import pickle

import torch

from archspec.backends.torch_fx import emit
from tests.graphs import Sketch


def test_ten_thousand_nodes_build_run_and_copy() -> None:
    sketch = Sketch(image=("N", 2, 2, 2))
    path = "image"
    for index in range(3400):
        path = sketch.conv_bn(f"block{index}", path, channels=2, kernel=1)
    graph = sketch.graph(out=path)
    assert len(graph) > 10_000
    module, image = emit(graph).eval(), torch.randn(1, 2, 2, 2)
    with torch.no_grad():
        expected = module(image)
        assert torch.equal(copy.deepcopy(module)(image), expected)
        assert torch.equal(pickle.loads(pickle.dumps(module))(image), expected)
    assert len({type(child) for child in module.children()}) == 1


def test_a_scope_of_thousands_of_nodes_builds_and_copies() -> None:
    sketch = Sketch(x=("N", 2))
    path = "x"
    for index in range(3000):
        path = sketch.add(f"relu{index}", "relu", path)
    module, x = emit(sketch.graph(out=path)), torch.randn(1, 2)
    assert torch.equal(pickle.loads(pickle.dumps(copy.deepcopy(module)))(x), x.relu())


def test_scopes_nest_as_deep_as_a_spec_can() -> None:
    sketch = Sketch(x=("N", 2))
    inside = None
    for depth in range(64):
        inside = sketch.scope(".".join(["a"] * (depth + 1)), inside=inside)
    module, x = emit(sketch.graph(out=sketch.add(".".join(["a"] * 65), "relu", "x", inside=inside))), torch.randn(1, 2)
    assert torch.equal(pickle.loads(pickle.dumps(copy.deepcopy(module)))(x), x.relu())
