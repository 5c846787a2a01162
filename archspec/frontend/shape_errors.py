"""What a shape rule refuses, as a diagnostic: with the input at fault underlined and where each shape came from."""

from __future__ import annotations

from dataclasses import replace

from archspec.frontend.instances import Expansion
from archspec.ir.conditions import Condition, Failure
from archspec.ir.graph import Graph, Node, Value
from archspec.language.schema import Item
from archspec.language.values import Sequence
from archspec.source.diagnostic import Diagnostics, Label, Severity
from archspec.source.span import Span


def report_doubt(
    condition: Condition, failure: Failure, node: Node, graph: Graph, expansion: Expansion, found: Diagnostics
) -> None:
    """Warn of one demand that a node's inputs meet at some sizes only."""
    help_text = (
        f"this holds where `{condition.dim}` is 0; give the inputs nominal sizes, or say in `where` which are meant"
    )
    doubt = replace(failure, help=help_text)
    report_failure(doubt, node, graph, expansion, found, Severity.WARNING)


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
    distinct = tuple(label for label in dict.fromkeys(labels) if label.span != span)
    found.error(
        failure.name,
        failure.message,
        span,
        caption=caption,
        labels=distinct,
        help=failure.help,
        origin=node.origin,
        severity=severity,
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


def _shape(graph: Graph, value: Value) -> str:
    kind = graph.type_of(value)
    return str(kind) if kind is not None else ""
