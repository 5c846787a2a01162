"""What the options of `archspec render` mean: which part is drawn, what is marked, and how it looks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import chain
from typing import TYPE_CHECKING, Final

import click

from archspec.render.figure.choices import Content, Direction, Shapes
from archspec.render.figure.heat import HEATS
from archspec.render.figure.theme import THEMES
from archspec.rules import by_name, judge
from archspec.source.diagnostic import Diagnostics, Severity
from archspec.source.sanitize import brief, visible

if TYPE_CHECKING:
    from archspec.ir.graph import Graph
    from archspec.render.figure.parts import Part
    from archspec.render.figure.style import Mark, Style
    from archspec.render.figure.view import Figure

_LISTED: Final = 8
"""Names that are listed where none is nearly right."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """The options, as they were given."""

    depth: int | None
    unfold: bool
    block: str | None
    highlight: tuple[str, ...]
    color_by: str | None
    theme: str
    direction: Direction
    font: str | None
    shapes: Shapes
    labels: Content
    has_title: bool
    has_legend: bool


def composed(graph: Graph, found: Diagnostics, wishes: Wishes) -> tuple[Figure, Style]:
    """The figure of a graph, and its style.

    Raises:
        click.BadParameter: when an option names what is not there.
    """
    from archspec.render.figure.parts import parts_of
    from archspec.render.figure.view import figure

    whole = parts_of(graph)
    part = _part(whole, graph, wishes.block) if wishes.block is not None else whole
    return figure(graph, wishes.depth, wishes.unfold, part), _style(graph, found, part, wishes)


def _part(whole: Part, graph: Graph, name: str) -> Part:
    """The part at a path, or else the first use of a block."""
    parts = [part for part in whole.parts() if part.members]
    for part in parts:
        if part.id == name or (part.scope is not None and part.scope.block == name and part.kind != "repeat"):
            return part
    names = [named for part in parts for named in (part.scope.block if part.scope else None, part.id) if named]
    raise click.BadParameter(_there_is_no("block or sequence", name, graph, names), param_hint="--block")


def _style(graph: Graph, found: Diagnostics, part: Part, wishes: Wishes) -> Style:
    from archspec.analysis.facts import Facts
    from archspec.render.figure.findings import marks_from, merged
    from archspec.render.figure.legend import costs_text
    from archspec.render.figure.style import Style

    facts = Facts(graph)
    if wishes.color_by is not None and found.failed:
        raise click.BadParameter("a spec that has errors cannot be measured", param_hint="--color-by")
    errors = marks_from(graph, (one for one in found if one.severity is Severity.ERROR))
    runs = facts.running["eval"]
    counts = [facts.cost.nodes[node.path] for node in part.nodes() if node.path in runs or part.phase == "training"]
    style = Style(
        theme=THEMES[wishes.theme],
        direction=wishes.direction,
        shapes=wishes.shapes,
        content=wishes.labels,
        has_title=wishes.has_title,
        has_legend=wishes.has_legend,
        marks=merged(errors, *(_highlighted(graph, name) for name in wishes.highlight)),
        heat=HEATS[wishes.color_by](facts) if wishes.color_by is not None else None,
        costs=facts.cost.nodes,
        subtitle="" if found.failed else costs_text(counts),
    )
    return style if wishes.font is None else replace(style, font=wishes.font)


def _highlighted(graph: Graph, name: str) -> Mapping[str, tuple[Mark, ...]]:
    """What is highlighted: a node or scope by its path, every use of a block, or what a rule finds."""
    from archspec.render.figure.findings import marks_from
    from archspec.render.figure.style import Mark

    paths = list(_named(graph, name))
    if paths:
        return dict.fromkeys(paths, (Mark("highlight", "highlighted"),))
    rule = by_name().get(name)
    if rule is None:
        known = [*by_name(), *filter(None, chain.from_iterable(_places(graph)))]
        raise click.BadParameter(_there_is_no("path, block or rule", name, graph, known), param_hint="--highlight")
    judge(graph, found := Diagnostics(), (rule,), apart=True)
    if not len(found):
        click.echo(f"note: `{name}` finds nothing in {graph.name}", err=True)
    return marks_from(graph, found, "highlight")


def _named(graph: Graph, name: str) -> Iterator[str]:
    return (path for path, block in _places(graph) if name in (path, block))


def _places(graph: Graph) -> Iterator[tuple[str, str | None]]:
    """The paths of all nodes and scopes, and the blocks that these are uses of."""
    yield from ((node.path, None) for node in graph)
    yield from ((scope.path, scope.block) for scope in graph.root.scopes())


def _there_is_no(kind: str, name: str, graph: Graph, known: Iterable[str]) -> str:
    names = list(dict.fromkeys(known))
    close = get_close_matches(name, names, n=1)
    listed = ", ".join([*(f"`{known}`" for known in names[:_LISTED]), *(["..."] if len(names) > _LISTED else [])])
    hint = f", did you mean `{close[0]}`?" if close else f"; there is {listed}" if names else ""
    return f"{graph.name} has no {kind} `{visible(brief(name))}`{hint}"
