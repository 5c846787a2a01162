from __future__ import annotations

import copy
import io
import pickle
import weakref
from typing import Any

import pytest
import torch
from torch import fx, nn

from archspec.backends.torch_fx import emit
from archspec.ir.graph import Graph, Value
from tests.graphs import Sketch


def classifier() -> Graph:
    """Two convolutions, a head, and a side head on the first convolution that exists in training only."""
    sketch = Sketch(image=("N", 3, 8, 8))
    body = sketch.scope("body", "sequence")
    first = sketch.conv_bn("body.0", "image", inside=body, channels=4, kernel=3)
    second = sketch.conv_bn("body.1", first, inside=body, channels=6, kernel=3)
    body.outputs = (("x", Value(second)),)
    flat = sketch.add("flat", "flatten", sketch.add("pool", "global_avg_pool", second))
    logits = sketch.add("logits", "linear", flat, features=5)
    aux = sketch.scope("aux", block="aux_head", phase="training")
    pooled = sketch.add("aux.flat", "flatten", sketch.add("aux.pool", "global_avg_pool", first, inside=aux), inside=aux)
    return sketch.graph(logits=logits, aux=sketch.add("aux.fc", "linear", pooled, inside=aux, features=5))


@pytest.fixture
def image() -> torch.Tensor:
    return torch.randn(2, 3, 8, 8)


def test_keys_are_node_paths_in_order_of_registration() -> None:
    graph = classifier()
    graph.root.register_after["aux"] = "body"
    modules = [key.rpartition(".")[0] for key in emit(graph).state_dict()]
    assert list(dict.fromkeys(modules)) == ["body.0.conv", "body.0.bn", "body.1.conv", "body.1.bn", "aux.fc", "logits"]


def test_it_computes_what_the_same_layers_written_by_hand_compute(image: torch.Tensor) -> None:
    module = emit(classifier()).eval()
    x = image
    for path in ("body.0", "body.1"):
        block: Any = module.get_submodule(path)
        x = torch.relu(block.bn(block.conv(x)))
    assert torch.equal(module(image), module.get_submodule("logits")(x.mean((2, 3))))


def test_a_scope_is_a_module_that_can_be_called() -> None:
    module = emit(classifier()).eval()
    block = module.get_submodule("body.1")
    assert isinstance(block, fx.GraphModule)
    assert type(block).__name__ == "ConvBn"
    assert block(torch.randn(2, 4, 6, 6)).shape == (2, 6, 4, 4)
    second, first = module.get_submodule("body")(torch.randn(2, 3, 8, 8))
    assert (second.shape, first.shape) == ((2, 6, 4, 4), (2, 4, 6, 6))


def test_training_only_nodes_run_in_training_only_but_always_have_their_weights(image: torch.Tensor) -> None:
    module = emit(classifier())
    calls: list[bool] = []
    module.get_submodule("aux").register_forward_hook(lambda *_: calls.append(True))
    returned = module(image)
    assert returned._fields == ("logits", "aux")
    assert returned.aux.shape == (2, 5)
    assert calls == [True]
    assert module.eval()(image).shape == (2, 5)
    assert calls == [True]
    assert "aux.fc.weight" in module.state_dict()


def test_what_only_a_phase_needs_does_not_run_in_the_other() -> None:
    sketch = Sketch(image=("N", 4))
    side = sketch.add("side", "linear", "image", features=4)
    main = sketch.add("main", "linear", "image", features=4)
    graph = sketch.graph(main=main, aux=sketch.add("aux", "linear", side, features=2, phase="training"))
    module = emit(graph).eval()
    module.get_submodule("side").register_forward_hook(lambda *_: pytest.fail("it runs"))
    assert module(torch.randn(2, 4)).shape == (2, 4)


def test_left_out_outputs_are_not_built(image: torch.Tensor) -> None:
    module = emit(classifier(), outputs=["logits"])
    assert not [key for key in module.state_dict() if key.startswith("aux")]
    assert isinstance(module, fx.GraphModule)
    assert module(image).shape == (2, 5)


def test_inputs_of_left_out_outputs_are_no_arguments() -> None:
    sketch = Sketch(image=("N", 4), text=("N", 6))
    graph = sketch.graph(
        left=sketch.add("left", "linear", "image", features=2), right=sketch.add("right", "linear", "text", features=2)
    )
    assert emit(graph, outputs=["right"])(text=torch.randn(3, 6)).shape == (3, 2)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["logit"], "`logit` is no output of `by_hand`; its outputs are `logits`, `aux`"),
        ([], "no output of `by_hand` is left; its outputs are `logits`, `aux`"),
    ],
)
def test_outputs_that_are_none_are_refused(names: list[str], message: str) -> None:
    with pytest.raises(ValueError, match="output") as caught:
        emit(classifier(), outputs=names)
    assert str(caught.value) == message


