"""What a notebook shows of a graph: its figure, at a depth that stays readable."""

from __future__ import annotations

from html import escape

from archspec.analysis.facts import Facts
from archspec.ir.graph import Graph
from archspec.render.engines import DrawingError
from archspec.render.figure.legend import network_costs
from archspec.render.figure.picture import picture
from archspec.render.figure.style import Style
from archspec.render.figure.view import figure


def svg_of(graph: Graph) -> str | None:
    """The figure as an `svg` element; None where no layout engine draws it."""
    try:
        drawn = picture([(figure(graph), Style(subtitle=network_costs(Facts(graph))))], "svg")
    except DrawingError:
        return None
    text = drawn.data.decode()
    return text[text.index("<svg") :]


def html_of(graph: Graph) -> str | None:
    """The figure in a frame that scrolls, white in dark notebooks too; None where no layout engine draws it."""
    drawn = svg_of(graph)
    if drawn is None:
        return None
    label = escape(f"Figure of {graph.title or graph.name}")
    return (
        f'<div role="region" aria-label="{label}" tabindex="0"'
        f' style="max-height: 80vh; overflow: auto; background: #ffffff">{drawn}</div>'
    )
