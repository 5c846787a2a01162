"""DOT drawn as SVG, PNG or PDF, by the first layout engine that is there.

Each engine is a program that takes the options of Graphviz's `dot` and runs as a child, which is stopped when it takes
too long. The same engine and the same DOT give the same bytes, where the fonts are the same.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from subprocess import CompletedProcess, TimeoutExpired
from typing import Final, Literal

from archspec.render import _pygraphviz
from archspec.render.child import run
from archspec.source.sanitize import brief, visible

Form = Literal["svg", "png", "pdf", "json"]


def _program(name: str) -> list[str] | None:
    """A program on the path or beside Python, where pip puts those of an environment that is not activated."""
    for folders in (None, os.path.dirname(sys.executable)):
        found = shutil.which(name, path=folders)
        if found and os.path.isabs(found):  # not one that lies beside a spec
            return [found]
    return None


def _bundled() -> list[str] | None:
    """The Graphviz that pygraphviz brings."""
    package = find_spec("pygraphviz")
    if package is None or package.origin is None:
        return None
    return [sys.executable, "-I", "-S", _pygraphviz.__file__, str(Path(package.origin).parents[1])]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of layout engine: how its command begins, or None where it is not installed, and what installs it.

    The command takes `-V` and `-Tsvg` as `dot` does, and reads DOT on standard input.
    """

    command: Callable[[], list[str] | None]
    installation: str


ENGINES: Final = {
    "pygraphviz": Kind(_bundled, "python -m pip install pygraphviz"),
    "dot": Kind(partial(_program, "dot"), "install Graphviz with the packages of your system"),
    "graphviz-pure": Kind(partial(_program, "graphviz-pure"), "python -m pip install graphviz-pure"),
}
"""What draws, the preferred first."""

