"""Rule: one named judgement over a graph and its facts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar

from archspec.analysis.facts import Facts
from archspec.ir.graph import Graph
from archspec.source.diagnostic import Diagnostic, Severity


class Rule(ABC):
    """Base of every rule.

    Its docstring is its page: a line that says what is wrong, why it matters, a bad and a good example as YAML
    blocks, in this order; a test runs both.
    """

    name: ClassVar[str]
    """States the bad pattern: it reads on after "allow"."""
    severity: ClassVar[Severity]

    @abstractmethod
    def check(self, graph: Graph, facts: Facts) -> Iterator[Diagnostic]:
        """Everything in the graph that the rule is against. What an item's `allow` names is not reported."""
