"""A column: the cells of one peer, filled by its own interpreter as a child process."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from benchmarks.diagnostics.mistakes import MISTAKES
from benchmarks.diagnostics.peer import Peer
from benchmarks.diagnostics.verdict import Cell

ROOT = Path(__file__).resolve().parents[2]
SECONDS_TO_RUN = 300
"""For all mistakes of one peer that are left to a process."""


def column(peer: Peer, python: Path) -> dict[str, Cell]:
    """The cells by mistake. Where a process dies, the mistake it was at is marked and another does the rest."""
    cells: dict[str, Cell] = {}
    while left := [mistake.name for mistake in MISTAKES if mistake.name not in cells]:
        done, words = _run(peer, python, left)
        cells.update(done)
        if rest := [name for name in left if name not in done]:
            cells[rest[0]] = Cell("died", said=words)
    return cells


def _run(peer: Peer, python: Path, mistakes: Sequence[str]) -> tuple[dict[str, Cell], str]:
    command = [str(python), "-m", "benchmarks.diagnostics.worker", peer.name, *mistakes]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=SECONDS_TO_RUN
        )
        output, words = done.stdout, done.stderr[-2000:]
    except subprocess.TimeoutExpired as error:
        output, words = (error.stdout or b"").decode(), f"not done after {SECONDS_TO_RUN} s"
    read = [json.loads(line) for line in output.splitlines()]
    return {name: Cell(**cell) for name, cell in read}, words
