"""Which uses of an item an edit changes: a text may be used many times, and a finding be true of some of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from archspec.ir.graph import Graph
from archspec.rules import judge
from archspec.rules.rule import Rule
from archspec.source.diagnostic import Diagnostic, Diagnostics
from archspec.source.remedy import SplitItem
from archspec.tools.fix.changes import place_of
from archspec.tools.fix.text import Text


def other_use(finding: Diagnostic, graph: Graph, text: Text, rules: Iterable[Rule]) -> str | None:
    """The path of a use that the remedy of a finding changes too, though its rule does not ask for it; None for none.

    What is no finding of a rule is an error, which the proof on the whole is enough for; so it is for a split, which
    computes what it did from the same places in every use.
    """
    if finding.remedy is None or finding.name not in {rule.name for rule in rules}:
        return None
    judge(graph, found := Diagnostics(), [rule for rule in rules if rule.name == finding.name], apart=True)
    wished = [change for one in found if one.remedy is not None for change in one.remedy.changes]
    for change in finding.remedy.changes:
        if isinstance(change, SplitItem):
            continue
        asked = {other.path for other in wished if replace(other, path="") == replace(change, path="")}
        for path in text.uses(change.path, place_of(change, text)):
            if not asked.intersection(_around(path)):
                return path
    return None


def _around(path: str) -> Iterator[str]:
    """A path and those it begins with."""
    while path:
        yield path
        path = path.rpartition(".")[0]
