"""The part that runs in the interpreter of a peer: `python -m benchmarks.diagnostics.worker PEER MISTAKE...`.

A line of JSON for each mistake, as soon as it is known.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from functools import cache

from benchmarks.diagnostics.attempt import attempt
from benchmarks.diagnostics.mistakes import MISTAKES, SIDE, Mistake
from benchmarks.diagnostics.peer import Edit, Peer, edited
from benchmarks.diagnostics.peers import PEERS
from benchmarks.diagnostics.verdict import Cell, judge

OUTPUT = (2, 128, SIDE, SIDE)
"""What the block gives of two images."""


def main(name: str, mistakes: Sequence[str]) -> None:
    """Fill the cells of a peer for some mistakes."""
    peer = PEERS[name]
    report = os.fdopen(os.dup(1), "w", encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder), contextlib.redirect_stdout(sys.stderr):
        for mistake in MISTAKES:
            if mistake.name in mistakes:
                print(json.dumps([mistake.name, asdict(cell(peer, mistake))]), file=report, flush=True)


def cell(peer: Peer, mistake: Mistake) -> Cell:
    """Attempt a mistake, when the same text without it is accepted."""
    how = peer.mistakes[mistake.name]
    if isinstance(how, str):
        return Cell("n/a", said=how)
    why_not = _unsound(peer, (), (SIDE,)) or _unsound(peer, how.base, mistake.sides)
    if why_not:
        return Cell("void", said=why_not)
    text = edited(edited(peer.block, how.base), how.edits)
    return judge(peer, mistake, how, attempt(peer, text, mistake.sides))


@cache
def _unsound(peer: Peer, base: tuple[Edit, ...], sides: tuple[int, ...]) -> str:
    """What a peer says against a text that is sound; nothing where it accepts it."""
    outcome = attempt(peer, edited(peer.block, base), sides)
    if outcome.stage:
        return f"without the mistake, {outcome.stage}: {outcome.message}"
    if not base and any(shape != OUTPUT for shape in outcome.shapes):
        return f"the block gives {outcome.shapes}, not {OUTPUT}"
    return ""


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
