"""A network as the explorer has it: its parts, how they are joined, and what they can be coloured by.

Ids are those of figures: `mixed5.0` is a node or scope, `mixed5.0..2` a repeat, `input:image` an input. All text is fit
to be shown; that of boxes and frames is DOT.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import replace
from typing import Any, Final, Generic, TypeVar

from archspec.ir.graph import Graph, Value
from archspec.render.explorer.details import Details, Pairs, attributes_of
from archspec.render.explorer.excerpts import Excerpts
from archspec.render.explorer.palette import STEPS
from archspec.render.figure.boxes import Attributes, box_attributes, frame_attributes, shape_text, terminal_attributes
from archspec.render.figure.dot import edge_attributes, graph_attributes, node_attributes
from archspec.render.figure.heat import HEATS, Heat
from archspec.render.figure.labels import Label, box_label
from archspec.render.figure.parts import Part
from archspec.render.figure.style import Style
from archspec.render.figure.theme import THEMES, WORDS
from archspec.render.figure.view import READABLE, Box, Frame, Terminal
from archspec.render.layers import category_of, op_of
from archspec.source.origin import Origin
from archspec.source.sanitize import visible

ROOT: Final = "network:"
"""The id of the whole network: no path has a colon."""

STYLE: Final = Style(theme=replace(THEMES["light"], text="black"))
"""Graphviz says nothing of black, so that only text that is fainter comes with a colour."""

_LOOKS: Final = frozenset({"id", "class", "color", "fillcolor", "bgcolor"})
"""What the style sheet of the page says, and not the drawing."""

_FEW: Final = 12
"""Boxes that are too few to begin with."""

T = TypeVar("T")


class Shared:
    """What parts have in common, and what a page says of it."""

    def __init__(self) -> None:
        self.excerpts = Excerpts()
        self.looks: _Numbered[Attributes] = _Numbered()
        self.attributes: _Numbered[Pairs] = _Numbered()

    def look(self, attributes: Attributes) -> int:
        """The number of what the page lays out a part by."""
        return self.looks.number_of(_plain(attributes))

    def data(self) -> dict[str, Any]:
        """What the parts name by its number, and what all pages have."""
        return {
            "graph": _plain(graph_attributes(STYLE)),
            "node": _plain(node_attributes(STYLE)),
            "edge": _plain(edge_attributes(STYLE)),
            "looks": self.looks.found,
            "attributes": self.attributes.found,
            "sources": self.excerpts.found,
            "steps": STEPS,
            "words": WORDS,
        }


def network_data(whole: Part, details: Details, shared: Shared) -> dict[str, Any]:
    """The parts, the edges between them, what they can be coloured by, and which of them are open at first.

    Args:
        whole: the network.
        details: what is known of the parts.
        shared: takes what they have in common.
    """
    graph = details.facts.graph
    parts = {part.id or ROOT: _part(graph, part, details, shared) for part in drawn(whole)}
    for terminal in _terminals(graph):
        parts[terminal.id] = _terminal(graph, terminal, details, shared)
    inputs, outputs = ([f"input:{name}" for name in graph.inputs], [f"output:{name}" for name in graph.outputs])
    parts[ROOT]["members"] = [*inputs, *parts[ROOT]["members"], *outputs]
    heats = HEATS.items() if details.is_sound else ()
    return {
        "parts": parts,
        "edges": list(_edges(graph)),
        "heat": {name: _heat(measure(details.facts), whole) for name, measure in heats},
        "open": [ROOT, *(part.id for part in _opened(whole))],
    }


def home_of(path: str | None, parts: Container[str]) -> str | None:
    """The part that a path is that of, or else the one that is around it: not every scope is drawn."""
    if f"input:{path}" in parts:
        return f"input:{path}"
    while path and path not in parts:
        path = path.rpartition(".")[0]
    return path or None


class _Numbered(Generic[T]):
    """Things by number: many parts have the same."""

    def __init__(self) -> None:
        self.found: list[T] = []
        self._numbers: dict[str, int] = {}

    def number_of(self, thing: T) -> int:
        number = self._numbers.setdefault(repr(thing), len(self.found))
        if number == len(self.found):
            self.found.append(thing)
        return number


def members_of(part: Part) -> list[Part]:
    """What is drawn in a part: for a branch what is in it, and nothing of what has no operations."""
    members = (members_of(member) if member.kind == "branch" else [member] for member in part.members)
    return [member for some in members for member in some if next(member.nodes(), None) is not None]


def drawn(part: Part) -> Iterator[Part]:
    """A part and all that is drawn in it, outer before inner."""
    yield part
    for member in members_of(part):
        yield from drawn(member)


def _opened(whole: Part) -> list[Part]:
    """What is open at first: the outer levels of blocks and sequences, where what is around them is not much to see."""
    opened: list[Part] = []
    inside = members_of(whole)
    while len(inside) < _FEW:
        further = [part for part in inside if part.kind in ("block", "sequence") and part.members]
        within = [inner for part in inside for inner in (members_of(part) if part in further else [part])]
        if not further or len(within) > READABLE:
            break
        opened, inside = opened + further, within
    return opened


def _part(graph: Graph, part: Part, details: Details, shared: Shared) -> dict[str, Any]:
    members = [member.id for member in members_of(part)]
    if part.kind == "network":
        title = [graph.title or graph.name]
        return entry(part.kind, title, members=members, details=details.of_network())
    box = Box(part)
    label = box_label(graph, box)
    op = op_of(part.node) if part.node is not None else None
    lines = [op.name] if label.shape == "sign" and op is not None else _lines(label)
    origin = _origin(part)
    turns = part.members if part.kind == "repeat" else ()
    return entry(
        part.kind,
        lines,
        path=visible(part.id),
        members=members,
        phase=part.phase,
        category="block" if part.node is None else category_of(part.node),
        box=shared.look(box_attributes(graph, box, STYLE)),
        frame=shared.look(frame_attributes(Frame(part, [], turns), STYLE)) if members else None,
        details=[*([("op", op.name)] if op is not None and not members else []), *details.of(part)],
        attributes=shared.attributes.number_of(attributes_of(part.node) if part.node is not None else []),
        source=shared.excerpts.number_of(origin.span) if origin is not None else None,
    )


def _origin(part: Part) -> Origin | None:
    """Where a part is written; a repeat that has no scope is where its first turn is."""
    if part.scope is not None:
        return part.scope.origin
    return part.node.origin if part.node is not None else _origin(part.members[0])


def _lines(label: Label) -> list[str]:
    """What a part is called in one line, and remarks on it in others."""
    name = ", ".join(line.text for line in label.lines if line.role != "small").replace(", ×", " ×")
    return [name, *(line.text for line in label.lines if line.role == "small")]


def _terminals(graph: Graph) -> Iterator[Terminal]:
    for name, given in graph.inputs.items():
        yield Terminal("input", name, Value(name), given.type)
    for name, output in graph.outputs.items():
        phase = graph[output.value.node].phase
        yield Terminal("output", name, output.value, graph.type_of(output.value), phase)


def _terminal(graph: Graph, terminal: Terminal, details: Details, shared: Shared) -> dict[str, Any]:
    is_input = terminal.kind == "input"
    span = graph[terminal.name].origin.span if is_input else graph.outputs[terminal.name].span
    return entry(
        terminal.kind,
        [terminal.name],
        path=visible(terminal.name if is_input else terminal.id),
        phase=terminal.phase,
        category="terminal",
        box=shared.look(terminal_attributes(graph, terminal, STYLE)),
        details=details.of_value(terminal.value),
        source=shared.excerpts.number_of(span) if span is not None else None,
    )


def entry(kind: str, lines: Iterable[str], **others: Any) -> dict[str, Any]:
    """A part as the page has it. What many have the same of is a number; None is nothing."""
    nothing: dict[str, Any] = {
        "members": [],
        "phase": None,
        "box": None,
        "frame": None,
        "attributes": None,
        "source": None,
        "partner": None,
    }
    return {"kind": kind, "label": list(map(visible, lines)), "path": "", "category": "block", **nothing, **others}


def _plain(attributes: Attributes) -> Attributes:
    return {name: value for name, value in attributes.items() if name not in _LOOKS}


def _edges(graph: Graph) -> Iterator[tuple[str, str, str, str | None]]:
    """From one operation or input to another, or to an output; with the shape that goes there, and the phase."""

    def edge(value: Value, target: str, phase: str | None) -> tuple[str, str, str, str | None]:
        source = graph[value.node]
        type_ = graph.type_of(value)
        text = "" if type_ is None else visible(shape_text(graph, value, STYLE))
        return (f"input:{source.path}" if source.path in graph.inputs else source.path, target, text, phase)

    for node in graph.operations():
        for value in node.inputs:
            yield edge(value, node.path, graph[value.node].phase or node.phase)
    for output in graph.outputs.values():
        yield edge(output.value, f"output:{output.name}", graph[output.value.node].phase)


def _heat(heat: Heat, whole: Part) -> dict[str, Any]:
    values = {part.id: heat.of(part.nodes()) for part in drawn(whole) if part.kind != "network"}
    known = {id_: value for id_, value in values.items() if value is not None}
    return {"label": heat.label, "values": known, "texts": {id_: heat.text(value) for id_, value in known.items()}}
