"""A figure as DOT, the language of Graphviz.

Names of nodes are numbers, and all text is in labels and ids that are escaped: nothing that a spec says is syntax.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from graphviz import Digraph

from archspec.render.figure.boxes import (
    Attributes,
    arrow_attributes,
    box_attributes,
    frame_attributes,
    terminal_attributes,
)
from archspec.render.figure.describe import (
    arrow_title,
    box_title,
    figure_description,
    figure_title,
    frame_title,
    terminal_title,
)
from archspec.render.figure.legend import caption
from archspec.render.figure.markup import label
from archspec.render.figure.style import Direction, Style
from archspec.render.figure.view import Box, Figure, Frame

_RANKS: Final[Mapping[Direction, str]] = {"down": "TB", "up": "BT", "right": "LR", "left": "RL"}

DENSE: Final = 400
"""Arrows from which on Graphviz is kept from trying for minutes to untangle them."""

QUICK: Final[Mapping[str, str]] = {"mclimit": "0.1", "nslimit": "1", "nslimit1": "1", "concentrate": "true"}
"""What keeps it from that."""


@dataclass(frozen=True, slots=True)
class Dot:
    """A drawing that is not laid out yet."""

    text: str
    titles: Mapping[str, str]
    """What a reader is told who points at a thing, by its id."""
    title: str
    """Of the whole."""
    description: str


def dot(drawn: Sequence[tuple[Figure, Style]], is_dense: bool | None = None, dpi: int | None = None) -> Dot:
    """Figures in one drawing, side by side where there are several; the first one's style is that of the whole.

    Args:
        drawn: the figures, each in its style.
        is_dense: whether it is laid out in less time, and less well; by default where there are many arrows.
        dpi: pixels per inch of what is made of it; None for formats that have no pixels.
    """
    scaled = [(one, _scaled(one, style)) for one, style in drawn]
    first, style = scaled[0]
    head = caption(first, style) if len(scaled) == 1 else None
    if is_dense is None:
        is_dense = is_crowded(drawn)
    whole = Digraph(
        "figure",
        graph_attr={
            **graph_attributes(style, is_dense),
            **({"dpi": str(dpi)} if dpi is not None else {}),
            **({"label": label(head), "labelloc": "t", "labeljust": "l"} if head is not None else {}),
        },
        node_attr=node_attributes(style),
        edge_attr=edge_attributes(style),
    )
    writer = _Writer(whole)
    for place, (one, its_style) in enumerate(scaled, 1):
        writer.write(one, its_style, f"{place}:" if len(scaled) > 1 else "")
    title = " and ".join(figure_title(one) for one, _ in scaled)
    return Dot(whole.source, writer.titles, title, " ".join(figure_description(one) for one, _ in scaled))


def is_crowded(drawn: Sequence[tuple[Figure, Style]]) -> bool:
    """Whether there are so many arrows that Graphviz would take minutes over them."""
    return sum(len(one.arrows) for one, _ in drawn) > DENSE


def graph_attributes(style: Style, is_dense: bool = False) -> Attributes:
    """Of the whole drawing."""
    return {
        "id": "figure:",
        "rankdir": _RANKS[style.direction],
        "bgcolor": style.theme.background,
        "fontname": style.font,
        "nodesep": "0.22",
        "ranksep": "0.3",
        "pad": "0.15",
        **(QUICK if is_dense else {}),
    }


def node_attributes(style: Style) -> Attributes:
    """Of all boxes."""
    return {"fontname": style.font, "fontsize": "11", "margin": "0", "penwidth": "1.1"}


def edge_attributes(style: Style) -> Attributes:
    """Of all arrows."""
    color = style.theme.arrow
    return {"fontname": style.font, "fontsize": "9", "color": color, "arrowsize": "0.6", "penwidth": "1"}


def _scaled(figure: Figure, style: Style) -> Style:
    """The style with the most that a box has of what the figure is coloured by."""
    if style.heat is None:
        return style
    values = (style.heat.of(box.nodes()) for box in figure.root.boxes())
    return replace(style, most=max((value for value in values if value is not None), default=1))


class _Writer:
    """Writes figures into a drawing, under numbers as names."""

    def __init__(self, whole: Digraph) -> None:
        self._whole = whole
        self._count = 0
        self.titles: dict[str, str] = {}

    def write(self, figure: Figure, style: Style, prefix: str) -> None:
        """Write a figure; with a prefix, its ids begin with that, and its head is on a frame around it."""
        names: dict[str, str] = {}
        head = caption(figure, style) if prefix else None
        if head is None:
            self._write_figure(self._whole, figure, style, names, prefix)
            return
        attributes = {"label": label(head), "labeljust": "l", "color": style.theme.background, "margin": "16"}
        with self._whole.subgraph(name=f"cluster_{self._number()}", graph_attr=attributes) as inside:
            self._write_figure(inside, figure, style, names, prefix)

    def _write_figure(self, target: Digraph, figure: Figure, style: Style, names: dict[str, str], prefix: str) -> None:
        for terminal in figure.terminals:
            names[terminal.id] = self._name(prefix + terminal.id, terminal_title(terminal, style))
            target.node(names[terminal.id], **_with_id(terminal_attributes(terminal, style), prefix))
        for member in figure.root.members:
            self._write_member(target, member, figure, style, names, prefix)
        for arrow in figure.arrows:
            name = f"{prefix}{arrow.source}-{arrow.target}"
            self.titles[name] = arrow_title(arrow)
            target.edge(names[arrow.source], names[arrow.target], id=name, **arrow_attributes(arrow, style))

    def _write_member(
        self, target: Digraph, member: Box | Frame, figure: Figure, style: Style, names: dict[str, str], prefix: str
    ) -> None:
        if isinstance(member, Box):
            attributes = _with_id(box_attributes(figure.graph, member, style), prefix)
            names[member.id] = self._name(attributes["id"], box_title(figure.graph, member, style))
            target.node(names[member.id], **attributes)
            return
        attributes = _with_id(frame_attributes(member, style), prefix)
        name = f"cluster_{self._name(attributes['id'], frame_title(member, style))}"
        with target.subgraph(name=name, graph_attr=attributes) as inside:
            for one in member.members:
                self._write_member(inside, one, figure, style, names, prefix)

    def _name(self, id_: str, title: str) -> str:
        self.titles[id_] = title
        return f"n{self._number()}"

    def _number(self) -> int:
        self._count += 1
        return self._count


def _with_id(attributes: Attributes, prefix: str) -> Attributes:
    return {**attributes, "id": prefix + attributes["id"]}
