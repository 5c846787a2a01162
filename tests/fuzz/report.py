"""What a campaign found, as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, get_args

import torch

from tests.fuzz.campaign import Tally
from tests.fuzz.subject import Subject
from tests.fuzz.verdict import Outcome

_OUTCOMES: tuple[str, ...] = get_args(Outcome)


def table(tally: Tally, each: bool) -> str:
    """How many cases came to what; with `each` by family, and of refusals by diagnostic."""
    rows = [("", *_OUTCOMES, "disagreements")]
    if each:
        rows += _rows(tally.outcomes, Counter(family for family, _, _ in tally.disagreements.elements()))
        rows += _rows(tally.reasons, Counter(reason for _, _, reason in tally.disagreements.elements()))
    totals = Counter(outcome for _, outcome in tally.outcomes.elements())
    rows.append(("all", *(f"{totals[outcome]:,}" for outcome in _OUTCOMES), f"{tally.disagreements.total():,}"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [_line(row, widths) for row in rows]
    return "\n".join([*lines, "", f"{tally.cases:,} cases in {tally.seconds:.0f} seconds, torch {torch.__version__}"])


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    cells = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
    return "  ".join([row[0].ljust(widths[0]), *cells])


def _rows(counts: Counter[tuple[str, str]], wrong: Counter[str]) -> list[tuple[str, ...]]:
    names = sorted({name for name, _ in counts})
    return [(name, *(f"{counts[name, outcome]:,}" for outcome in _OUTCOMES), f"{wrong[name]:,}") for name in names]


def disagreements(subject: Subject[Any], tally: Tally, seed: int) -> Iterator[str]:
    """Each kind of disagreement, the most frequent first, with the smallest case found that shows it."""
    for kind, count in tally.disagreements.most_common():
        number, verdict = tally.shown[kind]
        least = subject.minimal(subject.case(seed, number), verdict)
        said = subject.verdict(least).disagreement or verdict.disagreement
        yield f"{count:,} like case {number} of seed {seed}: {said}\n{subject.show(least)}"
