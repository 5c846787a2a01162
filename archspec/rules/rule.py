"""Rule: one named judgement over a graph and its facts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

from archspec.analysis.facts import Facts
from archspec.ir.graph import Allowance, Graph, Node, Scope
from archspec.source.diagnostic import Diagnostic, Label, Severity
from archspec.source.origin import Origin
from archspec.source.remedy import Remedy
from archspec.source.span import Span


class Setting(NamedTuple):
    """A threshold of a rule, which `checks:` may set."""

    default: float
    doc: str
    """A line: what it is compared with."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a rule is against."""

    at: Node | Scope | Span
    """What it is said of: the `allow` of a node or scope silences it."""
    message: str
    """What is there, and what was expected, with the numbers."""
    help: str | None = None
    """What to do."""
    caption: str = ""
    labels: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    severity: Severity | None = None
    """Where it is worse, or less bad, than the rule's own; what `checks` says goes before it."""
    remedy: Remedy | None = None
    kind: str = ""
    """Of the findings of one kind the first is told, with a note of the others; empty for one by itself."""
    others: tuple[Origin, ...] = ()
    """Where the others of its kind are, of which it is the first."""

    def diagnostic(self, rule: str, severity: Severity) -> Diagnostic:
        """The finding as what is printed."""
        origin = None if isinstance(self.at, Span) else self.at.origin
        span = self.at if isinstance(self.at, Span) else origin.span if origin is not None else None
        return Diagnostic(
            rule,
            self.message,
            span,
            caption=self.caption,
            labels=self.labels,
            help=self.help,
            notes=self.notes,
            severity=severity,
            origin=origin,
            others=self.others,
            remedy=self.remedy,
        )


@dataclass(slots=True)
class Case:
    """What is judged."""

    graph: Graph
    facts: Facts
    judged: set[str] = field(default_factory=set)
    """The rules that have been asked so far, by name."""
    silencing: list[Allowance] = field(default_factory=list)
    """The allowances that silenced something so far."""


class Rule(ABC):
    """Base of every rule.

    Its docstring is its page: a line that says what is wrong, why it matters, a bad and a good example as YAML
    blocks, in this order; a test runs both.
    """

    name: ClassVar[str]
    """States the bad pattern: it reads on after "allow"."""
    severity: ClassVar[Severity]
    worst: ClassVar[Severity | None] = None
    """The severity of its worst findings, where that is not its own."""
    settings: ClassVar[Mapping[str, Setting]] = {}
    """Its thresholds by name."""

    def __init__(self, thresholds: Mapping[str, float] | None = None) -> None:
        self.thresholds = thresholds or {}

    def setting(self, name: str) -> float:
        """The value of a threshold: the spec's, or else the default."""
        return self.thresholds.get(name, self.settings[name].default)

    @abstractmethod
    def check(self, case: Case) -> Iterator[Finding]:
        """Everything in the graph that the rule is against, whatever is allowed."""
