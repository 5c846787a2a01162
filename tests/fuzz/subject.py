"""What can be fuzzed: how a case of it is drawn, judged, and made smaller."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Generic, TypeVar

import torch

from tests.fuzz.shrink import shrink
from tests.fuzz.verdict import Verdict

Case = TypeVar("Case")


@dataclass(frozen=True, slots=True)
class Subject(Generic[Case]):
    """Cases are numbered; a number and a seed make one case, on any machine."""

    draw: Callable[[Random, int], Case]
    judge: Callable[[Case, Random], Verdict]
    family: Callable[[Case], str]
    """What a case is counted with."""
    take_apart: Callable[[Case], Any]
    """A case as mappings, lists and numbers."""
    put_together: Callable[[Any], Case]
    show: Callable[[Case], str] = str
    """A case as text, to be tried by hand."""

    def case(self, seed: int, number: int) -> Case:
        """The case of a number."""
        return self.draw(Random(f"{seed}:{number}"), number)

    def verdict(self, case: Case, seed: int = 0) -> Verdict:
        """What came of a case; whatever is raised outside of torch is a disagreement."""
        torch.manual_seed(seed)
        try:
            return self.judge(case, Random(seed))
        except Exception as error:
            name = type(error).__name__
            return Verdict("refused", f"nothing is raised: {name}: {error}", name)

    def minimal(self, case: Case, shown: Verdict) -> Case:
        """The smallest case found in which the same law is broken for the same reason; itself where it is no more."""

        def shows_the_same(data: Any) -> bool:
            try:
                verdict = self.verdict(self.put_together(data))
            except Exception:  # no case at all
                return False
            return (verdict.law, verdict.reason) == (shown.law, shown.reason)

        return self.put_together(shrink(self.take_apart(case), shows_the_same))
