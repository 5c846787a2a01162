"""A graph at other sizes of its inputs than the nominal ones, or over their symbols."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from archspec.analysis.phases import running
from archspec.frontend.size_demands import Demands, explain, size_demands
from archspec.ir.dims import UNKNOWN, Dim, Size
from archspec.ir.graph import Graph, Node, Phase, Scope
from archspec.ir.types import TensorType

_Typing: TypeAlias = Callable[[str], tuple[TensorType, ...]]


class WrongSizesError(ValueError):
    """A network does not run at some sizes, or they are no sizes of its inputs."""


def at_sizes(graph: Graph, sizes: Mapping[str, int], phase: Phase | None = None) -> Graph:
    """The graph with its types at other sizes of the symbols of its inputs; those not in `sizes` stay as they are.

    Args:
        graph: an inferred graph without errors.
        sizes: by symbol.
        phase: the only phase in which it has to run there; what runs in the other alone has no types then, and counts
            nothing.

    Raises:
        WrongSizesError: there is no such symbol, or a node cannot be what it is at these sizes.
    """
    demands = size_demands(graph)
    needed = _needed(graph, demands, sizes, phase)
    return _with_types(graph, demands, {**demands.nominal, **sizes}, needed.union(graph.inputs))


def check_sizes(graph: Graph, sizes: Mapping[str, int], phase: Phase | None = None) -> None:
    """Make sure that a graph runs at other sizes of the symbols of its inputs, as far as it is known what they demand.

    Args:
        graph: an inferred graph without errors.
        sizes: by symbol.
        phase: the only phase in which it has to run there.

    Raises:
        WrongSizesError: there is no such symbol, or a node cannot be what it is at these sizes.
    """
    _needed(graph, size_demands(graph), sizes, phase)


def _needed(graph: Graph, demands: Demands, sizes: Mapping[str, int], phase: Phase | None) -> set[str]:
    """The nodes that have to run at some sizes, once it is sure that they do."""
    unknown = next((name for name in sizes if name not in {*graph.size_symbols, *graph.batch_symbols}), None)
    if unknown is not None:
        raise WrongSizesError(f"the inputs have no size `{unknown}`, only {_listed(graph)}")
    given = {**demands.nominal, **sizes}
    asked = ", ".join(f"{name}={size}" for name, size in sizes.items())
    for entry in graph.inputs.values():
        for condition in entry.constraints:
            if condition.holds(given) is False:
                raise WrongSizesError(f"it is not meant for {asked}: {condition.message}")
    runs = running(graph)
    needed = runs[phase] if phase is not None else set(demands.types)
    for path, condition in demands.in_phase(phase or "training", graph.batch_symbols):
        if path in needed and condition.holds(given) is False:
            mode = "" if path in runs["eval"] and condition in demands.of_nodes[path] else " in training mode"
            said = explain(graph, demands, path, condition, given)
            raise WrongSizesError(f"it does not run{mode} at {asked}: in `{path}`, {said}")
    return needed


def over_symbols(graph: Graph) -> Graph:
    """The graph with its types over the symbols of its inputs, nominal sizes forgotten.

    Raises:
        WrongSizesError: a node is not inferred over symbols.
    """
    demands = size_demands(graph)
    for path, reason in demands.unknown.items():
        raise WrongSizesError(f"`{path}` cannot be told over symbols: {reason}")
    return _with_types(graph, demands, {}, set(demands.types))


def _with_types(graph: Graph, demands: Demands, sizes: Mapping[str, Size], needed: set[str]) -> Graph:
    def typed(path: str) -> tuple[TensorType, ...]:
        if path not in needed:
            return ()
        kinds = tuple(kind.at(sizes) for kind in demands.types.get(path, ()))
        if any(dim is UNKNOWN for kind in kinds for dim in kind.shape):
            raise WrongSizesError(f"what `{path}` gives at other sizes cannot be told")
        return kinds

    inputs = [
        replace(given, type=typed(given.name)[0], symbols={name: size for name, size in given.symbols.items() if sizes})
        for given in graph.inputs.values()
    ]
    found = Graph(graph.name, _copied(graph.root, None, typed), inputs, graph.outputs.values(), graph.title)
    found.params, found.training = graph.params, graph.training
    return found


def _copied(scope: Scope, parent: Scope | None, typed: _Typing) -> Scope:
    copy = replace(scope, parent=parent, members=[])
    for member in scope.members:
        if isinstance(member, Scope):
            copy.members.append(_copied(member, copy, typed))
        else:
            copy.members.append(_node(member, copy, typed))
    return copy


def _node(node: Node, scope: Scope, typed: _Typing) -> Node:
    return replace(node, scope=scope, types=typed(node.path))


def _listed(graph: Graph) -> str:
    names = [f"`{name}`" for name in (*sorted(graph.batch_symbols), *graph.size_symbols)]
    return ", ".join(names) or "fixed ones"


def sizes_of_shapes(graph: Graph, shapes: Iterable[Sequence[int]]) -> dict[str, int]:
    """The sizes of the symbols where the inputs have some shapes: the first dim that is one by itself says it."""
    found: dict[str, int] = {}
    for given, shape in zip(graph.inputs.values(), shapes, strict=True):
        for dim, side in zip(given.shape, shape, strict=False):
            if isinstance(dim, Dim) and str(dim) in dim.symbols:
                found.setdefault(str(dim), side)
    return found
