"""Size demands: what the nodes of a built network demand of the symbols of its inputs.

Types were inferred at nominal sizes. Here shapes are inferred once more with the symbols kept and everything else as it
was built: ops with their attributes, weights with their sizes, and sides of 1 where these are spread over others.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from archspec.frontend import own_code
from archspec.ir.conditions import Condition, Conditions, RuleStopped
from archspec.ir.dims import UNKNOWN, Dim, DimTooLarge, Size, evaluate
from archspec.ir.graph import Graph, Node, Phase
from archspec.ir.op import Probed
from archspec.ir.types import TensorType


@dataclass(slots=True)
class Demands:
    """What each node demands."""

    nominal: Mapping[str, int]
    """The nominal sizes of the symbols that have one."""
    types: dict[str, tuple[TensorType, ...]] = field(default_factory=dict)
    """By path of a node: the types that it gives, over the symbols."""
    of_nodes: dict[str, tuple[Condition, ...]] = field(default_factory=dict)
    """By path of a node, in order."""
    unknown: dict[str, str] = field(default_factory=dict)
    """By path of a node of which it cannot be told: why."""
    of_training: dict[str, tuple[Condition, ...]] = field(default_factory=dict)
    """By path of a node: what it demands in training mode only."""
    _alike: dict[Any, str] = field(default_factory=dict)
    """The first node by what it is: its op, and what it is given."""

    @staticmethod
    def of_inputs(graph: Graph) -> Demands:
        """Those of a graph of which no node has been looked at."""
        found = Demands({name: size for given in graph.inputs.values() for name, size in given.symbols.items()})
        found.types = {name: (given.type.with_shape(*given.shape),) for name, given in graph.inputs.items()}
        return found

    def add(self, node: Node, graph: Graph) -> None:
        """Infer the next node, unless one with the same op was given the same: the turns of a repeat are alike."""
        inputs = tuple([self.types[value.node][value.port] for value in node.inputs])
        first = self._alike.setdefault((id(node.op), inputs, graph.input_types(node)), node.path)
        if first == node.path:
            _infer(node, inputs, graph, self)
            return
        known: tuple[dict[str, Any], ...] = (self.types, self.of_nodes, self.of_training, self.unknown)
        for by_path in known:
            if first in by_path:
                by_path[node.path] = by_path[first]

    def in_phase(self, phase: Phase, batch: Container[object]) -> Iterator[tuple[str, Condition]]:
        """What the nodes demand in a phase, each with the path of its node.

        Args:
            phase: the phase.
            batch: the symbols of the batch; what any batch of several gets in training is not among the demands.
        """
        for path, conditions in self.of_nodes.items():
            yield from ((path, condition) for condition in conditions)
        for path, conditions in self.of_training.items() if phase == "training" else ():
            yield from ((path, each) for each in conditions if not each.holds_in_a_batch(batch))


def size_demands(graph: Graph) -> Demands:
    """Infer the shapes of a graph over the symbols of its inputs.

    Args:
        graph: an inferred graph without errors.
    """
    found = Demands.of_inputs(graph)
    for node in graph.operations():
        found.add(node, graph)
    return found


class _FrozenWeights(Conditions):
    """Demands at symbolic sizes, where what sizes weights has to stay what it was."""

    def __init__(self, op: str, nominal: Mapping[str, int]) -> None:
        super().__init__()
        self.op = op
        self.nominal = nominal

    def be_known(self, dim: Size, message: str, *, port: int = 0, help: str | None = None) -> int:
        """The nominal size, with the demand that the dim is that."""
        size = evaluate(dim, self.nominal)
        if isinstance(dim, int) or not isinstance(size, int):
            return super().be_known(dim, message, port=port, help=help)
        self.pending.append(Condition("zero", dim - size, f"the weights of `{self.op}` are sized for {size}"))
        return size


def _infer(node: Node, inputs: Sequence[TensorType], graph: Graph, found: Demands) -> None:
    found.types[node.path] = tuple(kind.with_shape(*(UNKNOWN for _ in kind.shape)) for kind in node.types)
    if not all(kind.is_known for kind in inputs):
        return
    try:
        if not _goes_as_built(node, inputs, (), found) and not _goes_as_built(
            node, *_with_ones(node, inputs, graph), found
        ):
            how = "known by probe only" if isinstance(node.resolved, Probed) else "not inferred over symbols"
            found.unknown[node.path] = f"`{node.resolved.name}` is {how}"
    except DimTooLarge:
        found.unknown[node.path] = "dims grow beyond what can be reasoned about"


def _goes_as_built(node: Node, inputs: Sequence[TensorType], demands: Sequence[Condition], found: Demands) -> bool:
    """Infer a node over symbols; what comes of it is kept unless it refuses the nominal sizes."""
    must = _FrozenWeights(node.resolved.name, found.nominal)
    try:
        types = own_code.infer(node.resolved, must, inputs)
    except (RuleStopped, own_code.UnusableOpError):
        return False
    if must.failures or any(condition.holds(found.nominal) is False for condition in must.pending):
        return False
    found.types[node.path] = types
    found.of_nodes[node.path] = (*demands, *must.pending)
    if must.of_training:
        found.of_training[node.path] = tuple(must.of_training)
    return True


def _with_ones(node: Node, inputs: Sequence[TensorType], graph: Graph) -> tuple[list[TensorType], list[Condition]]:
    """The inputs with sides of 1 where they are nominally, as these go with any other, and the demand that they are."""
    frozen: list[TensorType] = []
    demands: list[Condition] = []
    message = f"`{node.resolved.name}` spreads a side of 1"
    for kind, built in zip(inputs, graph.input_types(node) or (), strict=True):
        ones = {axis for axis, dim in enumerate(kind.shape) if isinstance(dim, Dim) and built.shape[axis] == 1}
        frozen.append(kind.with_shape(*(1 if axis in ones else dim for axis, dim in enumerate(kind.shape))))
        demands += [Condition("zero", kind.shape[axis] - 1, message) for axis in sorted(ones)]
    return frozen, demands


def explain(graph: Graph, demands: Demands, path: str, condition: Condition, sizes: Mapping[str, int]) -> str:
    """What a node says of inputs at which a condition fails; where it would do with them but for its weights, so.

    Args:
        graph: the graph.
        demands: what its nodes demand.
        path: of the node.
        condition: one of its demands.
        sizes: what the symbols are; those left out stay symbols.
    """
    node = graph[path]
    kinds = [demands.types[value.node][value.port] for value in node.inputs]
    inputs = [kind.at(sizes) for kind in kinds]
    must = Conditions()
    with suppress(RuleStopped):
        node.resolved.infer(must, *inputs)
    if must.failures:
        return must.failures[0].message
    return f"{condition.message}, but the input is {' and '.join(map(str, inputs))}"
