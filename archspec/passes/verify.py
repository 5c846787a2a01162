"""Verify: what holds of every network, whatever passes have made of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archspec.ir.graph import Node
from archspec.ir.op import Probed
from archspec.ir.types import TensorType
from archspec.passes.network import Network, key_of
from archspec.passes.rewrite import infer


def faults(network: Network) -> Iterator[str]:
    """What is wrong with a network: empty for one that passes may go on with."""
    graph, known = network.graph, set[str]()
    for node in graph:
        lost = [value.node for value in node.inputs if value.node not in known]
        known.add(node.path)
        yield from (f"`{node.path}` reads `{path}`, which is not there before" for path in lost)
        if node.op is not None and not lost:
            yield from _faults(network, node)
    owned = {key_of(node.path, name) for node in graph for name in node.weights}
    yield from (f"there is a value for `{key}`, which no node has" for key in network.values if key not in owned)
    for name, output in graph.outputs.items():
        if output.value.node not in known:
            yield f"the output `{name}` is `{output.value.node}`, which is not there"


def _faults(network: Network, node: Node) -> Iterator[str]:
    """What is wrong with a node that reads what is there."""
    given = network.graph.input_types(node)
    if given is None or isinstance(node.op, Probed):
        return
    found = infer(node.resolved, given)
    if found != node.types:
        yield f"`{node.path}` gives {_listed(found)}, but is said to give {_listed(node.types)}"
    for name, weight in node.resolved.weights(*given).items():
        if weight.kind != "constant" and key_of(node.path, name) not in network.values:
            yield f"`{node.path}` has no value for its weight `{name}`"


def _listed(types: Sequence[TensorType]) -> str:
    return " and ".join(map(str, types))
