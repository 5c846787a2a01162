"""Select: the part of a graph that some of its outputs need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from archspec.analysis.shares import owners, tied_node
from archspec.ir.graph import Graph, Node, Scope, Value


def select_outputs(graph: Graph, names: Sequence[str]) -> Graph:
    """The graph without what only the other outputs need: nodes, scopes and inputs.

    A node that no output needs at all stays, as does one whose weights a node that stays uses.

    Args:
        graph: an inferred graph; it is left as it is.
        names: of the outputs to keep, in any order.

    Raises:
        ValueError: a name is no output's, or there is none.
    """
    unknown = [name for name in names if name not in graph.outputs]
    if unknown or not names:
        known = ", ".join(f"`{name}`" for name in graph.outputs)
        what = f"`{unknown[0]}` is no output of `{graph.name}`" if unknown else f"no output of `{graph.name}` is left"
        raise ValueError(f"{what}; its outputs are {known}")
    kept = {name: output for name, output in graph.outputs.items() if name in names}
    if len(kept) == len(graph.outputs):
        return graph
    needed = _needed(graph, {output.value.node for output in kept.values()})
    left_out = _needed(graph, {output.value.node for output in graph.outputs.values()}) - needed
    root = _copy(graph.root, None, left_out)
    inputs = [given for given in graph.inputs.values() if given.name not in left_out]
    return Graph(graph.name, root, inputs, kept.values(), graph.title)


def keys_left_out(graph: Graph, selected: Graph) -> tuple[str, ...]:
    """The keys of the `state_dict` of a graph that the graph of some of its outputs does not have."""
    if selected is graph:
        return ()
    borrowed = owners(graph)
    gone = (node for node in graph.operations() if node.path not in selected and node.path not in borrowed)
    return tuple(
        f"{node.path}.{name}".removesuffix(".")
        for node in gone
        for name, weight in node.weights.items()
        if weight.kind != "constant"
    )


def _needed(graph: Graph, paths: Iterable[str]) -> set[str]:
    owner = owners(graph)
    seen: set[str] = set()
    queue = list(paths)
    while queue:
        path = queue.pop()
        if path not in seen:
            seen.add(path)
            queue.extend(_reads(graph, graph[path], owner.get(path)))
    return seen


def _reads(graph: Graph, node: Node, owner: str | None) -> Iterator[str]:
    yield from (value.node for value in node.inputs)
    yield from (tied_node(graph, key).path for key in node.ties.values())
    if owner is not None:
        yield owner


def _copy(scope: Scope, parent: Scope | None, left_out: set[str]) -> Scope:
    def stays(value: Value) -> bool:
        return value.node not in left_out

    new = replace(
        scope,
        parent=parent,
        members=[],
        signature=tuple(entry for entry in scope.signature if stays(entry[2])),
        outputs=tuple(entry for entry in scope.outputs if stays(entry[1])),
    )
    for member in scope.members:
        if isinstance(member, Node):
            if member.path not in left_out:
                new.members.append(replace(member, scope=new))
        elif any(node.path not in left_out for node in member.nodes()):
            new.members.append(_copy(member, new, left_out))
    names = {member.name for member in new.members}
    new.register_after = {name: after for name, after in scope.register_after.items() if {name, after} <= names}
    return new
