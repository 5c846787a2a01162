"""How boxes, frames, terminals and arrows look: their attributes in DOT."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from archspec.ir.graph import Graph, Phase
from archspec.ir.types import TensorType
from archspec.render.figure.heat import color_of
from archspec.render.figure.labels import Label, Line, Role, box_label, frame_label
from archspec.render.figure.markup import Cell, cell, label
from archspec.render.figure.parts import Part
from archspec.render.figure.style import Style
from archspec.render.figure.theme import Paint
from archspec.render.figure.view import Arrow, Box, Frame, Terminal
from archspec.render.layers import category_of
from archspec.render.layout import short
from archspec.render.table import size_text

Attributes = dict[str, str]

_POINTS: Final = 72
"""An inch: Graphviz takes sizes in inches."""
_PADDING: Final = (9, 5)
"""Around the text of a box, in points."""
_PER_INPUT: Final = 34
"""How far a bar reaches at least, in points, for each of its inputs."""
_MOST_INPUTS: Final = 12
"""Beyond which it does not reach further."""
_SIGN: Final = 0.3
"""The size of a sign, in inches."""


def box_attributes(graph: Graph, box: Box, style: Style) -> Attributes:
    """A closed part."""
    said = box_label(graph, box)
    lines = (*said.lines, *_further_lines(graph, box, said, style))
    paint, color = _paint(box, style), style.theme.text
    if style.heat is not None and (value := style.heat.of(box.nodes())) is not None:
        fill, color = color_of(style.theme, value / max(style.most, 1))
        paint = Paint(fill, paint.line)
        told = style.heat.text(value)
        is_new = value and said.shape != "sign" and not any(line.text.startswith(f"{told} ") for line in lines)
        lines = (*lines, *([Line(told, "small")] if is_new else []))
    text = cell(lines, _colors(color, style if style.heat is None else None))
    kind = marked_as(box, style)
    return {
        "id": box.id or "network:",
        "class": _class("box", box.part.kind, _category(box.part), kind),
        "label": label(text),
        "fillcolor": paint.fill,
        "color": paint.line,
        **_outline(said, text, len(box.part.node.inputs) if box.part.node else 1, style),
        **_strokes(box.part.phase, kind, style, is_round=box.part.node is None),
    }


def marked_as(drawn: Box | Frame | Terminal, style: Style) -> str | None:
    """The kind of mark that a thing has: the strongest of what it stands for, changed where only some is added."""
    marks = style.marks_of(drawn.paths())
    if not marks:
        return None
    kind = marks[0].kind
    if kind in ("added", "removed") and isinstance(drawn, Box):
        every = [{mark.kind for mark in style.marks.get(node.path, ())} for node in drawn.nodes()]
        return kind if all(kind in kinds for kinds in every) else "changed"
    return kind


def frame_attributes(frame: Frame, style: Style) -> Attributes:
    """An open part."""
    text = cell(frame_label(frame).lines, _colors(style.theme.text, style), "start")
    kind = marked_as(frame, style)
    return {
        "id": frame.part.id,
        "class": _class("frame", frame.part.kind, kind),
        "label": label(text),
        "labeljust": "l",
        "margin": "10",
        "fillcolor": style.theme.frame.fill,
        "color": style.theme.frame.line,
        **_strokes(frame.part.phase, kind, style, is_round=True),
    }


def terminal_attributes(terminal: Terminal, style: Style) -> Attributes:
    """An input or an output: its name, and its shape below."""
    shape = shape_text(terminal.type, style) if terminal.type is not None else "?"
    lines = (Line(terminal.name, "heading"), *([Line(shape, "small")] if shape else []))
    text = cell(lines, _colors(style.theme.text, style))
    kind = marked_as(terminal, style)
    return {
        "id": terminal.id,
        "class": _class("terminal", terminal.kind, kind),
        "label": label(text),
        "shape": "box",
        "fillcolor": style.theme.terminal.fill,
        "color": style.theme.terminal.line,
        "penwidth": "1.6",
        **_size(text.width + 24, text.height + 2 * _PADDING[1]),
        **_strokes(terminal.phase, kind, style, is_round=True),
    }


def arrow_attributes(arrow: Arrow, style: Style) -> Attributes:
    """A tensor on its way."""
    attributes = {"style": "dashed"} if arrow.phase == "training" else {}
    if arrow.is_labelled and arrow.type is not None and (text := shape_text(arrow.type, style)):
        attributes["label"] = label(_padded(cell((Line(text, "small"),), _colors(style.theme.text, style))))
    return attributes


def shape_text(of: TensorType, style: Style) -> str:
    """The shape of one sample: `35x35x288`, or `288x35x35`; nothing where shapes are not to be said."""
    if style.shapes == "none" or not of.is_known:
        return "" if style.shapes == "none" else "?"
    if style.shapes == "hwc":
        return size_text([of])
    return "x".join(f"({dim})" if " " in str(dim) else str(dim) for dim in of.shape[1:])


def _further_lines(graph: Graph, box: Box, said: Label, style: Style) -> list[Line]:
    if style.content == "paper" or said.shape == "sign":
        return []
    lines = [Line(box.id, "small")] if box.id != said.lines[0].text else []
    if style.content == "full":
        last = list(box.part.nodes())[-1]
        given = [shape_text(of, style) for of in last.types]
        counts = [style.costs[node.path] for node in box.nodes() if node.path in style.costs]
        parameters = sum(count.parameters for count in counts)
        macs = sum(count.macs for count in counts if isinstance(count.macs, int))
        told = [
            ", ".join(filter(None, given)),
            parameters and f"{short(parameters)} params",
            macs and f"{short(macs)} MACs",
        ]
        lines += [Line(str(text), "small") for text in told if text]
    return lines


def _class(*words: str | None) -> str:
    return " ".join(filter(None, words))


def _category(part: Part) -> str:
    return category_of(part.node) if part.node is not None else "part"


def _paint(box: Box, style: Style) -> Paint:
    return style.theme.block if box.part.node is None else style.theme.paint(category_of(box.part.node))


def _colors(color: str, style: Style | None) -> Mapping[Role, str]:
    return {"heading": color, "plain": color, "small": style.theme.muted if style is not None else color}


def _outline(said: Label, text: Cell, inputs: int, style: Style) -> Attributes:
    if said.shape == "sign":
        return {"shape": "circle", "width": str(_SIGN), "height": str(_SIGN), "fixedsize": "true"}
    width, height = text.width + 2 * _PADDING[0], text.height + 2 * _PADDING[1]
    if said.shape == "bar":  # across the way that the figure goes
        across = _PER_INPUT * min(inputs, _MOST_INPUTS)
        is_flat = style.direction in ("down", "up")
        width, height = (max(width, across), text.height + 2) if is_flat else (width, max(height, across))
    return {"shape": "box", **_size(width, height)}


def _size(width: int, height: int) -> Attributes:
    return {"width": f"{width / _POINTS:.3f}", "height": f"{height / _POINTS:.3f}", "fixedsize": "true"}


def _strokes(phase: Phase | None, kind: str | None, style: Style, is_round: bool) -> Attributes:
    attributes = {"style": _style(phase, is_round)}
    if kind is not None:
        attributes |= {"color": style.theme.marks[kind], "penwidth": "1.6" if kind == "reshaped" else "3"}
    return attributes


def _style(phase: Phase | None, is_round: bool) -> str:
    return ",".join(["filled", *(["rounded"] if is_round else []), *(["dashed"] if phase is not None else [])])


def _padded(text: Cell) -> Cell:
    """A little room beside it, so that it does not touch its arrow."""
    body = f'<TR><TD FIXEDSIZE="TRUE" WIDTH="{text.width + 8}" HEIGHT="{text.height}">{text.markup}</TD></TR>'
    return Cell(
        f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">{body}</TABLE>', text.width + 8, text.height
    )