def test_dotted_names_make_plain_containers() -> None:
    sketch = Sketch(image=("N", 3, 4, 4))
    inner = sketch.add("inner_blocks.0", "conv", "image", channels=2, kernel=1)
    layer = sketch.add("layer_blocks.0", "conv", inner, channels=2, kernel=1)
    module = emit(sketch.graph(out=sketch.add("inner_blocks.1", "conv", layer, channels=2, kernel=1)))
    assert type(module.get_submodule("inner_blocks")) is nn.Module
    assert [name for name, _ in module.named_children()] == ["inner_blocks", "layer_blocks"]
    assert module(torch.randn(1, 3, 4, 4)).shape == (1, 2, 4, 4)


def test_weights_without_a_module_stand_at_the_path_of_their_node() -> None:
    sketch = Sketch(tokens=("N", 2, 4))
    position = sketch.add("position", "parameter", shape=[1, 2, 4])
    both = sketch.add("sum", "add", "tokens", position)
    module = emit(sketch.graph(out=sketch.add("shifted", "affine", both, scale=[1.0, 2.0], shift=[0.5, 0.0])))
    assert list(module.state_dict()) == ["position"]
    with torch.no_grad():
        module.get_parameter("position").fill_(1)
    x = torch.randn(3, 2, 4)
    expected = (x + 1) * torch.tensor([[1.0], [2.0]]) + torch.tensor([[0.5], [0.0]])
    assert torch.allclose(module(x), expected)
    assert module.double()(x.double()).dtype == torch.float64


def test_ports_of_a_node_are_read_one_by_one() -> None:
    sketch = Sketch(image=("N", 6, 4, 4))
    sketch.add("halves", "split", "image", parts=2)
    second = sketch.add("second", "relu", "halves")
    sketch.nodes[second].inputs = (Value("halves", 1),)
    module, image = emit(sketch.graph(out=second)), torch.randn(2, 6, 4, 4)
    assert torch.equal(module(image), image[:, 3:].relu())


def test_an_empty_scope_gives_back_what_it_gets() -> None:
    sketch = Sketch(image=("N", 4))
    empty = sketch.scope("empty")
    empty.outputs = (("x", Value("image")),)
    module, image = emit(sketch.graph(out=sketch.add("relu", "relu", "image"))), torch.randn(2, 4)
    assert torch.equal(module.get_submodule("empty")(image), image)
    assert torch.equal(module(image), image.relu())


def test_arguments_have_the_names_of_the_inputs() -> None:
    sketch = Sketch(left=("N", 4), right=("N", 4))
    module = emit(sketch.graph(out=sketch.add("out", "add", "left", "right")))
    left, right = torch.randn(2, 2, 4)
    assert torch.equal(module(right=right, left=left), left + right)


def test_arguments_may_be_called_as_anything_in_the_code_is() -> None:
    names = ("torch", "input", "run_eval", "Outputs", "inf", "getattr")
    sketch = Sketch(**{name: ("N", 2) for name in names})
    for index, name in enumerate(names):
        sketch.add(f"out{index}", "relu", name, phase="training" if index == 1 else None)
    module = emit(sketch.graph(**{f"out{index}": f"out{index}" for index in range(len(names))}))
    given = torch.randn(len(names), 2)
    assert torch.equal(torch.stack(module(*given)), given.relu())
    assert len(module.eval()(*given)) == len(names) - 1


def test_an_item_may_be_called_self_as_the_first_attention_of_a_decoder() -> None:
    sketch = Sketch(x=("N", 3, 4, 4))
    first = sketch.add("self", "conv", "x", channels=2, kernel=1)
    inner = sketch.scope("block")
    in_scope = sketch.scope("block.self", inside=inner)
    second = sketch.add("block.self.conv", "conv", first, channels=2, kernel=1, inside=in_scope)
    module = emit(sketch.graph(out=sketch.add("block.out", "conv", second, channels=5, kernel=1, inside=inner)))
    assert tuple(module(torch.ones(2, 3, 4, 4)).shape) == (2, 5, 4, 4)


