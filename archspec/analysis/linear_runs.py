"""Linear runs: layers, and what nothing but linear ops lies between.

A *layer* multiplies by a learned matrix or convolves with learned filters. Batch norm, dropout, constants, means and
changes of shape are linear in eval mode; two layers with nothing else between them are one linear map.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, replace

from archspec.ir.graph import Graph, Node


@dataclass(frozen=True, slots=True)
class Tail:
    """What a value is made of: a layer, and the linear ops after it."""

    layer: Node
    factor: float = 1.0
    """The product of what `scale` multiplies by after the layer, and of what `layer_scale` starts from."""
    scale: Node | None = None
    """The last `scale` among them."""
    is_normalised: bool = False
    """Whether a batch norm is among them."""


@dataclass(frozen=True, slots=True)
class LinearRuns:
    """The layers before and after each node."""

    ahead: Mapping[str, Node]
    """For a node that leads to nothing but layers, by linear ops: the first of them."""
    in_place: Set[str]
    """Those of them that lead there by ops that see every place by itself, such as batch norm."""
    tails: Mapping[str, Tail]
    """For a layer, and for a linear op after one: the layer, and what lies between."""


def is_layer(node: Node) -> bool:
    """Whether it multiplies or convolves its one input with learned weights; a table of embeddings does not."""
    op = node.op
    return op is not None and node.resolved.category in ("convolution", "linear") and _multiplies(node)


def linear_runs(graph: Graph) -> LinearRuns:
    """Look at every node once in each direction."""
    ahead = _ahead(graph)
    return LinearRuns(ahead, _in_place(graph, ahead), _tails(graph))


def _ahead(graph: Graph) -> dict[str, Node]:
    ends = {output.value.node for output in graph.outputs.values()}
    found: dict[str, Node] = {}
    for node in reversed(list(graph)):
        readers = [graph[path] for path in graph.users(node.path)]
        if node.path in ends or not readers:
            continue
        layers = [reader if is_layer(reader) else found.get(reader.path) for reader in readers if _goes_on(reader)]
        first = layers[0] if len(layers) == len(readers) else None
        if first is not None and None not in layers:
            found[node.path] = first
    return found


def _in_place(graph: Graph, ahead: Mapping[str, Node]) -> set[str]:
    found: set[str] = set()
    for path in ahead:  # from the last to the first
        readers = [graph[reader] for reader in graph.users(path)]
        if all(is_layer(reader) or (reader.path in found and _sees_one_place(graph, reader)) for reader in readers):
            found.add(path)
    return found


def _sees_one_place(graph: Graph, node: Node) -> bool:
    sight = node.resolved.sees(*(graph.input_types(node) or ()))
    return sight == "here" or (isinstance(sight, tuple) and all(sees[:2] == (1, 1) for sees in sight))


def _tails(graph: Graph) -> dict[str, Tail]:
    found: dict[str, Tail] = {}
    for node in graph.operations():
        if is_layer(node):
            found[node.path] = Tail(node)
        elif _is_linear(node) and (before := found.get(node.inputs[0].node)) is not None:
            found[node.path] = _with(before, node)
    return found


def _with(tail: Tail, node: Node) -> Tail:
    if node.resolved.name == "layer_scale":
        return replace(tail, factor=tail.factor * getattr(node.resolved, "value", 1.0))
    if node.resolved.name == "scale":
        return replace(tail, factor=tail.factor * getattr(node.resolved, "factor", 1.0), scale=node)
    return replace(tail, is_normalised=True) if node.resolved.name == "batch_norm" else tail


def _goes_on(node: Node) -> bool:
    return is_layer(node) or _is_linear(node)


def _is_linear(node: Node) -> bool:
    return node.op is not None and node.resolved.is_linear() and len(node.inputs) == 1


def _multiplies(node: Node) -> bool:
    weight = node.weights.get("weight")
    return (
        len(node.inputs) == 1 and weight is not None and len(weight.shape) > 1 and node.resolved.index_bound() is None
    )
