"""What an ONNX model has around its nodes: inputs, outputs, weights; and what it is refused for."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import onnx
import pytest
import torch

from archspec.backends.onnx import writer
from archspec.backends.onnx.emit import emit_onnx, free_sizes
from archspec.backends.onnx.model import OnnxModel
from archspec.backends.onnx.refusal import NotInOnnxError
from archspec.backends.torch_fx import emit
from archspec.backends.weight_values import Values
from archspec.ir.conditions import Conditions
from archspec.ir.op import Arg, Op, Step, Weight
from archspec.ir.types import TensorType
from archspec.passes import PASSES, run_passes
from archspec.passes.network import for_inference
from tests.backends.onnx_runs import Pair, one_node, session_of
from tests.specs import load

IMAGE = "{x: [N, 3, H=8, W=8]}"


def sides(value: onnx.ValueInfoProto) -> list[int | str]:
    return [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]


def test_sides_of_inputs_and_outputs_are_symbols_or_numbers_as_declared() -> None:
    pair = Pair.of(load("layers: [conv: {kernel: 3, channels: 4, stride: 2}]", IMAGE))
    model = pair.emit()
    assert sides(model.graph.input[0]) == ["N", 3, "H", "W"]
    assert sides(model.graph.output[0]) == ["N", 4, "floor((H - 1)/2)", "floor((W - 1)/2)"]
    fixed = pair.emit(nominal=True)
    assert sides(fixed.graph.input[0]) == ["N", 3, 8, 8]
    assert sides(fixed.graph.output[0]) == ["N", 4, 3, 3]


def test_outputs_have_their_names_whatever_nodes_are_called() -> None:
    rows = """
    layers:
      - relu: {id: y, from: x}
      - tanh: {id: z, from: y}
    outputs: {z: y, y: z, again: z, given: x}
    """
    pair = Pair.of(load(rows, IMAGE))
    session = session_of(pair.emit())
    assert [each.name for each in session.get_outputs()] == ["z", "y", "again", "given"]
    assert pair.differ(session, [torch.randn(2, 3, 5, 6)]) is None


def test_a_weight_that_two_nodes_have_is_held_once() -> None:
    rows = """
    layers:
      - embedding: {id: words, tokens: 50, features: 8}
      - linear: {id: head, features: 50, bias: false, tie: {weight: words.weight}}
    """
    pair = Pair.of(load(rows, "{x: {shape: [N, T=6], dtype: int64, below: 50}}"))
    model = pair.emit()
    assert [list(each.dims) for each in model.graph.initializer] == [[50, 8]]
    assert pair.differ(session_of(model), [torch.randint(0, 50, (2, 9))]) is None


def test_weights_are_held_as_they_are() -> None:
    pair = Pair.of(load("layers: [conv: {kernel: 3, channels: 4}]", IMAGE))
    held = {tuple(each.dims): onnx.numpy_helper.to_array(each) for each in pair.emit().graph.initializer}
    for tensor in pair.module.state_dict().values():
        assert np.array_equal(held[tuple(tensor.shape)], tensor.numpy())


def test_a_file_is_written_from_the_memory_of_the_weights() -> None:
    pair = Pair.of(load("layers: [conv: {kernel: 3, channels: 4}]", IMAGE))
    values = Values(pair.module.state_dict()).of(pair.network)
    before, *others = emit_onnx(pair.network, values).parts()
    pieces = [np.asarray(each) for each in others if isinstance(each, memoryview)]
    assert all(any(np.shares_memory(piece, value.numpy()) for piece in pieces) for value in values.values())
    assert len(before) < 1000


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.bool, torch.int64])
@pytest.mark.parametrize("shape", [(), (0, 3), (2, 300)])
def test_tensors_are_written_as_onnx_writes_them(dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    value = (100 * torch.randn(shape)).to(dtype)
    model = OnnxModel(onnx.ModelProto(ir_version=10), onnx.GraphProto(name="it"), {"held": value})
    (held,) = onnx.load_from_string(b"".join(model.parts())).graph.initializer
    assert held.name == "held"
    assert onnx.numpy_helper.to_array(held).astype(np.float64).tolist() == value.double().tolist()


def test_one_number_is_written_whatever_its_stride() -> None:
    value = torch.tensor([2.5, 7.0])[1:].as_strided((1,), (0,))
    model = OnnxModel(onnx.ModelProto(ir_version=10), onnx.GraphProto(name="it"), {"held": value})
    (held,) = onnx.load_from_string(b"".join(model.parts())).graph.initializer
    assert onnx.numpy_helper.to_array(held).tolist() == [7.0]


def test_an_output_with_the_name_of_an_input_is_refused() -> None:
    pair = Pair.of(load("layers: [relu: {id: r}]\noutputs: {x: r}", IMAGE))
    with pytest.raises(NotInOnnxError, match="an input and an output of it are both called `x`"):
        pair.emit()


def test_sizes_are_free_where_every_step_is_the_same_at_all_of_them() -> None:
    assert free_sizes(Pair.of(load("layers: [conv: {kernel: 3, channels: 4}, flatten, linear: 5]", IMAGE)).network)


def test_sizes_at_which_a_node_is_not_told_stay_nominal() -> None:
    pair = Pair.of(load("layers: [interpolate: 1.7]", IMAGE))
    assert not free_sizes(pair.network)
    model = pair.emit()
    assert sides(model.graph.input[0]) == ["N", 3, 8, 8]
    assert pair.differ(session_of(model), [torch.randn(5, 3, 8, 8)]) is None


def test_what_is_for_torch_alone_has_no_translation() -> None:
    graph = load("layers: [conv: {kernel: 3, channels: 4}, relu]", IMAGE)
    network, counts = run_passes(for_inference(graph), PASSES)
    assert counts["fuse-convolutions"]
    module = emit(graph)
    with pytest.raises(NotInOnnxError, match="there is no translation of"):
        emit_onnx(network, Values(module.state_dict()).of(network))


def test_weights_of_another_dtype_than_the_graph_are_told() -> None:
    graph = load("layers: [{conv: {id: stem, kernel: 3, channels: 4}}]", IMAGE)
    network = for_inference(graph)
    values = Values(emit(graph, dtype=torch.float64).state_dict()).of(network)
    with pytest.raises(NotInOnnxError) as told:
        emit_onnx(network, values)
    assert (told.value.path, told.value.op) == ("stem", "conv")
    assert str(told.value) == "`stem` (`conv`): its weights are float64, where the graph has float32"


def test_what_is_too_large_for_one_file_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "LIMIT", 100)
    with pytest.raises(NotInOnnxError, match="above 2 GB"):
        Pair.of(load("layers: [conv: {kernel: 3, channels: 4}]", IMAGE)).emit()


class CircularConv(Op):
    """A convolution as a package may have it."""

    name: ClassVar[str] = "circular_conv"
    more: dict[str, Any]

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        return x

    def weights(self, x: TensorType) -> dict[str, Weight]:
        return {"weight": Weight((3, 3, 3, 3)), "bias": Weight((3,))}

    def lower(self, x: TensorType) -> list[Step]:
        return [
            Step(
                "module",
                "torch.nn.Conv2d",
                (Arg(0),),
                {"in_channels": 3, "out_channels": 3, "kernel_size": 3} | self.more,
            )
        ]


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"padding": 1, "padding_mode": "circular"}, "is not translated with all that it is called with"),
        ({"padding": "same"}, "the padding `same` is no number"),
    ],
)
def test_what_a_translation_does_not_know_is_told(more: dict[str, Any], reason: str) -> None:
    image = TensorType((2, 3, 8, 8))
    with pytest.raises(NotInOnnxError, match=reason):
        Pair.of(one_node(CircularConv(more=more), [image], [image.shape], {})).emit()
