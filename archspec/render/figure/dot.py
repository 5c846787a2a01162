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
    heat_values,
    terminal_attributes,
)
from archspec.render.figure.choices import Direction
from archspec.render.figure.describe import (
    arrow_title,
    box_title,
    figure_description,
    figure_title,
    frame_title,
    terminal_title,
)
from archspec.render.figure.entries import Entry, entries
from archspec.render.figure.legend import captions
from archspec.render.figure.markup import Cell, label
from archspec.render.figure.style import Style
from archspec.render.figure.view import Arrow, Box, Figure, Frame

_RANKS: Final[Mapping[Direction, str]] = {"down": "TB", "up": "BT", "right": "LR", "left": "RL"}

DENSE: Final = 4_000
"""Rows that arrows go over, together, from which on Graphviz is kept from trying for minutes to untangle them: those of
a network of 1,000 nodes that are not connected densely go over 2,000, those of DenseNet-121 over 8,000."""

_ALONG: Final = "3"
"""How much more than other arrows those are kept straight that go from box to box: what ends in a join may bend."""
_TO_ENTRY: Final[Attributes] = {"arrowhead": "none", "weight": "8"}

QUICK: Final[Mapping[str, str]] = {"mclimit": "0.1", "nslimit": "1", "nslimit1": "1", "splines": "line"}
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
        is_dense: whether it is laid out in less time, and less well; by default where arrows go far.
        dpi: pixels per inch of what is made of it; None for formats that have no pixels.
    """
    scaled = _scaled(drawn)
    heads = captions(scaled)
    style = scaled[0][1]
    if is_dense is None:
        is_dense = is_crowded(drawn)
    if is_dense:
        scaled = [(_unlabelled(one), its_style) for one, its_style in scaled]
    is_alone = len(scaled) == 1
    whole = Digraph(
        "figure",
        graph_attr={
            **graph_attributes(style, is_dense),
            **({"dpi": str(dpi)} if dpi is not None else {}),
            **(_head(heads[0]) if is_alone else {}),
        },
        node_attr=node_attributes(style),
        edge_attr=edge_attributes(style),
    )
    titles: dict[str, str] = {}
    if is_alone:
        _Writer(*scaled[0], titles, "").write(whole)
    else:
        for place, ((one, its_style), head) in enumerate(zip(scaled, heads, strict=True), 1):
            attributes = _head(head) | {"color": style.theme.background, "margin": "16"}
            with whole.subgraph(name=f"cluster_{place}", graph_attr=attributes) as inside:
                _Writer(one, its_style, titles, f"{place}:").write(inside)
    title = " and ".join(figure_title(one) for one, _ in scaled)
    return Dot(whole.source, titles, title, " ".join(figure_description(one) for one, _ in scaled))


def _unlabelled(figure: Figure) -> Figure:
    """The figure with no text at its arrows: each makes room for itself, and nobody would know which it belongs to."""
    return replace(figure, arrows=tuple(replace(arrow, is_labelled=False) for arrow in figure.arrows))


def _head(head: Cell | None) -> Attributes:
    return {"label": label(head), "labelloc": "t", "labeljust": "l"} if head is not None else {}


def is_crowded(drawn: Sequence[tuple[Figure, Style]]) -> bool:
    """Whether arrows go so far that Graphviz would take minutes over them."""
    return sum(one.reach() for one, _ in drawn) > DENSE


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
        "margin": "0",
        **(QUICK if is_dense else {}),
    }


def node_attributes(style: Style) -> Attributes:
    """Of all boxes."""
    return {"fontname": style.font, "fontsize": "11", "margin": "0", "penwidth": "1.1"}


def edge_attributes(style: Style) -> Attributes:
    """Of all arrows."""
    color = style.theme.arrow
    return {"fontname": style.font, "fontsize": "9", "color": color, "arrowsize": "0.6", "penwidth": "1"}


def entry_attributes(style: Style) -> Attributes:
    """Of the point where a tensor comes into a frame; what goes on from it keeps its order."""
    return {"shape": "point", "width": "0.02", "class": "entry", "color": style.theme.arrow, "ordering": "out"}


def _scaled(drawn: Sequence[tuple[Figure, Style]]) -> list[tuple[Figure, Style]]:
    """The figures with the most that a box of any has of what they are coloured by: one scale for all."""
    heats = ((one, style.heat) for one, style in drawn if style.heat is not None)
    most = max(
        (value for one, heat in heats for box in one.root.boxes() for value in heat_values(box, heat)), default=1
    )
    return [(one, replace(style, most=most)) for one, style in drawn]


class _Writer:
    """Writes one figure into a drawing, under numbers as names.

    Args:
        titles: by id what is told of each thing in the drawing; those of the figure are added.
        prefix: what the ids of the figure begin with.
    """

    def __init__(self, figure: Figure, style: Style, titles: dict[str, str], prefix: str) -> None:
        self._figure, self._style, self._titles, self._prefix = figure, style, titles, prefix
        self._names: dict[str, str] = {}
        self._entries: dict[str, list[Entry]] = {}
        """By the frame that they are in."""
        for entry in entries(figure):
            self._entries.setdefault(entry.frame, []).append(entry)

    def write(self, target: Digraph) -> None:
        """Write the figure."""
        for terminal in self._figure.terminals:
            attributes = terminal_attributes(self._figure.graph, terminal, self._style)
            self._thing(target, terminal.id, attributes, terminal_title(terminal, self._style))
        for member in self._figure.root.members:
            self._member(target, member)
        joins = {
            box.id for box in self._figure.root.boxes() if box.part.node is not None and len(box.part.node.inputs) > 1
        }
        every = [entry for some in self._entries.values() for entry in some]
        starts = {arrow: entry.id for entry in every for arrow in entry.further}
        for entry in every:
            attributes = arrow_attributes(self._figure.graph, entry.way, self._style) | _TO_ENTRY
            self._arrow(target, entry.way, entry.way.source, attributes)
        for arrow in self._figure.arrows:
            start = starts.get(arrow, arrow.source)
            said = arrow if start == arrow.source else replace(arrow, is_labelled=False)
            attributes = arrow_attributes(self._figure.graph, said, self._style)
            if arrow.phase is None and arrow.target not in joins:
                attributes["weight"] = _ALONG
            self._arrow(target, arrow, start, attributes)

    def _member(self, target: Digraph, member: Box | Frame) -> None:
        if isinstance(member, Box):
            attributes = box_attributes(self._figure.graph, member, self._style)
            self._thing(target, member.id, attributes, box_title(self._figure.graph, member, self._style))
            return
        name = f"cluster_{self._name(member.id, frame_title(member, self._style))}"
        attributes = frame_attributes(member, self._style) | {"id": self._prefix + member.id}
        with target.subgraph(name=name, graph_attr=attributes) as inside:
            for entry in self._entries.get(member.id, ()):
                attributes = entry_attributes(self._style) | {"id": entry.id}
                self._thing(inside, entry.id, attributes, arrow_title(entry.way))
            for one in member.members:
                self._member(inside, one)

    def _thing(self, target: Digraph, id_: str, attributes: Attributes, title: str) -> None:
        self._names[id_] = self._name(attributes["id"], title)
        target.node(self._names[id_], **attributes | {"id": self._prefix + attributes["id"]})

    def _arrow(self, target: Digraph, arrow: Arrow, start: str, attributes: Attributes) -> None:
        id_ = f"{self._prefix}{arrow.source}-{arrow.target}"
        self._titles[id_] = arrow_title(arrow)
        target.edge(self._names[start], self._names[arrow.target], id=id_, **attributes)

    def _name(self, id_: str, title: str) -> str:
        """Of a node or cluster: a number, which is not taken yet as every name has a title."""
        self._titles[self._prefix + id_] = title
        return f"n{len(self._titles)}"
