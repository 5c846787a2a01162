"""Diagnostics as text: a frame for each, with the lines of the spec and what there is to say under them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from archspec.source.diagnostic import Diagnostic, Severity
from archspec.source.remedy import Remedy
from archspec.source.snippet import Mark, Style, snippet
from archspec.source.span import Source

DEFAULT_WIDTH = 120
_MAX_USES = 8
_COLORS = {Severity.ERROR: "1;31", Severity.WARNING: "1;33", Severity.NOTE: "1;36"}
_SECONDARY, _GUTTER, _STRONG = "1;34", "1;34", "1"


def render_text(
    diagnostics: Iterable[Diagnostic],
    *,
    dependent: int = 0,
    color: bool = False,
    width: int | None = None,
    ascii_only: bool = False,
) -> str:
    """Every diagnostic as a frame, then one line that counts them; no newline at the end.

    Args:
        diagnostics: In the order to print them.
        dependent: How many nodes were left unchecked because they depend on something reported here.
        color: Whether to use ANSI colours.
        width: Columns to crop the lines of the spec to; 120 without it. Messages are not broken.
        ascii_only: Whether to show other characters as escapes.
    """
    found = list(diagnostics)
    if not found:
        return ""
    style = Style(color=color, width=width or DEFAULT_WIDTH, ascii_only=ascii_only)
    frames = ["\n".join(line.rstrip() for line in _frame(diagnostic, style)) for diagnostic in found]
    return "\n\n".join([*frames, summary(found, dependent)])


def summary(diagnostics: Iterable[Diagnostic], dependent: int = 0) -> str:
    """`2 errors, 1 warning; 3 nodes that depend on them were not checked`."""
    severities = [diagnostic.severity for diagnostic in diagnostics]
    counts = [(severities.count(severity), severity.value) for severity in Severity]
    text = ", ".join(_plural(count, word) for count, word in counts if count) or "no errors"
    if not dependent:
        return text
    them = "it" if severities.count(Severity.ERROR) == 1 else "them"
    verb = "depends" if dependent == 1 else "depend"
    return (
        f"{text}; {_plural(dependent, 'node')} that {verb} on {them} {'was' if dependent == 1 else 'were'} not checked"
    )


def fix_text(remedy: Remedy) -> str:
    """What a program would do about a finding, and how to have it done."""
    return f"{remedy.title} (see `archspec check --diff`)"


def _plural(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _frame(diagnostic: Diagnostic, style: Style) -> Iterator[str]:
    color = _COLORS[diagnostic.severity]
    title = style.paint(f"{diagnostic.severity.value}[{diagnostic.name}]", color)
    yield title + style.paint(f": {style.text(diagnostic.message)}", _STRONG)
    marks = _marks(diagnostic, color)
    margin = len(str(max((mark.span.line for mark in marks), default=0)))
    bar = style.paint(" " * (margin + 1) + "|", _GUTTER)
    for source, group in groupby(marks, key=lambda mark: mark.span.source):
        here = list(group)
        yield _place(diagnostic, source, here, margin, style)
        yield bar
        yield from snippet(source, here, margin, style)
        if source is not marks[-1].span.source:
            yield bar
    sign = style.paint(" " * (margin + 1) + "=", _GUTTER)
    for kind, text in _remarks(diagnostic):
        yield f"{sign} {style.paint(kind + ':', _STRONG)} {style.text(text)}"


def _marks(diagnostic: Diagnostic, color: str) -> list[Mark]:
    """Every place to show: those in the file of the span itself first, then file by file in order of mention."""
    marks = [Mark(label.span, label.text, "-", _SECONDARY) for label in diagnostic.labels]
    if diagnostic.span:
        marks.insert(0, Mark(diagnostic.span, diagnostic.caption, "^", color))
    sources = {id(mark.span.source): position for position, mark in reversed(list(enumerate(marks)))}
    return sorted(marks, key=lambda mark: (sources[id(mark.span.source)], mark.span.start, mark.span.end))


def _place(diagnostic: Diagnostic, source: Source, marks: list[Mark], margin: int, style: Style) -> str:
    """` --> file:line:column   path`, or ` ::: ...` for another file that a label is in."""
    primary = diagnostic.span is not None and diagnostic.span.source is source
    arrow = style.paint(" " * margin + ("-->" if primary else ":::"), _GUTTER)
    place = style.text(str(diagnostic.span if primary else marks[0].span))
    path = f"   {style.text(diagnostic.origin.path)}" if primary and diagnostic.origin else ""
    return f"{arrow} {place}{path}"


def _remarks(diagnostic: Diagnostic) -> Iterator[tuple[str, str]]:
    if diagnostic.help:
        yield "help", diagnostic.help
    if diagnostic.remedy:
        yield "fix", fix_text(diagnostic.remedy)
    for note in diagnostic.notes:
        yield "note", note
    uses = list(diagnostic.origin.uses()) if diagnostic.origin else []
    for use in uses[:_MAX_USES]:
        yield "note", f"in `{use.path}`, a use at {use.span}"
    if len(uses) > _MAX_USES:
        yield "note", f"and {_plural(len(uses) - _MAX_USES, 'use')} further out"
