from __future__ import annotations

import copy
import pickle
import traceback
from typing import Any

import pytest
import torch
from torch import fx, nn

from archspec.backends.program import Program, Ref, Row
from archspec.backends.scope_module import GraphScope, PhasedScope, Structure, make_scope
from archspec.backends.torch_fx import emit
from archspec.ir.graph import Graph
from tests.graphs import Sketch


def blocks(count: int = 3) -> Graph:
    sketch = Sketch(image=("N", 4, 4, 4))
    path = "image"
    for index in range(count):
        path = sketch.conv_bn(f"block{index}", path, channels=4, kernel=1)
    return sketch.graph(out=path)


def phased() -> Graph:
    sketch = Sketch(x=("N", 4))
    sketch.add("main", "linear", "x", features=2)
    return sketch.graph(main="main", aux=sketch.add("aux", "linear", "x", features=3, phase="training"))


def test_scopes_that_do_the_same_share_class_and_code() -> None:
    module, other = emit(blocks()), emit(blocks(4))
    classes = {type(child) for child in [*module.children(), *other.children()]}
    assert len(classes) == 1
    assert type(module) is not type(other)


def test_numbers_that_compare_equal_do_not_make_structures_equal() -> None:
    whole, real = torch.arange(3), []
    for factor in (1, 1.0, True):
        rows = (Row("placeholder", "x", name="x"), Row("call_function", "torch.mul", (Ref(0), factor)))
        real.append(make_scope(Structure("Times", (Program(rows, (Ref(1),)),)))(whole).is_floating_point())
    assert real == [False, True, False]


def test_the_code_reads_as_torch_fx_writes_it() -> None:
    block: Any = emit(blocks()).get_submodule("block0")
    assert [line.strip() for line in block.code.strip().splitlines()] == [
        "def forward(self, x):",
        "conv = self.conv(x);  x = None",
        "bn = self.bn(conv);  conv = None",
        "_1 = torch.nn.functional.relu(bn);  bn = None",
        "return _1",
    ]


def test_an_error_in_a_forward_shows_the_generated_line() -> None:
    try:
        emit(blocks())(torch.randn(1, 5, 4, 4))
    except RuntimeError:
        assert "conv = self.conv(x);  x = None" in traceback.format_exc()
    else:
        pytest.fail("five channels do not fit")


def test_the_graph_is_made_on_demand_and_no_burden_to_copies() -> None:
    module: Any = emit(blocks())
    module.graph.lint()
    assert [node.target for node in module.graph.nodes if node.op == "call_module"] == ["block0", "block1", "block2"]
    assert "_graph" not in copy.deepcopy(module).__dict__
    assert "_graph" not in pickle.loads(pickle.dumps(module)).__dict__


def test_editing_a_graph_changes_one_scope_and_no_other() -> None:
    module, x = emit(blocks()).eval(), torch.randn(2, 4, 4, 4)
    first: Any = module.get_submodule("block0")
    for node in first.graph.nodes:
        if node.op == "call_function":
            node.target = torch.sigmoid
    before = module(x)
    first.recompile()
    assert not torch.equal(module(x), before)
    assert type(first).__name__ == "ConvBn"
    assert not isinstance(first, GraphScope)
    assert isinstance(module.get_submodule("block1"), GraphScope)
    for other in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert torch.equal(other(x), module(x))


def test_recompiling_an_unedited_graph_changes_nothing() -> None:
    module: Any = emit(blocks())
    kind = type(module)
    module.graph.lint()
    assert module.recompile().src == module.code
    assert type(module) is kind


def test_tools_of_torch_fx_take_it() -> None:
    module: Any = emit(blocks()).eval()
    x = torch.randn(2, 4, 4, 4)
    flat = fx.symbolic_trace(module)
    assert torch.equal(flat(x), module(x))
    assert torch.equal(fx.Interpreter(module).run(x), module(x))
    again = fx.GraphModule(module, module.graph)
    assert torch.equal(again(x), module(x))
    assert "class ByHand(torch.nn.Module)" in module.print_readable(print_output=False)


def test_one_whose_nodes_differ_between_phases_has_two_codes() -> None:
    module = emit(phased())
    assert isinstance(module, PhasedScope)
    assert not isinstance(module, fx.GraphModule)
    assert module.code.count("def forward(self, x)") == 2


@pytest.mark.parametrize("kind", [GraphScope, PhasedScope])
def test_names_beyond_torchs_own_begin_with_two_underscores(kind: type[nn.Module]) -> None:
    module = emit(blocks() if kind is GraphScope else phased())
    module.eval()
    torch_names = {*dir(nn.Module()), *dir(fx.GraphModule(nn.Module(), fx.Graph())), "main", "aux"}
    own = {name for name in dir(module) if name not in torch_names and name not in dict(module.named_children())}
    assert all(name.startswith("__") for name in own), own
