"""How boxes, frames, terminals and arrows look: their attributes in DOT."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from archspec.analysis.cost import Counts
from archspec.ir.graph import Graph, Phase, Value
from archspec.render.figure.habits import habits
from archspec.render.figure.heat import Heat, color_of
from archspec.render.figure.labels import Label, Line, Role, box_label, frame_label
from archspec.render.figure.markup import Cell, cell, label
from archspec.render.figure.parts import Part
from archspec.render.figure.style import Style
from archspec.render.figure.theme import Paint, Theme
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
    if style.heat is not None:
        values = heat_values(box, style.heat)
        fill, color = color_of(style.theme, max(values) / max(style.most, 1)) if values else _unknown(style.theme)
        paint = Paint(fill, paint.line)
        told = _in_turns([style.heat.text(value) for value in values])
        is_new = any(values) and said.shape != "sign" and not any(line.text.startswith(f"{told} ") for line in lines)
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


def _unknown(theme: Theme) -> tuple[str, str]:
    """The fill and the text of a box in a heat map that has no number."""
    return theme.background, theme.text


def heat_values(box: Box, heat: Heat) -> list[int]:
    """What a box has of what a figure is coloured by, in each of the turns that it stands for; none where not known."""
    values = [heat.of(part.nodes()) for part in (box.part, *box.others)]
    return [value for value in values if value is not None]


def _in_turns(texts: Sequence[str]) -> str:
    """One text where it is that of every turn, or else one after the other."""
    return "/".join(texts if len(set(texts)) > 1 else texts[:1])


def marked_as(drawn: Box | Frame | Terminal, style: Style) -> str | None:
    """The kind of mark that a thing has: the strongest of what it stands for, changed where only some is added."""
    marks = style.marks_of(drawn.paths())
    kind = marks[0].kind if marks else None
    if kind not in ("added", "removed") or isinstance(drawn, Terminal):
        return kind
    parts = [drawn.part, *drawn.others] if isinstance(drawn, Box) or not drawn.turns else list(drawn.turns)
    kept = [part for part in parts if not _is_wholly(kind, part, style)]
    if not kept:
        return kind
    if isinstance(drawn, Frame):
        return "changed"
    rest = style.marks_of(path for part in kept for path in part.paths())
    return None if not rest else "changed" if rest[0].kind == kind else rest[0].kind


def _is_wholly(kind: str, part: Part, style: Style) -> bool:
    """Whether all that is in a part is added, or removed."""
    return all(kind in {mark.kind for mark in style.marks.get(node.path, ())} for node in part.nodes())


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


def terminal_attributes(graph: Graph, terminal: Terminal, style: Style) -> Attributes:
    """An input or an output: its name, and its shape below."""
    shape = shape_text(graph, terminal.value, style) if terminal.type is not None else "?"
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


def arrow_attributes(graph: Graph, arrow: Arrow, style: Style) -> Attributes:
    """A tensor on its way."""
    attributes = {"style": "dashed"} if arrow.phase == "training" else {}
    if arrow.is_labelled and arrow.type is not None and (text := shape_text(graph, arrow.value, style)):
        attributes["label"] = label(_padded(cell((Line(text, "small"),), _colors(style.theme.text, style))))
    return attributes


def shape_text(graph: Graph, value: Value, style: Style) -> str:
    """The shape of one sample: `35x35x288`, or `288x35x35`; nothing where shapes are not to be said.

    What has no places of an image is written as it is: `[4, 32, 16]`.
    """
    of = graph.type_of(value)
    if style.shapes == "none" or of is None or not of.is_known:
        return "" if style.shapes == "none" else "?"
    if of.rank == 4 and value.node in habits(graph).shuffled:
        return f"[{', '.join(map(str, of.shape[1:]))}]"
    if style.shapes == "hwc":
        return size_text([of])
    return "x".join(f"({dim})" if " " in str(dim) else str(dim) for dim in of.shape[1:])


def _further_lines(graph: Graph, box: Box, said: Label, style: Style) -> list[Line]:
    if style.content == "paper" or said.shape == "sign":
        return []
    lines = [Line(box.id, "small")] if box.id != said.lines[0].text else []
    if style.content == "full":
        last = list(box.part.nodes())[-1]
        given = [shape_text(graph, Value(last.path, port), style) for port in range(len(last.types))]
        counts = [_counts(part, style) for part in (box.part, *box.others)]
        parameters = _in_turns([short(count.parameters) for count in counts])
        macs = _in_turns([short(count.macs) for count in counts])
        told = [
            ", ".join(filter(None, given)),
            f"{parameters} params" if parameters else "",
            f"{macs} MACs" if macs else "",
        ]
        lines += [Line(text, "small") for text in told if text]
    return lines


def _counts(part: Part, style: Style) -> Counts:
    """What the nodes of a part cost together."""
    return sum((style.costs[node.path] for node in part.nodes() if node.path in style.costs), Counts())


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
