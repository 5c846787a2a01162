"""Row assertions: `input: 35x35x288` and `output: [N, 288, 35, 35]`, held against what was inferred."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archspec.frontend.instances import Assertion, Expansion
from archspec.ir.dims import UNKNOWN, Size, are_equal
from archspec.ir.graph import Graph, Node, Value
from archspec.ir.types import TensorType
from archspec.language.expression import ExpressionError, parse, parse_bare
from archspec.language.validate import did_you_mean
from archspec.source.diagnostic import Diagnostics, Label


def check_assertion(
    assertion: Assertion, path: str, graph: Graph, expansion: Expansion, dims: Mapping[str, Size], found: Diagnostics
) -> None:
    """Compare what a row says with what was inferred.

    After a difference either may be the mistake: the dims in question are unknown until a later row says them.
    """
    values = assertion.sources if assertion.side == "input" else _outputs(path, graph, expansion)
    if not values:
        return
    if len(values) != len(assertion.shapes):
        counts = ((len(assertion.shapes), "shape"), (len(values), "tensor"))
        shapes, tensors = (f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts)
        message = f"`{assertion.side}` gives {shapes} for {tensors}"
        found.error(
            "shape-assertion",
            message,
            assertion.span,
            help="write a list with a shape for each",
            origin=assertion.origin,
        )
        return
    for value, shape in zip(values, assertion.shapes, strict=True):
        _check_one(assertion, shape, value, graph, dims, found)


def _outputs(path: str, graph: Graph, expansion: Expansion) -> tuple[Value, ...]:
    if path in graph:
        return tuple(Value(path, port) for port in range(len(graph[path].types)))
    scope = expansion.scopes.get(path)
    return tuple(value for _, value in scope.outputs) if scope is not None else ()


def _check_one(
    assertion: Assertion,
    shape: tuple[Any, ...],
    value: Value,
    graph: Graph,
    dims: Mapping[str, Size],
    found: Diagnostics,
) -> None:
    node = graph[value.node]
    kind = graph.type_of(value)
    wanted = [_dim(text, assertion, dims, found) for text in shape]
    if None in wanted:
        return
    asserted = tuple(UNKNOWN if dim is None else dim for dim in wanted)
    if kind is not None and _agrees(kind, asserted):
        if not kind.is_known:
            _resynchronise(node, value.port, TensorType(_filled(kind, asserted), kind.dtype))
        return
    if kind is not None:
        side = "input" if assertion.side == "input" else "output"
        message = f"the {side} is {_in_notation(kind, shape)}, but this row says {_written(shape)}"
        labels = (Label(node.origin.span, f"{kind} comes from here"),) if assertion.side == "input" else ()
        found.error("shape-assertion", message, assertion.span, labels=labels, origin=assertion.origin)
    _resynchronise(node, value.port, _undisputed(kind, TensorType(_batched(asserted, graph))))


def _dim(text: Any, assertion: Assertion, dims: Mapping[str, Size], found: Diagnostics) -> Size | None:
    """A dim as a row writes it: a number, `_` for the batch, or an expression over the symbols of this place."""
    if isinstance(text, int):
        return text
    if text == "_":
        return UNKNOWN
    names = assertion.frame.dims
    values = {**assertion.frame.params, **{name: dims[unique] for name, unique in names.items() if unique in dims}}
    try:
        expression = parse(text) if text.startswith("$") else parse_bare(text)
        missing = [name for name in expression.names if name not in values]
        if missing:
            help_text = did_you_mean(missing[0], names) or "the symbols of the inputs can be used here"
            raise ExpressionError(f"there is no dim `{missing[0]}` here", name="unknown-parameter", help=help_text)
        return expression.dim(values)
    except ExpressionError as error:
        found.error(error.name, str(error), assertion.span, help=error.help, origin=assertion.origin)
        return None


def _agrees(kind: TensorType, asserted: tuple[Size, ...]) -> bool:
    """Whether nothing contradicts: a dim about which an error was reported agrees with anything."""
    if kind.rank != len(asserted):
        return False
    pairs = zip(kind.shape, asserted, strict=True)
    return all(dim is UNKNOWN or wanted is UNKNOWN or are_equal(dim, wanted) is True for dim, wanted in pairs)


def _filled(kind: TensorType, asserted: tuple[Size, ...]) -> tuple[Size, ...]:
    return tuple(wanted if dim is UNKNOWN else dim for dim, wanted in zip(kind.shape, asserted, strict=True))


def _undisputed(kind: TensorType | None, asserted: TensorType) -> TensorType:
    """What inference and a row agree on; what the row says where nothing, or another rank, was inferred."""
    if kind is None or kind.rank != asserted.rank:
        return asserted if kind is None else TensorType(asserted.shape, kind.dtype)
    pairs = zip(kind.shape, asserted.shape, strict=True)
    return kind.with_shape(*(dim if are_equal(dim, wanted) else UNKNOWN for dim, wanted in pairs))


def _batched(asserted: tuple[Size, ...], graph: Graph) -> tuple[Size, ...]:
    """The asserted dims, with the network's own batch where the row leaves it open."""
    batch = next((given.type.shape[0] for given in graph.inputs.values() if given.type.shape), UNKNOWN)
    return tuple(batch if dim is UNKNOWN and index == 0 else dim for index, dim in enumerate(asserted))


def _resynchronise(node: Node, port: int, kind: TensorType) -> None:
    types = list(node.types) or [kind]
    if port < len(types):
        types[port] = kind
        node.types = tuple(types)


def _in_notation(kind: TensorType, shape: tuple[Any, ...]) -> str:
    """The inferred shape in the notation of the row, so that the two can be compared at a glance."""
    if shape[0] == "_" and kind.rank == 4:
        _, channels, height, width = kind.shape
        return f"{height}x{width}x{channels}"
    return str(kind)


def _written(shape: tuple[Any, ...]) -> str:
    if shape[0] == "_":
        _, channels, height, width = shape
        return f"{height}x{width}x{channels}"
    return f"[{', '.join(map(str, shape))}]"
