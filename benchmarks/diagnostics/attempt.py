"""One attempt: a text is checked, built and run by a peer, and where that ends is recorded."""

from __future__ import annotations

import linecache
import traceback
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from benchmarks.diagnostics.peer import PROGRAM_FILE, Outcome, Peer

MARK = Path("code_was_run")
"""The file that planted code would make."""
CODE = f"__import__('pathlib').Path('{MARK}').touch()"
"""The code that is planted: a peer that evaluates it leaves the mark."""


def attempt(peer: Peer, text: str, sides: Sequence[int]) -> Outcome:
    """Check a text; build it where nothing was found; run it at each side."""
    MARK.unlink(missing_ok=True)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        stage, error, shapes = _stages(peer, text, sides)
    own = error is not None and ((stage == "check" and _is_a_finding(error)) or _raised_by(error, peer.roots))
    message = "" if error is None else _message(error)
    said = tuple(dict.fromkeys(str(one.message) for one in warned))
    return Outcome(stage, message, own, tuple(shapes), said, MARK.exists())


def _stages(peer: Peer, text: str, sides: Sequence[int]) -> tuple[str, BaseException | None, list[tuple[int, ...]]]:
    shapes: list[tuple[int, ...]] = []
    stage = "check"
    try:
        if found := peer.check(text):
            return stage, Found("\n\n".join(found)), shapes
        stage = "build"
        model = peer.build(text)
        stage = "run"
        for side in sides:
            shape = peer.run(model, side)
            shapes += [] if shape is None else [shape]
    except (Exception, SystemExit) as error:
        return stage, error, shapes
    return "", None, shapes


class Found(Exception):
    """What a check found, without being an exception there."""


def _message(error: BaseException) -> str:
    if isinstance(error, Found):
        return str(error)
    return "\n".join([f"{type(error).__name__}: {error}", *_places_in_a_program(error)])


def _places_in_a_program(error: BaseException) -> list[str]:
    """What a traceback adds where the spec is a program: the line of it that was run."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{PROGRAM_FILE}, line {frame.lineno}" for frame in frames if frame.filename == PROGRAM_FILE][-1:]


def _is_a_finding(error: BaseException) -> bool:
    """Whether a check meant to stop with this: no exception of Python's own, such as the `KeyError` of a lookup."""
    return type(error).__module__ != "builtins"


def _raised_by(error: BaseException, roots: Sequence[str]) -> bool:
    """Whether the innermost frame of an exception is a `raise` in one of these packages."""
    frame = _innermost(error.__traceback__)
    package = frame.tb_frame.f_globals.get("__name__", "").partition(".")[0]
    return package in roots and _statement(frame).startswith("raise")


def _innermost(trace: TracebackType | None) -> TracebackType:
    assert trace is not None, "it was raised"
    while trace.tb_next is not None:
        trace = trace.tb_next
    return trace


def _statement(trace: TracebackType) -> str:
    summary = traceback.extract_tb(trace)[-1]
    return linecache.getline(summary.filename, summary.lineno or 0).strip()
