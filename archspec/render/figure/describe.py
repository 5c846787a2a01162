"""What is told in words of each thing in a figure: for readers who point at it, and for those who cannot see it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from archspec.ir.graph import Graph, Node
from archspec.render.figure.labels import Line, box_label, frame_label
from archspec.render.figure.style import Style
from archspec.render.figure.view import Arrow, Box, Figure, Frame, Terminal
from archspec.render.layers import op_of
from archspec.source.sanitize import visible

_DESCRIBED: Final = 100
"""Boxes that are told one by one in the description of the whole: nobody listens to more."""


def box_title(graph: Graph, box: Box, style: Style) -> str:
    """Path, what it says, ops, shape of what it gives, and what is marked on it."""
    nodes = list(box.part.nodes())
    lines = [box.id or graph.name, box_label(graph, box).heading]
    if box.part.kind == "layer":
        lines.append(", ".join(_op_name(node) for node in nodes))
    elif len(nodes) > 1:
        lines.append(f"{len(list(box.nodes()))} nodes")
    lines.append(f"gives {_types(nodes[-1:])}")
    return _joined([*lines, *(mark.text for mark in style.marks_of(box.paths()))])


def frame_title(frame: Frame, style: Style) -> str:
    """Path and name, how many turns it stands for, and what is marked on it."""
    turns = [f"one of {len(frame.turns)} turns"] if frame.turns else []
    marks = (mark.text for mark in style.marks_of(frame.paths()))
    return _joined([frame.id, frame_label(frame).heading, *turns, *marks])


def terminal_title(terminal: Terminal, style: Style) -> str:
    """Input or output, its shape, and what is marked on it."""
    shape = str(terminal.type or "of a shape that is not known")
    only = [f"in {terminal.phase} only"] if terminal.phase else []
    marks = (mark.text for mark in style.marks_of(terminal.paths()))
    return _joined([f"{terminal.kind} {terminal.name}", shape, *only, *marks])


def arrow_title(arrow: Arrow) -> str:
    """The shape on the way."""
    return str(arrow.type or "of a shape that is not known")


def figure_title(figure: Figure) -> str:
    """What is drawn: the network, or a part of it."""
    graph, part = figure.graph, figure.root.part
    name = graph.title or graph.name
    return visible(name if part.kind == "network" else f"{frame_label(figure.root).heading} of {name}")


def title_lines(figure: Figure) -> list[Line]:
    """The title in lines: that of a block, and below it the figure it is drawn after and the network it is of."""
    if figure.root.part.kind == "network":
        return [Line(figure_title(figure), "heading")]
    heading, *remarks = frame_label(figure.root).lines
    network = figure.graph.title or figure.graph.name
    return [heading, Line(" · ".join([*(line.text for line in remarks), network]), "small")]


def figure_description(figure: Figure) -> str:
    """What is drawn, in sentences."""
    ends = {kind: [one for one in figure.terminals if one.kind == kind] for kind in ("input", "output")}
    said = [
        f"{kind} {', '.join(f'{one.name} {one.type}' if one.type else one.name for one in found)}"
        for kind, found in ends.items()
        if found
    ]
    boxes = list(figure.root.boxes())
    count = f"{len(boxes)} box{'es' if len(boxes) != 1 else ''}"
    first = [box_label(figure.graph, box).heading for box in boxes[:_DESCRIBED]]
    more = f"; and {len(boxes) - _DESCRIBED} more" if len(boxes) > _DESCRIBED else ""
    return visible(f"A graph of {count}, {'; '.join(said)}. In order: {'; '.join(first)}{more}.")


def _types(nodes: Iterable[Node]) -> str:
    types = [str(of) for node in nodes for of in node.types]
    return ", ".join(types) or "a shape that is not known"


def _op_name(node: Node) -> str:
    op = op_of(node)
    return "?" if op is None else op.name


def _joined(lines: Iterable[str]) -> str:
    return "\n".join(visible(line) for line in lines if line)
