"""`python -m tests.fuzz ops|graphs|passes`: hold archspec to torch over random cases, and count."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from archspec.ops import names
from tests.fuzz.campaign import limit, run
from tests.fuzz.graphs import graphs
from tests.fuzz.ops import ops
from tests.fuzz.passes import passes
from tests.fuzz.report import disagreements, table
from tests.fuzz.subject import Subject

_SUBJECTS: Mapping[str, Callable[[Sequence[str]], Subject[Any]]] = {
    "ops": ops,
    "graphs": lambda only: graphs(),
    "passes": lambda only: passes(),
}


def main(arguments: Sequence[str]) -> int:
    """Run what is asked for; 1 where something disagrees."""
    asked = _parser().parse_args(arguments)
    subject = _SUBJECTS[asked.subject](asked.only or names())
    numbers = range(asked.cases) if asked.case is None else [asked.case]
    tally = run(subject, numbers, asked.seed, asked.workers)
    sys.stdout.write(table(tally, asked.each) + "\n")
    for number, verdict in sorted(tally.shown.values()):
        sys.stdout.write(f"case {number}: {verdict.disagreement}\n")
    sys.stdout.flush()
    limit()  # the smaller cases that are tried now may ask for as much as those before
    for text in disagreements(subject, tally, asked.seed):
        sys.stdout.write(f"\n{text}\n")
    return 1 if tally.disagreements else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("subject", choices=[*_SUBJECTS])
    parser.add_argument("--cases", type=int, default=10_000, help="how many (10000)")
    parser.add_argument("--seed", type=int, default=0, help="what they are drawn from (0)")
    parser.add_argument("--workers", type=int, default=2, help="processes (2)")
    parser.add_argument("--each", action="store_true", help="count by op and by diagnostic too")
    parser.add_argument("--only", nargs="+", metavar="OP", help="these ops alone")
    parser.add_argument("--case", type=int, metavar="NUMBER", help="this case alone")
    return parser


if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.exit(main(sys.argv[1:]))
