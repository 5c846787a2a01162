"""Network: a graph for inference alone, and what its weights are in terms of the module that it is made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from archspec.analysis.phases import running
from archspec.analysis.shares import owners, tied_node
from archspec.ir.collector import collector_paused
from archspec.ir.graph import Graph, GraphOutput, Node, Scope, Value
from archspec.ir.op import Op
from archspec.passes.weight_values import Original, WeightValue


@dataclass(frozen=True)
class Network:
    """What passes work on: a flat graph in which every node has weights of its own."""

    graph: Graph
    """All of it runs in eval mode. It has one scope, the whole network; the paths are those of the original."""
    values: Mapping[str, WeightValue]
    """What the parameters and buffers of the graph are, by key."""

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def for_inference(graph: Graph) -> Network:
    """The part of a graph that runs in eval mode, its scopes dissolved and shared weights given to all who use them.

    Args:
        graph: an inferred graph without errors.
    """
    with collector_paused():
        return _for_inference(graph)


def _for_inference(graph: Graph) -> Network:
    keeps = running(graph)["eval"] | set(graph.inputs)
    root = Scope("", "network", None, None)
    owner, values = owners(graph), dict[str, WeightValue]()
    for node in graph:
        if node.path not in keeps:
            continue
        source = graph[owner.get(node.path, node.path)]
        root.members.append(_copy(node, root, source))
        for name, weight in source.weights.items():
            if weight.kind != "constant":
                values[key_of(node.path, name)] = Original(_key(graph, source, name))
    outputs = [output for output in graph.outputs.values() if output.value.node in keeps]
    return Network(flat_graph(graph, root, outputs), values)


def flat_graph(graph: Graph, root: Scope, outputs: Iterable[GraphOutput]) -> Graph:
    """What a graph has become, its nodes those of one scope."""
    flat = Graph(graph.name, root, graph.inputs.values(), outputs, graph.title)
    flat.source, flat.params, flat.is_as_published = graph.source, graph.params, graph.is_as_published
    return flat


def key_of(path: str, name: str) -> str:
    """The key of a weight of a node; the name `""` is the path itself."""
    return f"{path}.{name}" if name else path


def _copy(node: Node, root: Scope, source: Node) -> Node:
    return replace(
        node, scope=root, phase=None, share=None, ties={}, init={}, allow={}, weights=source.weights, deferred=None
    )


def _key(graph: Graph, node: Node, name: str) -> str:
    """The key of the weight at the end of a chain of ties."""
    while name in node.ties:
        key = node.ties[name]
        node = tied_node(graph, key)
        name = key[len(node.path) + 1 :]
    return key_of(node.path, name)


def _lines(network: Network) -> Iterator[str]:
    """A line a node, and one for each of its weights that is not what it was."""
    graph = network.graph
    for node in graph:
        types = ", ".join(map(str, node.types))
        if node.op is None:
            yield f"{node.path}: input {types}"
            continue
        inputs = ", ".join(map(_called, node.inputs))
        yield f"{node.path}: {_shown(node.resolved)} of {inputs or 'nothing'}: {types}"
        for name in node.weights:
            key = key_of(node.path, name)
            if key in network.values and network.values[key] != Original(key):
                yield f"  {name or 'itself'} = {network.values[key]}"
    yield "outputs: " + ", ".join(f"{name} = {_called(output.value)}" for name, output in graph.outputs.items())


def _called(value: Value) -> str:
    return value.node + (f"[{value.port}]" if value.port else "")


def _shown(value: object) -> str:
    if isinstance(value, Op):
        fields = sorted(type(value).model_fields.items())
        given = [(name, getattr(value, name), field.default) for name, field in fields]
        return f"{value.name}({', '.join(f'{name}={_shown(each)}' for name, each, usual in given if each != usual)})"
    return "x".join(map(str, value)) if isinstance(value, tuple) else str(value)
