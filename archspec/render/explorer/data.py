"""What the explorer tells of one network, as plain data."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any, Final

from archspec.analysis.facts import Facts
from archspec.ir.graph import Graph
from archspec.render.explorer.details import Details
from archspec.render.explorer.network import ROOT, Shared, home_of, network_data
from archspec.render.figure.findings import paths_of
from archspec.render.figure.parts import parts_of
from archspec.source.diagnostic import Diagnostic, Diagnostics
from archspec.source.report import render_text
from archspec.source.sanitize import visible

SEVERITIES: Final = (
    {"name": "error", "symbol": "!", "shape": "octagon"},
    {"name": "warning", "symbol": "!", "shape": "triangle"},
    {"name": "note", "symbol": "i", "shape": "circle"},
)
"""The marks of findings, the worst first: they differ in shape, not in colour alone."""


def explorer_data(graph: Graph, found: Diagnostics) -> dict[str, Any]:
    """All that the page knows, as mappings, lists, text and numbers.

    Args:
        graph: the graph; nodes may lack types, where an error made them unknowable.
        found: what there is to say about it.
    """
    details, shared = Details(Facts(graph), is_sound=not found.failed), Shared()
    network = network_data(parts_of(graph), details, shared)
    return {
        "title": visible(graph.title or graph.name),
        "subtitle": visible(graph.name if graph.title else ""),
        "facts": details.at_a_glance(),
        "root": ROOT,
        "called": ("finding", "findings"),
        "severities": SEVERITIES,
        "findings": [_finding(one, paths, network["parts"]) for one, paths in paths_of(graph, found)],
        **network,
        **shared.data(),
    }


def _finding(one: Diagnostic, paths: Iterable[str], parts: Container[str]) -> dict[str, Any]:
    """A finding with the parts that it is about, the first of them first."""
    frame, _, _ = render_text([one]).rpartition("\n\n")
    homes = (home_of(path, parts) for path in paths)
    return {
        "severity": str(one.severity),
        "name": one.name,
        "message": visible(one.message),
        "text": frame,
        "parts": [*dict.fromkeys(home for home in homes if home is not None)],
    }
