"""Cost: weights and multiply-accumulates, of every node, of every scope and of the whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from archspec.analysis.phases import running
from archspec.ir.dims import Size, symbols, unless_too_long
from archspec.ir.graph import Graph, Node, Phase, Scope
from archspec.ir.held_weights import own_weights
from archspec.ir.op import Op
from archspec.ir.types import TensorType


@dataclass(frozen=True, slots=True)
class Counts:
    """What one part of a network costs."""

    parameters: int = 0
    """Learned numbers; a weight that is used in several places counts where it is owned, once."""
    buffers: int = 0
    """Numbers that are saved but not learned, such as running means."""
    macs: Size = 0
    """Multiply-accumulates per sample in eval mode (FLOPs are twice as many); symbolic where a side is, and `TOO_LONG`
    where there are too many symbols."""
    training_macs: Size = 0
    """The same for one forward pass in training mode, with the side paths that run in no other."""

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.parameters + other.parameters,
            self.buffers + other.buffers,
            unless_too_long(lambda: self.macs + other.macs),
            unless_too_long(lambda: self.training_macs + other.training_macs),
        )


@dataclass(frozen=True, slots=True)
class Cost:
    """The counts of a graph."""

    nodes: Mapping[str, Counts]
    """By path of the node, without inputs."""
    scopes: Mapping[str, Counts]
    """By path of the scope, everything inside included."""

    @property
    def total(self) -> Counts:
        """The whole network, side paths included."""
        return self.scopes[""]


def cost(graph: Graph) -> Cost:
    """Count weights and multiply-accumulates, in time linear in the nodes.

    A sample is one row of the first axis of the inputs: symbols that stand there count as 1. Where that axis is a fixed
    number, the counts are those of the whole batch. A node about whose types an error was reported counts nothing.
    """
    nodes: dict[str, Counts] = {}
    scopes: dict[str, Counts] = {}
    sample = {name: 1 for given in graph.inputs.values() for dim in given.type.shape[:1] for name in symbols(dim)}

    runs = running(graph)

    def count(scope: Scope, borrowed: bool) -> Counts:
        borrowed = borrowed or scope.share is not None
        total = Counts()
        for member in scope.members:
            if isinstance(member, Scope):
                total += count(member, borrowed)
            elif member.op is not None:
                nodes[member.path] = _of_node(graph, member, runs, borrowed, sample)
                total += nodes[member.path]
        scopes[scope.path] = total
        return total

    count(graph.root, borrowed=False)
    return Cost(nodes, scopes)


def _of_node(
    graph: Graph, node: Node, runs: Mapping[Phase, set[str]], borrowed: bool, sample: Mapping[str, int]
) -> Counts:
    inputs = graph.input_types(node)
    if inputs is None or not node.types or not isinstance(node.op, Op):
        return Counts()
    macs = _macs(node, inputs, sample)
    owns = not borrowed and node.share is None
    return Counts(
        parameters=_elements(node, "parameter") if owns else 0,
        buffers=_elements(node, "buffer") if owns else 0,
        macs=macs if node.path in runs["eval"] else 0,
        training_macs=macs if node.path in runs["training"] else 0,
    )


def _macs(node: Node, inputs: tuple[TensorType, ...], sample: Mapping[str, int]) -> Size:
    if type(node.resolved).macs is Op.macs:
        return 0
    each = [[kind.at(sample) for kind in side] for side in (inputs, node.types)]
    return unless_too_long(lambda: node.resolved.macs(*each))


def _elements(node: Node, kind: str) -> int:
    """How many numbers a node's own weights of a kind hold."""
    return sum(weight.elements for weight in own_weights(node) if weight.kind == kind)
