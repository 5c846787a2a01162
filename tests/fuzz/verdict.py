"""What came of one case."""

from __future__ import annotations

from typing import Literal, NamedTuple

Outcome = Literal["accepted", "refused", "stated", "not asked", "malformed"]


class Verdict(NamedTuple):
    """What was said of a case, and whether torch agrees."""

    outcome: Outcome
    """`refused` by torch too; refused by a `stated` rule of the language though torch would run it; `not asked` where
    what is refused cannot be put to torch; `malformed` where attributes are none that the op has."""
    disagreement: str = ""
    """Who says what, where archspec and torch disagree; the first words name the law that is broken."""
    reason: str = ""
    """Of a refusal: the name of the diagnostic."""

    @property
    def law(self) -> str:
        """The law that is broken."""
        return self.disagreement.partition(":")[0]
