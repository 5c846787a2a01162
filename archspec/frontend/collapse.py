"""One mistake in a block that is used many times is one diagnostic.

What fails in every use is reported where it is written, "and 9 other uses"; what fails in some uses only is the
matter of those uses, and is reported there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeAlias

from archspec.language.reader import MISREAD
from archspec.source.diagnostic import Diagnostic, Diagnostics, Label
from archspec.source.origin import Origin
from archspec.source.span import Span

_Key: TypeAlias = "tuple[str, int, int, int]"


@contextmanager
def one_each(found: Diagnostics) -> Iterator[Diagnostics]:
    """Findings that are brought together, and added to `found`, when all of them are there."""
    here = Diagnostics()
    try:
        yield here
    finally:
        found.extend(collapse(here))


def collapse(found: Diagnostics) -> Diagnostics:
    """The same findings with those of one place brought together, and without those about what could not be read."""
    totals: dict[tuple[int, int], int] = {}
    for origin in found.checked:
        place = _place(origin.span)
        totals[place] = totals.get(place, 0) + 1
    groups: dict[_Key, list[Diagnostic]] = {}
    misread = [diagnostic.span for diagnostic in found if diagnostic.name in MISREAD and diagnostic.span]
    for diagnostic in found:
        if diagnostic.name not in MISREAD and _starts_inside(diagnostic.span, misread):
            continue
        groups.setdefault(_key(diagnostic), []).append(diagnostic)
    collapsed = Diagnostics()
    collapsed.dependent = found.dependent
    for group in groups.values():
        for diagnostic in _merged(group, totals):
            collapsed.add(diagnostic)
    return collapsed


def _key(diagnostic: Diagnostic) -> _Key:
    """What is said of one place in one way; what is missing has no place of its own, and goes by its message too."""
    span, name = diagnostic.span, diagnostic.name
    if span is None or name.startswith("missing-"):
        name += diagnostic.message
    return (name, *_place(span), span.end) if span is not None else (name, 0, -1, -1)


def _starts_inside(span: Span | None, others: list[Span]) -> bool:
    return span is not None and any(
        span.source is other.source and other.start <= span.start < other.end for other in others
    )


def _place(span: Span) -> tuple[int, int]:
    return id(span.source), span.start


def _merged(group: list[Diagnostic], totals: dict[tuple[int, int], int]) -> list[Diagnostic]:
    first = group[0]
    paths = {diagnostic.origin.path for diagnostic in group if diagnostic.origin is not None}
    if first.origin is None or first.origin.parent is None:
        return [_with_uses(group, len(paths) - 1)]
    total = totals.get(_place(first.origin.span), 1)
    if len(paths) >= total:
        return [_with_uses(group, len(paths) - 1)]
    by_use: dict[tuple[int, int], Diagnostic] = {}
    for diagnostic in group:
        use = diagnostic.origin.parent if diagnostic.origin is not None else None
        if use is not None:
            by_use.setdefault(_place(use.span), _at_use(diagnostic, use))
    return list(by_use.values())


def _with_uses(group: list[Diagnostic], others: int) -> Diagnostic:
    first = group[0]
    if others < 1:
        return first
    note = f"and {others} other use{'s' if others > 1 else ''} of it"
    origins = (origin for one in group for origin in (one.origin, *one.others) if origin is not None)
    places = dict.fromkeys(origin for origin in origins if origin != first.origin)
    return replace(first, notes=(*first.notes, note), others=tuple(places))


def _at_use(diagnostic: Diagnostic, use: Origin) -> Diagnostic:
    """The diagnostic at the use of the block, the place inside the block as a label."""
    inside = (Label(diagnostic.span, diagnostic.caption or "fails in here"),) if diagnostic.span is not None else ()
    labels, others = (*inside, *diagnostic.labels), tuple(other.parent or other for other in diagnostic.others)
    return replace(diagnostic, span=use.span, caption="in this use", labels=labels, origin=use, others=others)
