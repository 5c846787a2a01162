"""Emit a network as an ONNX model: each step of each node in turn, by the translation of what it calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from inspect import signature
from typing import Any, Final

import torch

from archspec.analysis.at_sizes import WrongSizesError, over_symbols
from archspec.backends.constants import tensor_of
from archspec.backends.dtypes import dtype_name, torch_dtype
from archspec.backends.onnx import (  # noqa: F401 - each enters its translations
    arithmetic,
    attention,
    convolutions,
    linear,
    normalizations,
    pointwise,
    pooling,
    positions,
    recurrent,
    reductions,
    resampling,
    selections,
    shapes,
    window_attention,
)
from archspec.backends.onnx.model import OnnxModel
from archspec.backends.onnx.refusal import NotInOnnxError
from archspec.backends.onnx.registry import METHOD, TRANSLATIONS
from archspec.backends.onnx.types import ONNX_DTYPES, Tensor
from archspec.backends.onnx.writer import Writer
from archspec.ir.dims import Dim, DimTooLarge
from archspec.ir.graph import Graph, Node, Value
from archspec.ir.op import Arg, Rest, Result, Step
from archspec.ir.types import TensorType
from archspec.passes.network import Network, key_of

OPSET: Final = 20
"""The newest whose operators both ONNX Runtime and OpenVINO run throughout."""
IR_VERSION: Final = 10


def emit_onnx(network: Network, values: Mapping[str, torch.Tensor], *, nominal: bool = False) -> OnnxModel:
    """The ONNX model that computes what a network does in eval mode.

    Its inputs and outputs are those of the network, by name. Their sides that are symbols stay so (`N`, `H`), and the
    model runs at every size at which the network does, unless that cannot be told over symbols.

    Args:
        network: what passes of `FOLDING` have made of a graph: others are for torch.
        values: its parameters and buffers, as `archspec.backends.weight_values.Values` gives them.
        nominal: whether sizes of the inputs that have a nominal one are that, and nothing else.

    Raises:
        NotInOnnxError: it has something that is not expressed in ONNX.
    """
    import onnx

    graph = network.graph if nominal else _over_symbols(network.graph)
    for name in graph.outputs.keys() & graph.inputs.keys():
        raise NotInOnnxError("", "", f"an input and an output of it are both called `{name}`")
    model = OnnxModel(
        onnx.ModelProto(ir_version=IR_VERSION, producer_name="archspec"), onnx.GraphProto(name=network.graph.name)
    )
    model.head.opset_import.add(domain="", version=OPSET)
    _Emitter(graph, network, values, model).write()
    return model


def free_sizes(network: Network) -> bool:
    """Whether no step of a network would be another one at other sizes of the inputs.

    What has weights is as it was built: sizes at which these do not fit are none of the network.
    """
    try:
        graph = over_symbols(network.graph)
    except WrongSizesError:
        return False
    try:
        return all(
            _are_alike(_steps(network.graph[node.path], network.graph), node, graph) for node in graph.operations()
        )
    except AssertionError:  # an op is built by a size that is a number in no other way
        return False


def _over_symbols(graph: Graph) -> Graph:
    try:
        return over_symbols(graph)
    except WrongSizesError:
        return graph


def _steps(node: Node, graph: Graph) -> list[Step]:
    return node.resolved.lower(*(graph.input_types(node) or ()))


def _are_alike(steps: list[Step], node: Node, graph: Graph) -> bool:
    others = _steps(node, graph)
    return len(steps) == len(others) and all(map(_is_alike, steps, others))


def _is_alike(step: Step, other: Step) -> bool:
    """Whether a step is the same over symbols, or a module that was built with a number in the place of one."""
    built = {
        name: step.settings.get(name) if step.kind == "module" and isinstance(value, Dim) else value
        for name, value in other.settings.items()
    }
    return (step.kind, step.target, step.args, step.name) == (
        other.kind,
        other.target,
        other.args,
        other.name,
    ) and dict(step.settings) == built


class _Emitter:
    """Writes one network."""

    def __init__(self, graph: Graph, network: Network, values: Mapping[str, torch.Tensor], model: OnnxModel) -> None:
        self.graph = graph
        """With the types that hold at all sizes."""
        self.network = network
        self.proto = model.graph
        self.inputs = {name: graph[name].types[0] for name in graph.inputs}
        self.writer = Writer(model, self.inputs, {**values, **dict(_constants(graph))})
        self.values: dict[Value, Tensor] = {}
        _check_dtypes(graph, values)

    def write(self) -> None:
        """Add all inputs, nodes and outputs."""
        for name in (*self.graph.inputs, *self.graph.outputs):
            self.writer.reserve(name)
        for name, given in self.inputs.items():
            _declare(self.proto.input.add(name=name), given)
            self.values[Value(name)] = Tensor(name, given)
        for node in self.graph.operations():
            self._run(node)
        for output in self.graph.outputs.values():
            value = self.values[output.value]
            self.proto.node.add(
                op_type="Identity", name=f"{output.name}/output", input=[value.name], output=[output.name]
            )
            _declare(self.proto.output.add(name=output.name), value.type)

    def _run(self, node: Node) -> None:
        self.writer.enter(node.path, node.resolved.name)
        results: list[Any] = []
        for step in _steps(self.network.graph[node.path], self.network.graph):
            results.append(self._translate(step, node, results))
        last = results[-1]
        for port, given in enumerate(last if isinstance(last, tuple) else (last,)):
            self.values[Value(node.path, port)] = self._typed(given, node.types[port])

    def _typed(self, given: Tensor, inferred: TensorType) -> Tensor:
        """What a node gives with the type that was inferred, which says most of its sides."""
        if given.dtype != inferred.dtype:
            self.writer.refuse(f"it is {given.dtype}, where {inferred.dtype} was inferred")
        assert given.rank == inferred.rank, f"{given} has another rank than {inferred}"
        return Tensor(given.name, inferred)

    def _translate(self, step: Step, node: Node, results: list[Any]) -> Any:
        self.writer.prefix = step.name
        if step.kind == "weight":
            return self.writer.weight("")
        target = METHOD + step.target if step.kind == "method" else step.target
        translation = TRANSLATIONS.get(target)
        if translation is None:
            self.writer.refuse(f"there is no translation of `{target}`")
        args = [self.writer, *(self._fill(arg, node, results) for arg in step.args)]
        settings = {name: self._fill(value, node, results) for name, value in step.settings.items()}
        try:
            bound = signature(translation).bind(*args, **settings)
        except TypeError as error:
            self.writer.refuse(f"`{target}` is not translated with all that it is called with: {error}")
        try:
            return translation(*bound.args, **bound.kwargs)
        except DimTooLarge as error:
            self.writer.refuse(f"a size cannot be told over symbols: {error}")

    def _fill(self, value: Any, node: Node, results: list[Any]) -> Any:
        match value:
            case Arg(index):
                return self.values[node.inputs[index]]
            case Rest(index):
                return [self.values[given] for given in node.inputs[index:]]
            case Result(index):
                return results[index]
            case list() | tuple():
                return type(value)(self._fill(item, node, results) for item in value)
            case _:
                return value


def _constants(graph: Graph) -> Iterator[tuple[str, torch.Tensor]]:
    """The fixed values that the spec gives, which no `state_dict` has."""
    for node in graph.operations():
        for name, weight in node.weights.items():
            if weight.kind == "constant":
                yield key_of(node.path, name), tensor_of(weight, torch_dtype(weight.dtype))


def _check_dtypes(graph: Graph, values: Mapping[str, torch.Tensor]) -> None:
    """Refuse weights of another dtype than the graph says, as a module may be built in one."""
    for node in graph.operations():
        for name, weight in node.weights.items():
            value = values.get(key_of(node.path, name))
            if value is not None and dtype_name(value.dtype) != weight.dtype:
                reason = f"its weights are {dtype_name(value.dtype)}, where the graph has {weight.dtype}"
                raise NotInOnnxError(node.path, node.resolved.name, reason)


def _declare(value: Any, given: TensorType) -> None:
    """Say the type of an input or an output."""
    value.type.tensor_type.elem_type = ONNX_DTYPES[given.dtype]
    shape = value.type.tensor_type.shape
    shape.SetInParent()  # one without axes is a shape, too
    for side in given.shape:
        if isinstance(side, int):
            shape.dim.add(dim_value=side)
        else:
            shape.dim.add(dim_param=str(side))
