"""Figures as a picture: laid out by an engine, and made fit to be published."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from archspec.render.engines import SECONDS, TookTooLongError, draw
from archspec.render.figure.dot import Dot, dot, is_crowded
from archspec.render.figure.style import Style
from archspec.render.figure.svg import finished
from archspec.render.figure.view import Figure, with_less

PictureForm: TypeAlias = Literal["svg", "png", "pdf"]
Drawn: TypeAlias = Sequence[tuple[Figure, Style]]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture, and how it came about."""

    data: bytes
    engine: str
    drawn: Drawn
    """What it shows: less than was asked for, where that took too long to lay out."""
    is_quick: bool
    """Whether it was laid out in less time, and less well, than others are."""


def picture(
    drawn: Drawn, form: PictureForm, engine: str | None = None, seconds: float = SECONDS, dpi: int | None = None
) -> Picture:
    """Draw figures side by side; what cannot be laid out in time is drawn less well, and then less of it.

    Args:
        drawn: the figures, each in its style.
        form: what to draw them as.
        engine: the layout engine; None for the first that there is.
        seconds: how long one layout may take.
        dpi: pixels per inch, of PNG; None for as many as Graphviz takes.

    Raises:
        DrawingError: where it cannot be drawn; `TookTooLongError` where even little of it was not ready in time.
    """
    failed: TookTooLongError | None = None
    for tried, is_quick in _attempts(drawn):
        written = dot(tried, is_quick, dpi if form == "png" else None)
        try:
            done = draw(written.text, form, engine, seconds)
        except TookTooLongError as error:
            failed = failed or error
            continue
        return Picture(_published(done.data, written, done.engine, form), done.engine, tried, is_quick)
    assert failed is not None, "there is a first attempt"
    raise failed


def _published(data: bytes, written: Dot, engine: str, form: PictureForm) -> bytes:
    return finished(data, written, engine) if form == "svg" else data


def _attempts(drawn: Drawn) -> Iterator[tuple[Drawn, bool]]:
    """What to draw and how, from what was asked for to what is quicker."""
    if not is_crowded(drawn):
        yield drawn, False
    yield drawn, True
    while True:
        less = [(with_less(one), style) for one, style in drawn]
        drawn = [(one or whole, style) for (one, style), (whole, _) in zip(less, drawn, strict=True)]
        if all(one is None for one, _ in less):
            return
        yield drawn, True
