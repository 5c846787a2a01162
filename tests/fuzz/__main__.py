"""`python -m tests.fuzz ops|graphs`: hold archspec to torch over random cases, and count."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

import torch

from archspec.ops import names
from tests.fuzz.campaign import Tally, run
from tests.fuzz.ops import ops
from tests.fuzz.subject import Subject

_OUTCOMES = ("accepted", "refused", "stated", "not asked", "malformed")


def main(arguments: Sequence[str]) -> int:
    """Run what is asked for; 1 where something disagrees."""
    asked = _parser().parse_args(arguments)
    subject: Subject[Any] = ops(asked.only or names())
    numbers = [asked.case] if asked.case is not None else range(asked.cases)
    tally = run(subject, numbers, asked.seed, asked.workers)
    print(_table(tally, asked.each))
    for (family, law, reason), count in tally.disagreements.most_common():
        _show(subject, asked.seed, tally.shown[family, law, reason][0], count)
    return 1 if tally.disagreements else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("subject", choices=["ops", "graphs"])
    parser.add_argument("--cases", type=int, default=10_000, help="how many (10000)")
    parser.add_argument("--seed", type=int, default=0, help="what they are drawn from (0)")
    parser.add_argument("--workers", type=int, default=2, help="processes (2)")
    parser.add_argument("--each", action="store_true", help="count by op and by diagnostic too")
    parser.add_argument("--only", nargs="+", metavar="OP", help="these ops alone")
    parser.add_argument("--case", type=int, metavar="NUMBER", help="this case alone")
    return parser


def _table(tally: Tally, each: bool) -> str:
    rows = [("", *_OUTCOMES, "disagreements")]
    if each:
        rows += _rows(tally.outcomes, Counter(family for family, _, _ in tally.disagreements.elements()))
        rows += _rows(tally.reasons, Counter(reason for _, _, reason in tally.disagreements.elements()))
    totals: Counter[str] = Counter()
    for (_, outcome), count in tally.outcomes.items():
        totals[outcome] += count
    rows.append(("all", *(f"{totals[outcome]:,}" for outcome in _OUTCOMES), f"{tally.disagreements.total():,}"))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))])
        for row in rows
    ]
    return "\n".join([*lines, "", f"{tally.cases:,} cases in {tally.seconds:.0f} seconds, torch {torch.__version__}"])


def _rows(counts: Counter[tuple[str, str]], wrong: Counter[str]) -> list[tuple[str, ...]]:
    names = sorted({name for name, _ in counts})
    return [(name, *(f"{counts[name, outcome]:,}" for outcome in _OUTCOMES), f"{wrong[name]:,}") for name in names]


def _show(subject: Subject[Any], seed: int, number: int, count: int) -> None:
    case = subject.case(seed, number)
    least = subject.minimal(case, subject.verdict(case))
    print(f"\n{count:,} like case {number}: {subject.verdict(least).disagreement}\n{least}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.exit(main(sys.argv[1:]))