def test_an_argument_may_be_called_as_what_reaches_modules_with_numbers_for_names() -> None:
    sketch = Sketch(getattr=("N", 3, 4, 4))
    module = emit(sketch.graph(out=sketch.add("0", "conv", "getattr", channels=2, kernel=1)))
    assert module(torch.randn(1, 3, 4, 4)).shape == (1, 2, 4, 4)


@pytest.mark.parametrize("copied", ["deepcopy", "pickle", "torch.save"])
@pytest.mark.parametrize("phase", ["training", "eval"])
def test_copies_compute_the_same(copied: str, phase: str, image: torch.Tensor) -> None:
    module = emit(classifier()).train(phase == "training")
    if copied == "deepcopy":
        other = copy.deepcopy(module)
    elif copied == "pickle":
        other = pickle.loads(pickle.dumps(module))
    else:
        file = io.BytesIO()
        torch.save(module, file)
        file.seek(0)
        other = torch.load(file, weights_only=False)
    torch.manual_seed(0)
    expected = module(image)
    torch.manual_seed(0)
    actual = other(image)
    assert other.training == module.training
    assert all(torch.equal(left, right) for left, right in zip(expected, actual, strict=True))
    assert not {id(weight) for weight in module.parameters()} & {id(weight) for weight in other.parameters()}


def test_named_tuples_pickle_and_stay_of_one_class(image: torch.Tensor) -> None:
    with torch.no_grad():
        returned = emit(classifier())(image)
    for again in (pickle.loads(pickle.dumps(returned)), copy.deepcopy(returned)):
        assert type(again) is type(returned)
        assert torch.equal(again.aux, returned.aux)


@pytest.mark.parametrize("phase", ["training", "eval"])
def test_it_compiles_whole(phase: str, image: torch.Tensor) -> None:
    module = emit(classifier()).train(phase == "training")
    compiled = torch.compile(copy.deepcopy(module), fullgraph=True, backend="eager")
    actual, expected = compiled(image), module(image)
    assert type(actual) is type(expected)
    assert all(torch.allclose(left, right) for left, right in zip(expected, actual, strict=True))


@pytest.mark.parametrize("strict", [True, False])
def test_it_exports_with_a_dynamic_batch(strict: bool, image: torch.Tensor) -> None:
    module = emit(classifier()).eval()
    program = torch.export.export(module, (image,), dynamic_shapes={"image": {0: torch.export.Dim("N")}}, strict=strict)
    more = torch.randn(5, 3, 8, 8)
    exported: Any = program.module()
    assert torch.allclose(exported(more), module(more), atol=1e-6)


def test_an_exported_program_with_several_outputs_can_be_saved() -> None:
    sketch = Sketch(x=("N", 4))
    sketch.add("a", "linear", "x", features=2)
    module = emit(sketch.graph(a="a", b=sketch.add("b", "linear", "x", features=3)))
    program = torch.export.export(module, (torch.randn(2, 4),))
    file = io.BytesIO()
    torch.export.save(program, file)
    file.seek(0)
    loaded: Any = torch.export.load(file).module()
    assert loaded(torch.randn(2, 4)).b.shape == (2, 3)


def test_values_are_freed_after_their_last_use() -> None:
    sketch = Sketch(x=("N", 4))
    block = sketch.scope("block")
    path = "x"
    for index in range(4):
        path = sketch.add(f"block.{index}", "linear", path, inside=block, features=4)
    module = emit(sketch.graph(out=path))
    made: dict[int, weakref.ref[torch.Tensor]] = {}
    alive: list[bool] = []
    module.get_submodule("block.1").register_forward_hook(lambda *given: made.update({1: weakref.ref(given[2])}))
    module.get_submodule("block.2").register_forward_pre_hook(lambda *_: alive.append(made[1]() is not None))
    module.get_submodule("block.3").register_forward_pre_hook(lambda *_: alive.append(made[1]() is not None))
    with torch.no_grad():
        module(torch.randn(2, 4))
    assert alive == [True, False]


def test_weights_are_made_on_the_device_and_of_the_dtype_asked_for() -> None:
    module = emit(classifier(), device="meta", dtype=torch.bfloat16)
    floating = [tensor for tensor in module.state_dict().values() if tensor.is_floating_point()]
    assert {tensor.dtype for tensor in floating} == {torch.bfloat16}
    assert {tensor.device.type for tensor in module.state_dict().values()} == {"meta"}
    assert torch.get_default_dtype() == torch.float32


def test_it_moves_like_any_module(image: torch.Tensor) -> None:
    assert emit(classifier()).double().eval()(image.double()).dtype == torch.float64
