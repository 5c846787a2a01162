"""Rules asked one by one, at thresholds of their own."""

from __future__ import annotations

from archspec.analysis.facts import Facts
from archspec.compiler import load_graph
from archspec.ir.graph import Graph
from archspec.rules import by_name
from archspec.rules.rule import Case, Finding
from archspec.rules.together import said_once
from tests.specs import spec

OFF = "{" + ", ".join(f"{name}: off" for name in by_name()) + "}"


def asked(graph: Graph, rule: str, **settings: float) -> list[Finding]:
    """What a rule says of a graph, once of each kind."""
    return said_once(type(by_name()[rule])(settings).check(Case(graph, Facts(graph))))


def found(rule: str, layers: str, inputs: str = "{x: [N, 3, 64, 64]}", **settings: float) -> list[Finding]:
    """What a rule says of layers, given in flow style; that others have something to say does not matter."""
    return asked(load_graph(spec(f"layers: [{layers}]\nchecks: {OFF}", inputs)), rule, **settings)
