"""Fix a text: one remedy after the other, each proven on the text that those before it left."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from archspec.compiler import load_spec
from archspec.frontend.limits import LIMITS, Limits
from archspec.rules import RULES
from archspec.rules.rule import Rule
from archspec.source.diagnostic import Diagnostic, Diagnostics
from archspec.source.span import Source, Span
from archspec.tools.fix.changes import edits_of
from archspec.tools.fix.edits import CannotFixError, Edit, before, edited
from archspec.tools.fix.proof import Reading, effect, harm, objection
from archspec.tools.fix.reach import other_use
from archspec.tools.fix.text import Text

Values: TypeAlias = Mapping[str, object] | None

_MOST: Final = 1000
"""Remedies made in one run."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A remedy that was made, or was not."""

    finding: Diagnostic
    place: Span | None
    """Where the finding stands in the text as it was given."""
    outcome: str | None
    """What was changed in parameters and MACs, where that is known; or why it was not made."""


@dataclass(slots=True)
class Fixed:
    """What came of fixing a text."""

    old: Reading
    new: Reading
    made: list[Tried] = field(default_factory=list)
    left_out: list[Tried] = field(default_factory=list)


def fix(
    source: Source,
    params: Values = None,
    limits: Limits = LIMITS,
    rules: Iterable[Rule] = RULES,
    wanted: Callable[[Diagnostic], bool] = lambda _: True,
) -> Fixed:
    """Mend every finding that has a remedy which can be proven, until no more can be: once more changes nothing.

    Args:
        source: the text.
        params: values for the spec's parameters, by name; what is proven with them is proven with the defaults too.
        limits: how large it may be.
        rules: those to ask; what they say after an edit is part of its proof.
        wanted: whether a finding is to be mended.
    """
    prover = _Prover(params or {}, limits, tuple(rules))
    now = prover.read(source)
    fixed = Fixed(now, now)
    history: list[list[Edit]] = []
    prover.texts.add(source.text)
    refused: dict[tuple[str, str], Tried] = {}
    is_retry = True
    while len(history) < _MOST:
        finding = next((one for one in now.found if one.remedy and wanted(one) and _key(one) not in refused), None)
        if finding is None:
            if is_retry:
                break
            refused, is_retry = {}, True  # what could not be made before the last one was may be possible now
            continue
        place = _before_all(finding.span, source, now.source, history)
        try:
            edits, then = prover.attempt(finding, now)
        except CannotFixError as reason:
            refused[_key(finding)] = Tried(finding, place, str(reason))
            continue
        fixed.made.append(Tried(finding, place, effect(now, then)))
        history.append(edits)
        now, is_retry = then, False
    told = {(one.finding.name, one.place, one.outcome): one for one in reversed(refused.values())}
    fixed.new, fixed.left_out = now, list(reversed(told.values()))
    return fixed


@dataclass(slots=True)
class _Prover:
    """Reads texts in one way, and makes no edit that leads back to a text that was there before."""

    params: Mapping[str, object]
    limits: Limits
    rules: tuple[Rule, ...]
    texts: set[str] = field(default_factory=set)

    def read(self, source: Source, params: Values = None) -> Reading:
        """A text from the start, with the parameters that were given or with others."""
        given = self.params if params is None else params
        graph = load_spec(source, found := Diagnostics(), given, self.limits, self.rules, apart=True)
        return Reading(source, graph, tuple(found))

    def attempt(self, finding: Diagnostic, now: Reading) -> tuple[list[Edit], Reading]:
        """The edits that mend a finding and the text after them, proven.

        Raises:
            CannotFixError: when there are none.
        """
        if now.graph is None or finding.remedy is None:
            raise CannotFixError("there is no network yet")
        text = Text(now.source, now.graph, self.limits.text)
        edits = edits_of(finding.remedy, text)
        if any(map(text.is_repeated, edits)):
            raise CannotFixError("aliases repeat what is written there")
        if other := other_use(finding, now.graph, text, self.rules):
            raise CannotFixError(f"`{other}` is written there too, and nothing is said of it")
        then = self.read(Source(now.source.name, edited(now.source.text, edits), now.source.path))
        if then.source.text in self.texts:
            raise CannotFixError("another remedy undoes it")
        if reason := objection(finding, edits, now, then) or self._harm_by_default(edits, now, then):
            raise CannotFixError(reason)
        self.texts.add(then.source.text)
        return edits, then

    def _harm_by_default(self, edits: list[Edit], now: Reading, then: Reading) -> str | None:
        if not self.params:
            return None
        reason = harm(edits, self.read(now.source, {}), self.read(then.source, {}))
        return f"with the parameters as they are in the text, {reason}" if reason else None


def _key(finding: Diagnostic) -> tuple[str, str]:
    return finding.name, repr(finding.remedy)


def _before_all(span: Span | None, first: Source, now: Source, history: list[list[Edit]]) -> Span | None:
    """Where a span of the text as it is now stood in the first one."""
    if span is None or span.source is not now:
        return span
    start = span.start
    for edits in reversed(history):
        start = before(start, edits)
    return Span(first, start, start)
