"""Several findings of one kind in one network are said once, at the first of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from archspec.rules.rule import Finding
from archspec.source.span import Span

_NAMED: Final = 4
"""How many of the others a note names."""


def together(rule: str, findings: Iterable[Finding]) -> Iterator[Finding]:
    """The first finding, with a note that names the others; those that an `allow` silences stay by themselves."""
    said: list[Finding] = []
    for finding in findings:
        if not isinstance(finding.at, Span) and rule in finding.at.allow:
            yield finding
        else:
            said.append(finding)
    if said:
        first, *others = said
        names = dict.fromkeys(f"`{other.at.path}`" for other in others if not isinstance(other.at, Span))
        yield replace(first, notes=(*first.notes, *([_note(list(names))] if names else [])))


def _note(names: list[str]) -> str:
    if len(names) > _NAMED + 1:
        names = [*names[:_NAMED], f"{len(names) - _NAMED} others"]
    return f"the same goes for {' and '.join(filter(None, (', '.join(names[:-1]), names[-1])))}"
