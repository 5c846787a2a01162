"""Many cases on several processes, counted."""

from __future__ import annotations

import resource
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from time import perf_counter
from typing import Any

import torch

from tests.fuzz.subject import Subject
from tests.fuzz.verdict import Verdict

_CHUNK = 200
_MEMORY = 4 * 2**30


@dataclass(slots=True)
class Tally:
    """What came of some cases."""

    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How many, by family and outcome."""
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How many refusals, by name of the diagnostic and outcome."""
    disagreements: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """How many, by family, law and diagnostic."""
    shown: dict[tuple[str, str, str], tuple[int, Verdict]] = field(default_factory=dict)
    """The first of them: its number, and what came of it."""
    seconds: float = 0.0

    @property
    def cases(self) -> int:
        """How many there were."""
        return self.outcomes.total()

    def add(self, number: int, family: str, verdict: Verdict) -> None:
        """Count one more."""
        self.outcomes[family, verdict.outcome] += 1
        if verdict.reason:
            self.reasons[verdict.reason, verdict.outcome] += 1
        if verdict.disagreement:
            key = (family, verdict.law, verdict.reason)
            self.disagreements[key] += 1
            self.shown.setdefault(key, (number, verdict))

    def merge(self, other: Tally) -> None:
        """Count the cases of another."""
        self.outcomes += other.outcomes
        self.reasons += other.reasons
        self.disagreements += other.disagreements
        for key, first in other.shown.items():
            self.shown[key] = min(first, self.shown.get(key, first))


def run(subject: Subject[Any], numbers: Sequence[int], seed: int, workers: int = 1) -> Tally:
    """Judge the cases of some numbers."""
    start = perf_counter()
    total = Tally()
    chunks = [numbers[first : first + _CHUNK] for first in range(0, len(numbers), _CHUNK)]
    for tally in _tallies(subject, chunks, seed, workers):
        total.merge(tally)
    total.seconds = perf_counter() - start
    return total


def _tallies(subject: Subject[Any], chunks: Sequence[Sequence[int]], seed: int, workers: int) -> Iterator[Tally]:
    judge = partial(_judge, subject, seed)
    if workers == 1:
        yield from map(judge, chunks)
        return
    with ProcessPoolExecutor(workers, get_context("fork"), limit) as pool:
        running = {pool.submit(judge, chunk): chunk for chunk in chunks}
        for done in as_completed(running):
            try:
                yield done.result()
            except BrokenProcessPool as error:
                chunk = running[done]
                raise RuntimeError(f"one of the cases {chunk[0]} to {chunk[-1]} killed its process") from error


def limit() -> None:
    """One thread, and so little memory that a case which asks for more is refused and nothing else is harmed."""
    torch.set_num_threads(1)
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))


def _judge(subject: Subject[Any], seed: int, numbers: Sequence[int]) -> Tally:
    tally = Tally()
    for number in numbers:
        case = subject.case(seed, number)
        tally.add(number, subject.family(case), subject.verdict(case))
    return tally
