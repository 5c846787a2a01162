"""What a shape rule refuses, as a diagnostic: with the input at fault underlined and where each shape came from."""

from __future__ import annotations

from dataclasses import replace

from archspec.frontend.instances import Expansion
from archspec.frontend.join_remedies import NEAR, Mend, enlarged, other_padding, projection
from archspec.ir.conditions import Condition, Failure
from archspec.ir.dims import Dim
from archspec.ir.graph import Graph, Node, Value
from archspec.ir.types import TensorType
from archspec.language.schema import Item
from archspec.language.values import Sequence
from archspec.source.diagnostic import Diagnostics, Label, Severity
from archspec.source.remedy import Remedy, SetAttribute
from archspec.source.span import Span


def report_doubt(
    condition: Condition, failure: Failure, node: Node, graph: Graph, expansion: Expansion, found: Diagnostics
) -> None:
    """Warn of one demand that a node's inputs meet at some sizes only."""
    left, right = condition.dim.sides if isinstance(condition.dim, Dim) else (condition.dim, 0)
    equal = f"`{left}` is " + (f"`{right}`" if isinstance(right, Dim) else str(right))
    help_text = f"this holds where {equal}; give the inputs nominal sizes, or say in `where` which are meant"
    doubt = replace(failure, help=help_text)
    report_failure(doubt, node, graph, expansion, found, Severity.WARNING)


def report_probe(node: Node, graph: Graph, expansion: Expansion, found: Diagnostics) -> None:
    """Note that what a node gives was found by running its op."""
    inputs, types = (", ".join(map(str, kinds)) for kinds in (graph.input_types(node) or (), node.types))
    found.error(
        "probed-shape",
        f"{types} is known by probe, not by rule: `{node.resolved.name}` was run on {inputs or 'nothing'}, and nothing"
        " is known at other sizes",
        expansion.items[node.path].span,
        help="a method `infer` of the op says it at all sizes",
        origin=node.origin,
        severity=Severity.NOTE,
    )


def report_failure(
    failure: Failure,
    node: Node,
    graph: Graph,
    expansion: Expansion,
    found: Diagnostics,
    severity: Severity = Severity.ERROR,
) -> None:
    """Report one demand that a node's inputs do not meet."""
    item = expansion.items[node.path]
    spans = _port_spans(node, item, expansion)
    labels = [_label_of(graph, node, port, spans) for port in failure.ports[1:]]
    attribute = item.arguments.get(failure.attribute or "")
    if len(failure.ports) > 1 and failure.ports[0] in spans:
        span, caption = spans[failure.ports[0]], _shape(graph, node.inputs[failure.ports[0]])
    elif attribute is not None and attribute.entry is not None:
        span, caption = attribute.entry.value.span, ""
        labels = [_label_of(graph, node, port, spans) for port in failure.ports]
    else:
        span, caption = item.span, ""
        labels = [_label_of(graph, node, port, spans) for port in failure.ports]
    mend = _mend(failure, node, graph, expansion) if severity is Severity.ERROR and not found.crowded else None
    larger = _enlarged(failure, node, graph) if mend is None else None
    made = mend.labels if mend else larger[1:] if larger else ()
    distinct = tuple(label for label in dict.fromkeys([*labels, *made]) if label.span != span)
    found.error(
        failure.name,
        failure.message,
        span,
        caption=caption,
        labels=distinct,
        help=mend.help if mend else larger[0] if larger else failure.help,
        origin=node.origin,
        severity=severity,
        remedy=mend.remedy if mend else None,
    )


def _port_spans(node: Node, item: Item, expansion: Expansion) -> dict[int, Span]:
    """Where each input of a node is written: its branch, or its place in `from`."""
    branches = expansion.branch_spans.get(node.path)
    if branches is not None:
        return dict(enumerate(branches))
    entry = item.entries.get("from")
    if entry is not None and isinstance(entry.value, Sequence):
        return dict(enumerate(child.span for child in entry.value.items))
    return {0: entry.value.span} if entry is not None else {}


def _label_of(graph: Graph, node: Node, port: int, spans: dict[int, Span]) -> Label:
    value = node.inputs[port]
    shape = _shape(graph, value)
    return (
        Label(spans[port], shape) if port in spans else Label(graph[value.node].origin.span, f"{shape} comes from here")
    )


