"""Specs as tests write them, and what makes two graphs the same."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

from archspec.compiler import check_spec, load_graph
from archspec.frontend.canonical import print_canonical
from archspec.ir.graph import Graph, Node, Scope
from archspec.rules import by_name
from archspec.source.diagnostic import Diagnostics, Severity
from archspec.source.span import Source


def spec(rows: str, inputs: str = "{x: [N, 4, 8, 8]}") -> Source:
    """A spec from its rows: the version, a name and an input `x` are filled in where the text does not have them."""
    text = dedent(rows)
    given = {line.partition(":")[0] for line in text.splitlines()}
    header = {"archspec": "1", "name": "net", "inputs": inputs}
    return Source("spec.yaml", "".join(f"{key}: {value}\n" for key, value in header.items() if key not in given) + text)


def load(rows: str, inputs: str = "{x: [N, 4, 8, 8]}", **params: Any) -> Graph:
    """The graph of a spec, once it is sure that its canonical form reads as the same graph and prints as itself."""
    graph = load_graph(spec(rows, inputs), params)
    hold_canonical_form(graph)
    return graph


def hold_canonical_form(graph: Graph) -> None:
    """The canonical form of a graph is the same graph, and its own canonical form but for the lines it mentions."""
    text = print_canonical(graph)
    again = load_graph(Source("expanded.yaml", text))
    assert outline(again) == outline(graph), text
    assert without_comments(print_canonical(again)) == without_comments(text)


def without_comments(text: str) -> str:
    """A canonical form without its remarks of where each row comes from."""
    return "\n".join(line.partition("  # ")[0] for line in text.splitlines())


def errors(rows: str, inputs: str = "{x: [N, 4, 8, 8]}", **params: Any) -> list[tuple[str, str]]:
    """What is wrong with a spec: the name of each error, and the characters it points at."""
    found = without_judgements(check_spec(spec(rows, inputs), params))
    return [
        (error.name, error.span.source.text[error.span.start : error.span.end] if error.span else "") for error in found
    ]


def without_judgements(found: Diagnostics) -> Diagnostics:
    """The findings but for what rules remark on, as examples of how specs are written are no good networks."""
    rest, judged = Diagnostics(), by_name()
    for one in found:
        if one.name not in judged or one.severity is Severity.ERROR:
            rest.add(one)
    return rest


def paths(graph: Graph) -> list[str]:
    """The paths of all nodes but the inputs, in order."""
    return [node.path for node in graph.operations()]


def keys(graph: Graph) -> list[str]:
    """The keys of the parameters and buffers, in the order of registration, as the module has them."""
    return [f"{node.path}.{weight}".removesuffix(".") for node in _registered(graph.root) for weight in node.weights]


def reads(graph: Graph, path: str) -> list[str]:
    """What a node reads: paths, with the number of the port where it is not the first."""
    return [f"{value.node}:{value.port}" if value.port else value.node for value in graph[path].inputs]


def shape(graph: Graph, path: str) -> str:
    """The shape of what a node gives."""
    return str(graph[path].types[0])


def outline(graph: Graph) -> dict[str, Any]:
    """All that a graph says, as plain data to compare; where it was written is no part of it."""
    return {
        "name": graph.name,
        "title": graph.title,
        "inputs": [
            (given.name, given.type, dict(given.symbols), given.declared, given.below, given.constraints)
            for given in graph.inputs.values()
        ],
        "outputs": [(output.name, output.value) for output in graph.outputs.values()],
        "nodes": {node.path: _of_node(node) for node in graph},
        "training": graph.training,
        "scopes": {scope.path: _of_scope(scope) for scope in [graph.root, *graph.root.scopes()]},
    }


def _of_node(node: Node) -> dict[str, Any]:
    return {
        "op": (node.resolved.name, node.resolved) if node.op is not None else None,
        "inputs": node.inputs,
        "scope": node.scope.path,
        "phase": node.phase,
        "share": node.share,
        "ties": dict(node.ties),
        "init": dict(node.init),
        "allow": dict(node.allow),
        "types": node.types,
        "weights": dict(node.weights),
        "conditions": node.conditions,
    }


def _of_scope(scope: Scope) -> dict[str, Any]:
    return {
        "kind": scope.kind,
        "block": scope.block,
        "title": scope.title,
        "phase": scope.phase,
        "members": [member.path for member in scope.members],
        "registered": [member.path for member in scope.registration_order()],
        "outputs": scope.outputs,
        "signature": [(name, value) for name, _, value in scope.signature],
        "share": scope.share,
    }


def _registered(scope: Scope) -> list[Node]:
    nodes: list[Node] = []
    for member in scope.registration_order():
        nodes += _registered(member) if isinstance(member, Scope) else [member]
    return nodes