VARIABLE: Final = "ARCHSPEC_ENGINE"
"""The environment variable that names the engine to draw with."""
_ENVIRONMENT: Final = {
    "LC_ALL": "C",
    "TZ": "UTC",
    "SOURCE_DATE_EPOCH": "0",
    "SERVER_NAME": "archspec",  # Graphviz opens no picture that DOT names, as in a web server
}
_BEGINNINGS: Final = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF", "json": b"{"}
_VERSION: Final = re.compile(r" version (\S+(?: \([^()]*Graphviz [\d.]+\))?)")
_PDF_DATE: Final = re.compile(rb"(?<=Date \(D:)\d{14}")
_NOISE: Final = re.compile(r"\s*$|Fontconfig |(?:Warning|\S+: warning):", re.IGNORECASE)
SECONDS: Final = 20.0
"""How long a layout may take where nobody says."""
_SECONDS_TO_START: Final = 10.0


@dataclass(frozen=True, slots=True)
class Engine:
    """A layout engine that is installed: how its command begins, and its version as text, `dot 2.43.0`."""

    name: str
    command: list[str]
    version: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawing, and the version of the engine that made it."""

    data: bytes
    engine: str


class DrawingError(Exception):
    """There is no drawing; `help` is what to do."""

    def __init__(self, message: str, help: str) -> None:
        super().__init__(message)
        self.help = help


class UnknownEngineError(DrawingError):
    """There is no engine of the name that was asked for."""


class NoEngineError(DrawingError):
    """No engine is installed, or not the one that was asked for."""


class NoFontsError(DrawingError):
    """The engine finds no font, so that boxes would stand for the letters."""


class TookTooLongError(DrawingError):
    """The layout was not ready in time."""


class EngineFailedError(DrawingError):
    """The engine crashed, refused the DOT, or drew nothing."""


def draw(dot: str, form: Form, engine: str | None = None, seconds: float = SECONDS) -> Drawing:
    """Draw DOT.

    Args:
        dot: the graph.
        form: what to draw it as.
        engine: the name of the engine to use; by default `choose` says.
        seconds: how long the layout may take.

    Raises:
        DrawingError: when there is no drawing; its subclasses say why.
    """
    chosen = choose(engine)
    data = _draw(chosen, dot, form, seconds)
    if form in ("png", "pdf") and not _finds_fonts(chosen):
        raise NoFontsError(
            f"`{chosen.name}` finds no font, and would draw a box for each letter",
            "install a font (`apt-get install fonts-dejavu-core`), or draw SVG, whose letters come from what shows it",
        )
    return Drawing(_PDF_DATE.sub(b"19700101000000", data) if form == "pdf" else data, chosen.version)


def choose(name: str | None = None) -> Engine:
    """The engine that draws.

    Args:
        name: the one that is asked for; by default that of ARCHSPEC_ENGINE, or else the first that is installed.

    Raises:
        UnknownEngineError: when there is none of that name.
        NoEngineError: when none is installed, or not that one.
    """
    name = name or os.environ.get(VARIABLE)
    if name and name not in ENGINES:
        close = get_close_matches(name, ENGINES, n=1)
        raise UnknownEngineError(
            f"there is no layout engine `{visible(brief(name))}`" + (f", did you mean `{close[0]}`?" if close else ""),
            f"the layout engines are {', '.join(f'`{known}`' for known in ENGINES)}",
        )
    found = next(filter(None, map(find, [name] if name else ENGINES)), None)
    if found is None:
        raise NoEngineError(
            f"the layout engine `{name}` is not installed, or does not start"
            if name
            else "no layout engine is installed",
            ENGINES[name].installation if name else ", or ".join(kind.installation for kind in ENGINES.values()),
        )
    return found


def find(name: str) -> Engine | None:
    """An engine by its name, or None where it is not installed or does not start."""
    command = ENGINES[name].command()
    if command is None:
        return None
    try:
        done = run([*command, "-V"], b"", _SECONDS_TO_START, _ENVIRONMENT)
    except (OSError, TimeoutExpired):
        return None
    said = _VERSION.search(_text(done.stderr + done.stdout))
    return Engine(name, command, f"{name} {visible(said[1])}") if said and done.returncode == 0 else None


def _draw(engine: Engine, dot: str, form: Form, seconds: float) -> bytes:
    try:
        done = run([*engine.command, f"-T{form}"], dot.encode(errors="replace"), seconds, _ENVIRONMENT)
    except TimeoutExpired:
        message = f"`{engine.name}` needs more than {seconds:g} s to lay the figure out"
        raise TookTooLongError(message, "fold more of the network, or draw the DOT elsewhere (`--dot`)") from None
    except OSError as error:
        raise _failure(engine, f"does not start: {(error.strerror or str(error)).lower()}") from error
    if done.returncode != 0:
        raise _failure(engine, f"failed: {_reason(done)}")
    if not done.stdout.startswith(_BEGINNINGS[form]):
        raise _failure(engine, f"drew no {form.upper()}")
    return done.stdout


def _failure(engine: Engine, reason: str) -> EngineFailedError:
    others = " or ".join(f"{VARIABLE}={other}" for other in ENGINES if other != engine.name)
    return EngineFailedError(f"the layout engine `{engine.name}` {reason}", f"try another one: {others}")


def _reason(done: CompletedProcess[bytes]) -> str:
    """Why a program failed: the signal that ended it, or the last line it wrote, of those about an error if any are."""
    if done.returncode < 0:
        return (signal.strsignal(-done.returncode) or f"signal {-done.returncode}").lower()
    lines = [line for line in _text(done.stderr).splitlines() if not _NOISE.match(line)]
    telling = [line for line in lines if "error" in line.lower()] or lines
    return brief(visible(telling[-1].strip()), 200) if telling else f"exit code {done.returncode}"


def _text(output: bytes) -> str:
    return output.decode(errors="replace")


def _finds_fonts(engine: Engine) -> bool:
    """Whether letters look different: without a font, each is the same box."""
    narrow, wide = (_draw(engine, f'graph {{ "" [label={one}] }}', "png", _SECONDS_TO_START) for one in "iW")
    return narrow != wide
