"""Networks as ONNX models that ONNX Runtime runs, beside the modules they are to be equal to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch

from archspec.backends.onnx.emit import emit_onnx
from archspec.backends.torch_fx import emit
from archspec.backends.weight_values import Values
from archspec.ir.conditions import Conditions
from archspec.ir.dims import Size, evaluate
from archspec.ir.graph import Graph, GraphInput, GraphOutput, Node, Scope, Value
from archspec.ir.op import Op
from archspec.ir.types import TensorType
from archspec.passes import FOLDING, run_passes
from archspec.passes.network import Network, for_inference
from archspec.source.origin import Origin
from archspec.source.span import Source, Span

onnxruntime.set_default_logger_severity(3)
NOWHERE = Span(Source("by_hand.yaml", ""), 0, 0)


@dataclass
class Pair:
    """A network and the module that it is made of, whose weights are random."""

    network: Network
    module: torch.nn.Module

    @staticmethod
    def of(graph: Graph, *, undrawn: bool = False) -> Pair:
        """The pair of a graph; with `undrawn`, torch does not draw what is overwritten, and buffers hold anything."""
        module = emit(graph, device="meta" if undrawn else None).eval()
        if undrawn:
            module.to_empty(device="cpu")
        randomize(module)
        network, _ = run_passes(for_inference(graph), FOLDING)
        return Pair(network, module)

    def emit(self, *, nominal: bool = False) -> onnx.ModelProto:
        made = emit_onnx(self.network, Values(self.module.state_dict()).of(self.network), nominal=nominal)
        return onnx.load_from_string(b"".join(made.parts()))

    def differ(self, session: onnxruntime.InferenceSession, inputs: Sequence[torch.Tensor]) -> str | None:
        """How what a session gives is not what the module gives; None where it is the same."""
        with torch.no_grad():
            expected = self.module(*inputs)
        names = self.network.graph.inputs
        given = session.run(None, {name: each.numpy() for name, each in zip(names, inputs, strict=True)})
        wanted = expected if isinstance(expected, tuple) else (expected,)
        return next((said for pair in zip(given, wanted, strict=True) if (said := _differ(*pair))), None)


def randomize(module: torch.nn.Module) -> None:
    """Give weights and statistics values that nothing has by chance: 0 and 1 would hide what is left out.

    Matrices are of the size that keeps what goes through many of them in bounds. Numbers of large ones repeat, as to
    draw them all takes longer than everything else.
    """
    drawn = torch.randn(1_000_003)
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if not tensor.is_floating_point():
                continue
            numbers = drawn.repeat(-(-tensor.numel() // drawn.numel()))[: tensor.numel()].reshape(tensor.shape)
            if "var" in name:
                tensor.copy_(numbers.abs() + 0.5)
            elif tensor.ndim > 1:
                tensor.copy_(numbers * (2 / tensor[0].numel()) ** 0.5)
            else:
                tensor.copy_(0.1 * numbers + (1 if name.endswith("weight") else 0))


def session_of(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options)


def one_node(op: Op, types: Sequence[TensorType], shapes: Sequence[Sequence[Size]], sizes: Mapping[str, int]) -> Graph:
    """A graph of one node.

    Args:
        op: what it does.
        types: of its inputs, with numbers for sides.
        shapes: of its inputs, with symbols for some.
        sizes: what the symbols are.
    """
    root = Scope("", "network", None, None)
    inputs: list[GraphInput] = []
    for index, (given, shape) in enumerate(zip(types, shapes, strict=True)):
        name = f"x{index}"
        root.members.append(Node(name, None, (), root, Origin(NOWHERE, name), types=(given,)))
        inputs.append(GraphInput(name, given, dict(sizes), tuple(shape)))
    gives = op.infer(Conditions(), *types)
    node = Node(
        "node",
        op,
        tuple(Value(given.name) for given in inputs),
        root,
        Origin(NOWHERE, "node"),
        types=gives if isinstance(gives, tuple) else (gives,),
        weights=op.weights(*types),
    )
    root.members.append(node)
    outputs = [GraphOutput(f"y{port}", Value("node", port)) for port in range(len(node.types))]
    return Graph("one_node", root, inputs, outputs)


def at(given: TensorType, sizes: Mapping[str, int]) -> TensorType:
    return given.with_shape(*(evaluate(side, sizes) for side in given.shape))


def _differ(given: Any, expected: torch.Tensor) -> str | None:
    wanted = expected.detach().numpy()
    if given.shape != wanted.shape or given.dtype != wanted.dtype:
        return f"{given.dtype}{given.shape} instead of {wanted.dtype}{wanted.shape}"
    left, right = given.astype(np.float64), wanted.astype(np.float64)
    near = 2e-3 if wanted.dtype == np.float16 else 5e-5  # coordinates between pixels are of float32, too
    if np.isnan(right).any():
        return "the module gives what is no number"
    scale = np.abs(right[np.isfinite(right)]).max(initial=0.1)  # a mean of numbers like 1 may be close to 0
    if np.allclose(left, right, rtol=near, atol=near * scale):
        return None
    return f"{np.nanmax(np.abs(left - right)) / scale:.1e} of the largest apart"
