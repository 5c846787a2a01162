"""Memory: the bytes that activations take in inference and in training, and weights with all that belongs to them.

Everything follows from when tensors are alive. One has to live from the node that makes it to the last that reads it. A
module holds some of them longer: whoever calls a part of the network holds what it passes until the call returns, and
the part holds what it gives.

What lies in the memory of another tensor takes none of its own, but keeps that alive. What an op holds between its
calls of torch counts while it runs; what a kernel allocates for itself, such as the workspace of a convolution, does
not. Views are told as of tensors in one piece: torch writes a `flatten` of a `permute` out, here it counts as a view.

In training, whatever ops keep for the backward pass is alive at the end of the forward pass, each tensor once however
many keep it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from archspec.analysis.content import content
from archspec.analysis.cuts import UnknownSizeError
from archspec.analysis.phases import running
from archspec.ir.dims import Size, evaluate, symbols
from archspec.ir.graph import Graph, Node, Phase, Scope, Value, boundaries
from archspec.ir.held_weights import own_weights
from archspec.ir.op import Weight
from archspec.ir.types import DTYPES, TensorType


class Held(NamedTuple):
    """A tensor with memory of its own."""

    value: Value
    bytes: int


@dataclass(frozen=True, slots=True)
class Course:
    """How many bytes of activations are alive while a network runs in eval mode."""

    bytes: Mapping[str, int]
    """While each node runs, by its path, in the order of execution."""
    node: str
    """Where it is most, the first of several; empty where nothing runs."""
    alive: tuple[Held, ...]
    """The tensors that are alive there, in the order in which they are made."""
    scratch: int
    """The bytes that the node holds beside them while it runs."""

    @property
    def peak(self) -> int:
        """The most bytes that are alive at once."""
        return self.bytes.get(self.node, 0)


@dataclass(frozen=True, slots=True)
class Memory:
    """What a network takes, in bytes."""

    batch: int
    dtype: str
    inference: Course
    """As the compiled module runs it; the inputs are alive throughout, as the caller holds them."""
    bound: Course
    """The same if every tensor went with its last reader: the least for this order."""
    saved: Mapping[str, int]
    """What the backward pass needs, weights apart: by the node that makes it, where that is not nothing."""
    outputs: int
    """What the outputs in training mode take beyond that."""
    parameters: int
    """What is learned, each weight once; gradients take as much again."""
    buffers: int
    """What else belongs to the module: running averages, constants."""
    optimizer: int | None
    """What the optimiser keeps from step to step; None where the spec names none."""
    peaks: Mapping[str, int]
    """The most bytes that are alive at once while a scope runs in eval mode, by its path; `""` is the whole."""
    saved_in: Mapping[str, int]
    """What is saved of what the nodes of a scope make, by its path; `""` is the whole, inputs included."""

    @property
    def training(self) -> int:
        """Activations at the end of a forward pass in training mode: what is saved, and the outputs."""
        return self.saved_in[""] + self.outputs


def memory(graph: Graph, batch: int = 1, dtype: str = "float32") -> Memory:
    """Measure memory, in time linear in nodes and edges, times the depth of scopes.

    An op through which gradients go is taken to need those of all its inputs. What a node without types gives counts
    nothing.

    Args:
        graph: an inferred graph without errors.
        batch: how many samples the symbols of the first axes count as; a fixed first axis stays as it is.
        dtype: what all float32 tensors and weights are instead, such as `bfloat16`.

    Raises:
        UnknownSizeError: another side is a symbol without a nominal size.
    """
    runs = running(graph)
    sizes = _Sizes(graph, batch, dtype)
    inference, bound = _inference(graph, _Tensors(graph, runs["eval"], "eval", sizes), sizes)
    saved, outputs = _training(graph, _Tensors(graph, runs["training"], "training", sizes), sizes)
    parameters, buffers = _weights(graph, sizes)
    optimizer = graph.training.optimizer if graph.training is not None else None
    return Memory(
        batch=batch,
        dtype=dtype,
        inference=inference,
        bound=bound,
        saved=saved,
        outputs=outputs,
        parameters=parameters,
        buffers=buffers,
        optimizer=parameters * optimizer.state if optimizer is not None else None,
        peaks=_by_scope(graph, inference.bytes, max),
        saved_in=_by_scope(graph, saved, sum),
    )


class _Sizes:
    """Types in numbers."""

    def __init__(self, graph: Graph, batch: int, dtype: str) -> None:
        self.graph, self.dtypes = graph, {"float32": dtype}
        self.samples = dict.fromkeys(graph.batch_symbols, batch)

    def of_value(self, value: Value) -> TensorType:
        kind = self.graph.type_of(value)
        assert kind is not None, "the graph has no errors"
        shape = tuple(evaluate(side, self.samples) for side in kind.shape)
        if unknown := {name for side in shape for name in symbols(side)}:
            raise UnknownSizeError(value.node, kind, min(unknown))
        return TensorType(shape, self.dtypes.get(kind.dtype, kind.dtype))

    def scratch(self, node: Node) -> int:
        return _number(node.resolved.scratch([*map(self.of_value, node.inputs)], [*map(self.of_value, _values(node))]))

    def of_weight(self, weight: Weight) -> int:
        return weight.elements * DTYPES[self.dtypes.get(weight.dtype, weight.dtype)]


class _Tensors:
    """What runs in one phase, in whose memory every value lies, and what that takes."""

    def __init__(self, graph: Graph, runs: set[str], phase: Phase, sizes: _Sizes) -> None:
        nodes = [node for node in graph if node.path in runs and node.types]
        self.inputs = [node for node in nodes if node.op is None]
        self.order = [node for node in nodes if node.op is not None]
        self.owner: dict[Value, Value] = {}
        """The value that each lies in the memory of: itself, or what it is a view of."""
        self.bytes: dict[Value, int] = {}
        """Of the values that are no views."""
        for node in nodes:
            view = node.op is not None and node.resolved.gives_view(phase, *(graph.input_types(node) or ()))
            for value in _values(node):
                self.owner[value] = self.owner[node.inputs[0]] if view else value
                if not view:
                    self.bytes[value] = 0 if node.is_weight else _bytes(sizes.of_value(value))
        self.outputs = [output.value for output in graph.outputs.values() if output.value in self.owner]


def _inference(graph: Graph, tensors: _Tensors, sizes: _Sizes) -> tuple[Course, Course]:
    """What is alive as the module runs it, and at best."""
    scratch = {node.path: sizes.scratch(node) for node in tensors.order}
    end = len(tensors.order) - 1
    last_read = {value: time for time, node in enumerate(tensors.order) for value in node.inputs}
    last_read |= dict.fromkeys(tensors.outputs, end)
    held = last_read | {value: end for node in tensors.inputs for value in _values(node)}
    for value, time in _held_by_calls(graph, tensors.order).items():
        held[value] = max(time, held.get(value, 0))
    return _course(tensors, held, scratch), _course(tensors, last_read, scratch)


def _held_by_calls(graph: Graph, order: Sequence[Node]) -> dict[Value, int]:
    """When the last call returns that a value is passed to, or comes out of."""
    ends: dict[str, int] = {}
    for time, node in enumerate(order):
        scope = node.scope
        while scope.parent is not None:
            ends[scope.path] = time
            scope = scope.parent
    held: dict[Value, int] = {}
    for path, border in boundaries(graph).items():
        if path in ends:
            for value in (*border.inputs, *border.outputs):
                held[value] = max(held.get(value, 0), ends[path])
    return held


def _course(tensors: _Tensors, last: Mapping[Value, int], scratch: Mapping[str, int]) -> Course:
    """Add up what is alive, given the time up to which each value is needed, and what each node holds for itself."""
    times = {node.path: time for time, node in enumerate(tensors.order)}
    lives: dict[Value, tuple[int, int]] = {}
    for value, owner in tensors.owner.items():
        made = times.get(value.node, 0)
        first, until = lives.get(owner, (made, made))
        lives[owner] = first, max(until, made, last.get(value, 0))
    changes: Counter[int] = Counter()
    for owner, (first, until) in lives.items():
        changes[first] += tensors.bytes[owner]
        changes[until + 1] -= tensors.bytes[owner]
    total = accumulate(changes[time] for time in times.values())
    alive = {path: held + scratch[path] for path, held in zip(times, total, strict=True)}
    node = max(alive, key=alive.__getitem__, default="")
    time = times.get(node, 0)
    there = [owner for owner, (first, until) in lives.items() if first <= time <= until and tensors.bytes[owner]]
    return Course(alive, node, tuple(Held(owner, tensors.bytes[owner]) for owner in there), scratch.get(node, 0))


def _training(graph: Graph, tensors: _Tensors, sizes: _Sizes) -> tuple[dict[str, int], int]:
    """What is saved, by the node that makes it, and what outputs take beyond that.

    Nothing is saved where no gradient goes through: where nothing learned comes in or is added.
    """
    learned: set[Value] = set()
    kept: set[Value] = set()
    saved: Counter[str] = Counter()
    for node in tensors.order:
        if not _has_parameters(graph, node) and learned.isdisjoint(content(node)):
            continue
        values = _values(node)
        learned.update(values)
        found = node.resolved.keeps([*map(sizes.of_value, node.inputs)], [*map(sizes.of_value, values)])
        saved[node.path] += _number(found.extra)
        kept.update(tensors.owner[node.inputs[index]] for index in found.inputs)
        kept.update(tensors.owner[value] for value in _chosen(values, found.outputs))
    for owner in kept:
        saved[owner.node] += tensors.bytes[owner]
    in_order = {node.path: saved[node.path] for node in (*tensors.inputs, *tensors.order) if saved[node.path]}
    beyond = {tensors.owner[value] for value in tensors.outputs} - kept
    return in_order, sum(tensors.bytes[owner] for owner in beyond)


def _chosen(values: list[Value], kept: bool | tuple[int, ...]) -> list[Value]:
    """Those of the values of a node that it keeps."""
    if isinstance(kept, bool):
        return values if kept else []
    return [values[index] for index in kept]


def _values(node: Node) -> list[Value]:
    return [Value(node.path, port) for port in range(len(node.types))]


def _has_parameters(graph: Graph, node: Node) -> bool:
    weights = node.resolved.weights(*(graph.input_types(node) or ()))
    return any(weight.kind == "parameter" for weight in weights.values())


def _bytes(kind: TensorType) -> int:
    return _number(kind.elements) * DTYPES[kind.dtype]


def _number(size: Size) -> int:
    """What is a number, as all sides were found to be."""
    assert isinstance(size, int)
    return size


def _owners(scope: Scope) -> Iterator[Node]:
    """The nodes that have weights of their own."""
    for member in scope.members:
        if member.share is None and isinstance(member, Scope):
            yield from _owners(member)
        elif member.share is None and isinstance(member, Node) and member.op is not None:
            yield member


def _weights(graph: Graph, sizes: _Sizes) -> tuple[int, int]:
    """What is learned, and what else is held."""
    found = [
        (weight.kind == "parameter", sizes.of_weight(weight))
        for node in _owners(graph.root)
        for weight in own_weights(node)
    ]
    return sum(taken for learned, taken in found if learned), sum(taken for learned, taken in found if not learned)


def _by_scope(graph: Graph, amounts: Mapping[str, int], join: Callable[[list[int]], int]) -> dict[str, int]:
    """What is told of nodes, joined over each scope."""
    found: dict[str, int] = {}

    def of(scope: Scope) -> int:
        inside = [of(member) if isinstance(member, Scope) else amounts.get(member.path, 0) for member in scope.members]
        found[scope.path] = join([0, *inside])
        return found[scope.path]

    of(graph.root)
    return found
