"""What an attempt is worth: the rules by which a cell of the table is filled, and by which columns are scored."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.diagnostics.mistakes import Mistake
from benchmarks.diagnostics.peer import Outcome, Peer, Planted, changed_lines, edited

LINES_OF_A_MESSAGE = 15
"""The most that may be said of one mistake: beyond, it is a dump in which the reason has to be looked for."""

LEGEND = {
    "S": "said before anything runs, with the place (the node's name, or its line) and the matter",
    "s": "said before anything runs, but without the place or the matter, or in a dump of more than "
    f"{LINES_OF_A_MESSAGE} lines; where two mistakes are planted, how many of them have their place is said",
    "B": "a raw exception of something below, such as torch, while the module is made",
    "F": "an exception when it is run",
    "MISS": "accepted; `(ran it)` where code in the text was run, `(warns)` where a warning says the matter",
    "ok": "what is sound is accepted",
    "refused": "what is sound is refused",
    "n/a": "the format cannot say it, or gives it a meaning",
    "void": "the same without the mistake is refused",
    "died": "the process ended or took too long",
}
RAW = {"check": "s", "build": "B", "run": "F"}
"""The grade of an exception that is not the peer's own message, by where it came."""
REACHED = frozenset({"S", "ok"})
UNCOUNTED = frozenset({"n/a", "void"})


@dataclass(frozen=True)
class Cell:
    """One cell: a grade, a few words on it, and all that was said."""

    grade: str
    remark: str = ""
    said: str = ""

    def __str__(self) -> str:
        return f"{self.grade} {self.remark}".strip()


def judge(peer: Peer, mistake: Mistake, how: Planted, outcome: Outcome) -> Cell:
    """The cell of an attempt."""
    said = "\n".join([outcome.message, *(f"warning: {one}" for one in outcome.warnings)]).strip()
    if outcome.ran_code:
        return Cell("MISS", "(ran it)", said)
    if mistake.sound:
        return Cell("ok" if not outcome.stage else "refused", said=said)
    if not outcome.stage:
        warned = bool(outcome.warnings) and _matter(mistake, how, " ".join(outcome.warnings))
        return Cell("MISS", "(warns)" if warned else "", said)
    if not outcome.own or outcome.stage == "run":
        return Cell(RAW[outcome.stage], said=said)
    placed = _placed(peer, mistake, how, outcome.message)
    clear = placed == len(mistake.faults) and _clear(mistake, how, outcome.message)
    return Cell("S" if clear else "s", f"({placed} of {len(mistake.faults)})" if len(mistake.faults) > 1 else "", said)


def _placed(peer: Peer, mistake: Mistake, how: Planted, message: str) -> int:
    """How many of the faults have their place in what is said: the name of a node, or a line of the edit."""
    told = {int(number) for number in re.findall(peer.lines, message)} if peer.lines else set()
    count = 0
    for index, nodes in enumerate(mistake.faults):
        names = (peer.places.get(node, rf"\b{re.escape(node)}\b") for node in nodes)
        count += bool(told & _lines(peer, mistake, how, index)) or any(re.search(name, message) for name in names)
    return count


def _lines(peer: Peer, mistake: Mistake, how: Planted, fault: int) -> frozenset[int]:
    """The lines of a fault: those that were edited, for it alone where there are several, and those of its nodes."""
    sound = edited(peer.block, how.base)
    text = edited(sound, how.edits)
    others = [] if len(mistake.faults) == 1 else [*how.edits[:fault], *how.edits[fault + 1 :]]
    defined = [peer.defines.format(re.escape(node)) for node in mistake.faults[fault] if peer.defines]
    of_nodes = [
        number for number, line in enumerate(text.splitlines(), 1) if any(re.search(one, line) for one in defined)
    ]
    return changed_lines(edited(sound, others), text) | frozenset(of_nodes)


def _clear(mistake: Mistake, how: Planted, message: str) -> bool:
    """Whether the matter is said, and little else."""
    brief = message.count("\n") < LINES_OF_A_MESSAGE * len(mistake.faults)
    return brief and _matter(mistake, how, message)


def _matter(mistake: Mistake, how: Planted, message: str) -> bool:
    matter = mistake.says if how.says is None else how.says
    return all(re.search(one, message, re.IGNORECASE) for one in matter)


def score(cells: Sequence[Cell]) -> str:
    """How many of the cells that count are as they should be."""
    counted = [cell for cell in cells if cell.grade not in UNCOUNTED]
    return f"{sum(cell.grade in REACHED for cell in counted)} of {len(counted)}"
