"""Figures and pages written to files: drawn by a layout engine, and said where they are."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from archspec.commands._environment import MissingError
from archspec.commands._shared import write_whole

if TYPE_CHECKING:
    from archspec.render.figure.picture import Drawn, PictureForm


def drawn_as(form: str, figures: Drawn, engine: str | None, seconds: float, dpi: int) -> tuple[bytes, str]:
    """What is written of figures, and what to say of it."""
    from archspec.render.engines import DrawingError, TookTooLongError, UnknownEngineError

    if form == "dot":
        from archspec.render.figure.dot import dot

        return dot(figures).text.encode(), _told(figures)
    from archspec.render.figure.picture import picture

    try:
        done = picture(figures, cast("PictureForm", form), engine, seconds, dpi)
    except UnknownEngineError as error:
        raise click.BadParameter(f"{error}; {error.help}", param_hint="--engine") from error
    except TookTooLongError as error:
        raise click.ClickException(f"{error}\n  = help: {error.help}") from error
    except DrawingError as error:
        raise MissingError(str(error), error.help) from error
    less = "; what was asked for took too long to lay out, so there is less in it" if done.drawn is not figures else ""
    return done.data, f"{_told(done.drawn)}, drawn by {done.engine}{less}"


def _told(figures: Drawn) -> str:
    """How much is in figures: `17 boxes, depth 1`."""
    from archspec.render.figure.view import ALL

    boxes = sum(1 for figure, _ in figures for _ in figure.root.boxes())
    depth = max(figure.depth for figure, _ in figures)
    return f"{boxes} {'box' if boxes == 1 else 'boxes'}, {'all open' if depth >= ALL else f'depth {depth}'}"


def file_name(spec: str) -> str:
    """What a figure of a spec is called, without an ending: as its file is. What the spec says is no file name."""
    return "network" if spec == "-" else Path(spec).stem


def write_picture(data: bytes, name: str, form: str, output: str | None, said: str = "") -> None:
    """Write a figure or a page to a file, and say on standard error what is in it; `-` is standard output.

    Args:
        data: what is written.
        name: of the file in the current folder, where nobody says which.
        form: its ending.
        output: the file.
        said: what is in it.
    """
    if output == "-":
        sys.stdout.buffer.write(data)
        return
    path = Path(output or f"{name}.{form}")
    write_whole(path, data)
    click.echo(f"{path}: {said or 'a page to open in a browser'}", err=True)