def _mend(failure: Failure, node: Node, graph: Graph, expansion: Expansion) -> Mend | None:
    """What makes branches agree: another number where one is written, another padding, or a projection."""
    if failure.name != "shape-mismatch" or node.path not in expansion.branch_spans or len(failure.ports) != 2:
        return None
    number = _other_number(failure, node, graph, expansion)
    if number is None:
        return other_padding(node, failure.ports, graph) or projection(node, failure.ports, graph, expansion)
    instead = projection(node, failure.ports, graph, expansion)
    return number._replace(help=f"{number.help}, or {instead.remedy.title}") if instead else number


def _enlarged(failure: Failure, node: Node, graph: Graph) -> tuple[str, Label] | None:
    """What is said in place of the advice to pad where a branch was made larger before the join."""
    is_of_two = failure.name == "shape-mismatch" and len(failure.ports) == 2
    return enlarged(failure.ports, node, graph) if is_of_two else None


def _other_number(failure: Failure, node: Node, graph: Graph, expansion: Expansion) -> Mend | None:
    """Where a number is written in a branch that makes it unlike the others, and the number that would fit.

    The odd branch is looked at first. Where its size is made outside of the branches, as that of an empty one is, the
    number to change is in the other.
    """
    if failure.axis is None:
        return None
    item = expansion.items[node.path]
    rank = max(kind.rank for kind in graph.input_types(node) or ())
    for port, other in (failure.ports, failure.ports[::-1]):
        kind, fitting = (graph.type_of(node.inputs[index]) for index in (port, other))
        if kind is None or fitting is None or not kind.rank == fitting.rank == rank:
            continue  # the axis is counted as those of the input that has most
        sized = _sized_by(node.inputs[port], failure.axis, graph)
        written = _written(*sized, expansion) if sized is not None else None
        if sized is None or written is None:
            continue
        name, span = written
        needed = fitting.shape[failure.axis]
        if isinstance(needed, int) and span.source is item.span.source and item.span.start < span.start:
            maker, attribute = sized
            label = Label(span, f"{kind.shape[failure.axis]} {_attribute(failure.axis, kind)} are made here")
            remedy = Remedy(f"write `{name}: {needed}`", (SetAttribute(maker.path, attribute, str(needed)),))
            return Mend(remedy, f"{remedy.title} there, as many as input {other + 1} has", (label,))
    return None


def _sized_by(value: Value, axis: int, graph: Graph) -> tuple[Node, str] | None:
    """The node and its attribute that give a value its size on an axis; None where nothing single does."""
    node, kind = graph[value.node], graph.type_of(value)
    for _ in range(NEAR):
        if node.op is None or kind is None:
            return None
        attribute = _attribute(axis, kind)
        if attribute is not None and attribute in type(node.resolved).model_fields:
            return node, attribute
        before = graph.type_of(node.inputs[0]) if len(node.inputs) == 1 else None
        if before is None or before.rank != kind.rank or before.shape[axis] != kind.shape[axis]:
            return None
        node, kind = graph[node.inputs[0].node], before
    return None


def _attribute(axis: int, kind: TensorType) -> str | None:
    """What the attribute is called by which an op sizes this axis of what it gives."""
    return "features" if axis == kind.rank - 1 else "channels" if axis == 1 else None


def _written(node: Node, attribute: str, expansion: Expansion) -> tuple[str, Span] | None:
    """Where an attribute's number is written: at the node, or at the use of the block that passes it on as it is."""
    item, scope, name = expansion.items[node.path], node.scope, attribute
    while (argument := item.arguments.get(name)) is not None and argument.entry is not None:
        if not argument.expressions:
            return name, argument.entry.value.span
        while scope.kind == "sequence" and scope.parent is not None:
            scope = scope.parent
        name = str(argument.value).removeprefix("$")
        if scope.kind != "block" or scope.parent is None:
            return None
        item, scope = expansion.items[scope.path], scope.parent
    return None


def _shape(graph: Graph, value: Value) -> str:
    kind = graph.type_of(value)
    return str(kind) if kind is not None else ""
