from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
import torch

from archspec.backends.torch_fx import emit
from archspec.ir.graph import Graph, Scope, Value
from tests.graphs import Sketch


def tower(sketch: Sketch, path: str, read: str, *, share: str | None = None) -> str:
    """A block with a learned token, a linear layer and a scope of its own; all of another's weights when it shares."""
    scope = sketch.scope(path, block="tower", share=share)
    inner = sketch.scope(f"{path}.inner", inside=scope, block="inner", share=f"{share}.inner" if share else None)

    def shared(name: str) -> str | None:
        return f"{share}.{name}" if share else None

    fc = sketch.add(f"{path}.inner.fc", "linear", read, inside=inner, share=shared("inner.fc"), features=4)
    token = sketch.add(f"{path}.token", "parameter", inside=scope, share=shared("token"), shape=[1, 4])
    return sketch.add(f"{path}.sum", "add", fc, token, inside=scope, share=shared("sum"))


def siamese(**tapped: str) -> Graph:
    sketch = Sketch(left=("N", 4), right=("N", 4))
    one, two = tower(sketch, "one", "left"), tower(sketch, "two", "right", share="one")
    taps = {name: sketch.add(f"tap_{name}", "relu", path) for name, path in tapped.items()}
    return sketch.graph(out=sketch.add("difference", "add", one, two), **taps)


def test_a_shared_scope_is_the_owners_module_called_again() -> None:
    module = emit(siamese())
    assert list(module.state_dict()) == ["one.token", "one.inner.fc.weight", "one.inner.fc.bias"]
    assert module.get_submodule("two") is module.get_submodule("one")
    left, right = torch.randn(2, 3, 4)
    one = module.get_submodule("one")
    assert torch.equal(module(left, right), one(left) + one(right))


def test_a_shared_scope_that_is_tapped_elsewhere_still_uses_the_owners_weights() -> None:
    module = emit(siamese(tap="two.inner.fc"))
    assert list(module.state_dict()) == ["one.token", "one.inner.fc.weight", "one.inner.fc.bias"]
    left, right = torch.randn(2, 3, 4)
    one = module.get_submodule("one")
    returned = module(left, right)
    assert torch.equal(returned.out, one(left) + one(right))
    assert torch.equal(returned.tap, module.get_submodule("one.inner.fc")(right).relu())


def lone() -> Graph:
    """A layer and a token at the top that a scope below uses again."""
    sketch = Sketch(x=("N", 4))
    first = sketch.add("first", "linear", "x", features=4)
    sketch.add("token", "parameter", shape=[1, 4])
    scope = sketch.scope("scope")
    again = sketch.add("scope.again", "linear", first, inside=scope, share="first", features=4)
    token = sketch.add("scope.token_again", "parameter", inside=scope, share="token", shape=[1, 4])
    return sketch.graph(out=sketch.add("scope.sum", "add", again, token, inside=scope))


@pytest.mark.parametrize("graph", [siamese(), siamese(tap="two.inner.fc"), lone()], ids=["scope", "tapped", "nodes"])
@pytest.mark.parametrize("copied", ["deepcopy", "pickle", "double"])
def test_copies_share_as_the_original_does(graph: Graph, copied: str) -> None:
    module = emit(graph)
    inputs = [torch.randn(3, 4) for _ in graph.inputs]
    if copied == "double":
        other, inputs = copy.deepcopy(module).double(), [tensor.double() for tensor in inputs]
        module = copy.deepcopy(module).double()
    else:
        other = copy.deepcopy(module) if copied == "deepcopy" else pickle.loads(pickle.dumps(module))
    assert torch.equal(_one(other(*inputs)), _one(module(*inputs)))
    with torch.no_grad():
        for weight in other.parameters():
            weight.zero_()
    assert not _one(other(*inputs)).any()
    assert _one(module(*inputs)).any()
    assert other.state_dict().keys() == module.state_dict().keys()


def _one(returned: Any) -> torch.Tensor:
    first = returned[0] if isinstance(returned, tuple) else returned
    assert isinstance(first, torch.Tensor)
    return first


def test_nodes_share_across_scopes() -> None:
    module = emit(lone())
    assert list(module.state_dict()) == ["token", "first.weight", "first.bias"]
    x = torch.randn(3, 4)
    first = module.get_submodule("first")
    assert torch.equal(module(x), first(first(x)) + module.get_parameter("token"))


def test_shared_modules_compile_and_export() -> None:
    module, x = emit(lone()), torch.randn(3, 4)
    assert torch.allclose(torch.compile(module, fullgraph=True, backend="eager")(x), module(x))
    exported: Any = torch.export.export(module, (x,)).module()
    assert torch.allclose(exported(x), module(x))
    assert set(exported.state_dict()) == set(module.state_dict())


def test_an_owner_in_a_left_out_part_is_kept() -> None:
    sketch = Sketch(x=("N", 4))
    sketch.add("owner", "linear", "x", features=4)
    graph = sketch.graph(a="owner", b=sketch.add("user", "linear", "x", share="owner", features=4))
    assert list(emit(graph, outputs=["b"]).state_dict()) == ["owner.weight", "owner.bias"]


def tied() -> Graph:
    sketch = Sketch(x=("N", 4))
    first = sketch.add("decoder", "linear", "x", features=4, bias=False, ties={"weight": "encoder.fc.weight"})
    scope: Scope = sketch.scope("encoder")
    return sketch.graph(out=sketch.add("encoder.fc", "linear", first, inside=scope, features=4, bias=False))


def test_tied_weights_are_one_parameter_under_two_keys() -> None:
    module = emit(tied())
    for again in (module, copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert list(again.state_dict()) == ["decoder.weight", "encoder.fc.weight"]
        assert again.get_parameter("decoder.weight") is again.get_parameter("encoder.fc.weight")
        assert len(list(again.parameters())) == 1


def test_a_tied_module_takes_the_state_of_its_equal() -> None:
    source, target = emit(tied()), emit(tied())
    target.load_state_dict(source.state_dict())
    assert torch.equal(target.get_parameter("decoder.weight"), source.get_parameter("encoder.fc.weight"))


def test_a_shared_scope_with_two_phases_follows_its_owner() -> None:
    sketch = Sketch(left=("N", 4), right=("N", 4))
    for path, read, share in (("one", "left", None), ("two", "right", "one")):
        scope = sketch.scope(path, block="tower", share=share)
        main = sketch.add(f"{path}.main", "linear", read, inside=scope, share=share and "one.main", features=2)
        own = share and "one.side"
        side = sketch.add(f"{path}.side", "linear", read, inside=scope, share=own, features=2, phase="training")
        scope.outputs = (("main", Value(main)), ("side", Value(side)))
    sketch.add("sum", "add", "one.main", "two.main")
    module = emit(sketch.graph(out="sum", side=sketch.add("sides", "add", "one.side", "two.side", phase="training")))
    assert module.get_submodule("two") is module.get_submodule("one")
    left, right = torch.randn(2, 3, 4)
    assert module(left, right).side.shape == (3, 2)
    assert module.eval()(left, right).shape == (3, 2)


def test_a_recurrent_layer_runs_with_the_weights_it_is_tied_to() -> None:
    sketch = Sketch(x=("N", 3, 4))
    ties = {name: f"one.{name}" for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")}
    one, two = sketch.add("one", "gru", "x", features=4), sketch.add("two", "gru", "x", features=4, ties=ties)
    outputs = emit(sketch.graph(one=one, two=two))(torch.randn(2, 3, 4))
    assert torch.equal(outputs.one, outputs.two)
