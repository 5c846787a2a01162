"""Findings as marks: which node, block or sequence each diagnostic is about."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping

from archspec.ir.graph import Graph
from archspec.render.figure.style import Mark
from archspec.source.diagnostic import Diagnostic
from archspec.source.span import Source, Span


def paths_of(graph: Graph, found: Iterable[Diagnostic]) -> list[tuple[Diagnostic, list[str]]]:
    """Each finding with the paths of the nodes and scopes it is about; none where it is about none in the graph."""
    items = _Items(graph)
    return [(one, items.paths_of(one)) for one in found]


def marks_from(graph: Graph, found: Iterable[Diagnostic], kind: str | None = None) -> dict[str, tuple[Mark, ...]]:
    """Marks by path, of the kind of each finding's severity or of a given one."""
    marks: defaultdict[str, list[Mark]] = defaultdict(list)
    for one, paths in paths_of(graph, found):
        for path in paths:
            marks[path].append(Mark(kind or str(one.severity), f"{one.severity}[{one.name}]: {one.message}"))
    return {path: tuple(every) for path, every in marks.items()}


def merged(*every: Mapping[str, tuple[Mark, ...]]) -> dict[str, tuple[Mark, ...]]:
    """Marks of several kinds together."""
    marks: dict[str, tuple[Mark, ...]] = {}
    for some in every:
        for path, those in some.items():
            marks[path] = (*marks.get(path, ()), *those)
    return marks


class _Items:
    """Where the items of a graph are written."""

    def __init__(self, graph: Graph) -> None:
        self._paths: dict[str, None] = {}
        self._starts: defaultdict[Source, dict[int, str]] = defaultdict(dict)
        for member in (*graph, *graph.root.scopes()):
            self._paths[member.path] = None
            if member.origin is not None:
                span = member.origin.span
                self._starts[span.source].setdefault(span.start, member.path)
        self._order = {source: sorted(starts) for source, starts in self._starts.items()}

    def paths_of(self, found: Diagnostic) -> list[str]:
        """The paths that a finding names, or else that of the first use of the item it points into."""
        named = [origin.path for origin in (found.origin, *found.others) if origin is not None]
        known = [path for path in named if path in self._paths]
        if not known and found.span is not None:
            known = [path for path in (self._at(found.span),) if path is not None]
        return list(dict.fromkeys(known))

    def _at(self, span: Span) -> str | None:
        """The path of the item that a span is in: the last one before it, if no line between is further out."""
        order = self._order.get(span.source, [])
        place = bisect_right(order, span.start) - 1
        if place < 0:
            return None
        start = order[place]
        line, column = span.source.position(start)
        between = (text for text in span.source.lines[line : span.line] if text.strip())
        is_inside = all(len(text) - len(text.lstrip()) >= column - 1 for text in between)
        return self._starts[span.source][start] if is_inside else None
