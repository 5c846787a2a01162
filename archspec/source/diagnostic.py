"""Diagnostic: one thing there is to say about a spec, and the list of all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from archspec.source.origin import Origin
from archspec.source.remedy import Remedy
from archspec.source.sanitize import quoting_briefly
from archspec.source.span import Span

MANY: Final = 200
"""From so many findings on, no more suggestions are looked for: nobody reads them, and they take time to find."""


class Severity(StrEnum):
    """How bad it is: only an error makes a spec fail."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Label:
    """A remark under a second place: where a shape came from, where a name was first defined."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. Names in backticks, lower case, no full stop: the message says what is, the help what to do."""

    name: str
    """Stable, in kebab case: `shape-mismatch`; `archspec explain NAME` prints its page."""
    message: str
    """What is there, and what was expected, able to stand alone."""
    span: Span | None = None
    """The characters that caused it; None when there is no text to point at."""
    caption: str = ""
    """A few words under the span itself, such as the shape of what stands there."""
    labels: tuple[Label, ...] = ()
    help: str | None = None
    """What to do."""
    notes: tuple[str, ...] = ()
    severity: Severity = Severity.ERROR
    origin: Origin | None = None
    """The instance it was found in, when it was found in one."""
    others: tuple[Origin, ...] = ()
    """The other instances that the same is true of; a note tells of them."""
    remedy: Remedy | None = None
    """What would mend it, where a program can do so."""

    @property
    def sort_key(self) -> tuple[str, int, int, str, str]:
        """File, then place, then name: the order in which findings are printed."""
        place = (self.span.source.name, self.span.start, self.span.end) if self.span else ("", -1, -1)
        return (*place, self.name, self.message)


class Diagnostics:
    """Everything found so far. Stages add to it and go on; whoever called them asks `failed`."""

    def __init__(self) -> None:
        self._found: list[Diagnostic] = []
        self.dependent: int = 0
        """How many nodes were left unchecked because they depend on something already reported."""
        self.checked: list[Origin] = []
        """The instances that were checked: what all of an item have in common is the item's, not one use's."""

    def add(self, diagnostic: Diagnostic) -> None:
        """Add one finding; what its message quotes is cut off where it is very long."""
        message, help_text = quoting_briefly(diagnostic.message), quoting_briefly(diagnostic.help or "") or None
        if (message, help_text) != (diagnostic.message, diagnostic.help):
            diagnostic = replace(diagnostic, message=message, help=help_text)
        self._found.append(diagnostic)

    def error(self, name: str, message: str, span: Span | None, **details: Any) -> None:
        """Add an error; `details` are the other fields of `Diagnostic`."""
        self.add(Diagnostic(name, message, span, **details))

    def extend(self, others: Diagnostics) -> None:
        """Add all findings of another stage, and its count of what depends on them."""
        self._found.extend(others._found)
        self.dependent += others.dependent

    def without(self, severity: Severity) -> Diagnostics:
        """The same without the findings of one severity."""
        others = Diagnostics()
        others._found = [one for one in self._found if one.severity is not severity]
        others.dependent, others.checked = self.dependent, self.checked
        return others

    @property
    def failed(self) -> bool:
        """Whether there is an error among them."""
        return any(found.severity is Severity.ERROR for found in self._found)

    @property
    def crowded(self) -> bool:
        """Whether there are so many that one more goes without a suggestion, which is looked for among all names."""
        return len(self._found) >= MANY

    def __iter__(self) -> Iterator[Diagnostic]:
        """In the order of the text."""
        return iter(sorted(self._found, key=lambda found: found.sort_key))

    def __str__(self) -> str:
        """The text that `archspec check` prints."""
        from archspec.source.report import render_text

        return render_text(self, dependent=self.dependent)

    def __len__(self) -> int:
        return len(self._found)

    def raise_if_failed(self) -> None:
        """Raise `SpecError` with everything found, when there is an error among it."""
        if self.failed:
            raise SpecError(self)


class SpecError(ValueError):
    """A spec that has errors. `str()` of it is the text that `archspec check` prints."""

    def __init__(self, diagnostics: Diagnostics) -> None:
        self.diagnostics = tuple(diagnostics)
        """All findings, warnings too, in the order of the text."""
        self.dependent = diagnostics.dependent
        super().__init__(self.diagnostics)

    def __str__(self) -> str:
        from archspec.source.report import render_text

        return render_text(self.diagnostics, dependent=self.dependent)
