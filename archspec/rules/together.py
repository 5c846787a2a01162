"""Several findings of one kind in one network are said once, at the first of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from archspec.rules.rule import Finding
from archspec.source.span import Span

_NAMED: Final = 4
"""How many of the others a note names."""


def together(kind: str, findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings as ones of a kind, the first of which stands for all."""
    return (replace(finding, kind=kind) for finding in findings)


def said_once(findings: Iterable[Finding]) -> list[Finding]:
    """The first finding of each kind, with a note that names the others; those of no kind stay as they are."""
    found = list(findings)
    kinds: dict[str, list[Finding]] = {}
    for finding in found:
        if finding.kind:
            kinds.setdefault(finding.kind, []).append(finding)
    return [_first(kinds[finding.kind]) if finding.kind else finding for finding in found if _is_told(finding, kinds)]


def _is_told(finding: Finding, kinds: dict[str, list[Finding]]) -> bool:
    return not finding.kind or kinds[finding.kind][0] is finding


def _first(alike: list[Finding]) -> Finding:
    first, *others = alike
    places = [other.at for other in others if not isinstance(other.at, Span)]
    names = dict.fromkeys(f"`{place.path}`" for place in places)
    origins = tuple(place.origin for place in places if place.origin is not None)
    return replace(first, others=origins, notes=(*first.notes, *([_note(list(names))] if names else [])))


def _note(names: list[str]) -> str:
    if len(names) > _NAMED + 1:
        names = [*names[:_NAMED], f"{len(names) - _NAMED} others"]
    return f"the same goes for {' and '.join(filter(None, (', '.join(names[:-1]), names[-1])))}"
