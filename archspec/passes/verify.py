"""Verify: what holds of every network, before and after each pass."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.ir.op import Probed
from archspec.passes.network import Network, key_of
from archspec.passes.rewrite import infer


def faults(network: Network) -> Iterator[str]:
    """What is wrong with a network: empty for one that passes may go on with."""
    graph, known = network.graph, set[str]()
    for node in graph:
        yield from (f"`{node.path}` reads `{value.node}`, which is not there before" for value in node.inputs
                    if value.node not in known)  # fmt: skip
        known.add(node.path)
        given = graph.input_types(node)
        if node.op is None or given is None or isinstance(node.op, Probed):
            continue
        if infer(node.resolved, given) != node.types:
            yield f"`{node.path}` gives {infer(node.resolved, given)}, but is said to give {node.types}"
        missing = [
            name
            for name, weight in node.resolved.weights(*given).items()
            if weight.kind != "constant" and key_of(node.path, name) not in network.values
        ]
        yield from (f"`{node.path}` has no value for its weight `{name}`" for name in missing)
    owned = {key_of(node.path, name) for node in graph for name in node.weights}
    yield from (f"there is a value for `{key}`, which no node has" for key in network.values if key not in owned)
    for name, output in graph.outputs.items():
        if output.value.node not in known:
            yield f"the output `{name}` is `{output.value.node}`, which is not there"
