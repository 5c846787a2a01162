"""Judgements: one named rule a file, in the order in which they run."""

from __future__ import annotations

from dataclasses import replace

from archspec.analysis.facts import Facts
from archspec.ir.graph import Graph
from archspec.rules.dead_node import DeadNode
from archspec.rules.rule import Rule
from archspec.rules.unmet_contract import UnmetContract
from archspec.source.diagnostic import Diagnostics, Severity

RULES: tuple[Rule, ...] = (DeadNode(), UnmetContract())


def judge(graph: Graph, found: Diagnostics) -> None:
    """Hold a graph without errors to every rule that is not off."""
    if found.failed:
        return
    facts = Facts(graph)
    for rule in RULES:
        severity = graph.severities.get(rule.name, rule.severity.value)
        if severity != "off":
            for diagnostic in rule.check(graph, facts):
                found.add(replace(diagnostic, severity=Severity(severity)))


def by_name() -> dict[str, Rule]:
    """All rules by name."""
    return {rule.name: rule for rule in RULES}
