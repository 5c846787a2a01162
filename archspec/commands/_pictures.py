"""Figures and pages written to files: drawn by a layout engine, and said where they are."""

from __future__ import annotations

import sys
from collections.abc import Callable, Container
from pathlib import Path
from struct import unpack
from typing import TYPE_CHECKING, Final, cast, get_args

import click
from click.core import ParameterSource

from archspec.commands._environment import MissingError
from archspec.commands._shared import Decorated, write_whole
from archspec.render.engines import SECONDS
from archspec.render.figure.choices import Direction
from archspec.render.figure.theme import THEMES
from archspec.source.sanitize import visible

if TYPE_CHECKING:
    from archspec.render.figure.picture import Drawn, PictureForm

FORMS: Final = ("svg", "png", "pdf", "dot", "html")
"""What is written, by the ending of the file."""
_LARGEST: Final = 32_766
"""Pixels along a side from which on Graphviz has scaled a PNG down."""


def form_options(function: Decorated) -> Decorated:
    """The options that say what is written, and where."""
    return _with(
        function,
        click.option("--svg", "form", flag_value="svg", help="Write SVG."),
        click.option("--png", "form", flag_value="png", help="Write PNG."),
        click.option("--pdf", "form", flag_value="pdf", help="Write PDF."),
        click.option(
            "--dot", "form", flag_value="dot", help="Write DOT, the language of Graphviz; nothing is laid out."
        ),
        click.option("--html", "form", flag_value="html", help="Write a page to explore, one file."),
        click.option(
            "-o",
            "--output",
            metavar="FILE",
            help="Where to write, - for standard output; the name of the spec in the current folder where nothing is"
            " said. The ending says what is written, where no option does.",
        ),
    )


def look_options(function: Decorated) -> Decorated:
    """The options that say how a figure looks."""
    ways = click.Choice(get_args(Direction))
    return _with(
        function,
        click.option("--theme", type=click.Choice([*THEMES]), default=next(iter(THEMES)), help="The colours."),
        click.option("--direction", type=ways, default="down", help="Where it goes."),
    )


def engine_options(function: Decorated) -> Decorated:
    """The options that say how a figure is drawn."""
    time = click.FloatRange(min=0, min_open=True)
    return _with(
        function,
        click.option("--engine", metavar="NAME", help="What lays out: `archspec doctor` lists the layout engines."),
        click.option("--dpi", type=click.IntRange(24, 1200), default=144, help="Pixels per inch of PNG."),
        click.option("--seconds", type=time, default=SECONDS, help="How long a layout may take."),
    )


def _with(function: Decorated, *options: Callable[[Decorated], Decorated]) -> Decorated:
    for option in reversed(options):
        function = option(function)
    return function


def form_of(form: str | None, output: str | None) -> str:
    """What is written: as an option says, or else the ending of the file.

    Raises:
        click.BadParameter: when the ending says nothing.
        click.UsageError: when it says something else than the option.
    """
    ending = Path(output or "-").suffix.lower().removeprefix(".")
    if form is not None and ending in FORMS and ending != form:
        raise click.UsageError(f"--{form} writes no `.{ending}`: leave the option out, or name another file")
    if form is not None or output in (None, "-"):
        return form or FORMS[0]
    if ending not in FORMS:
        known = ", ".join(f"`.{known}`" for known in FORMS)
        raise click.BadParameter(
            f"`{output}` has an ending that says nothing; expected one of {known}, or an option such as --svg",
            param_hint="-o",
        )
    return ending


def refuse_all_but(allowed: Container[str], why: str) -> None:
    """Refuse options that have no effect, rather than leave them unheard.

    Args:
        allowed: the names of the parameters that have one.
        why: what is wrong with the others, behind their names.

    Raises:
        click.UsageError: when another one was given.
    """
    context = click.get_current_context()
    for option in context.command.params:
        name = option.name or ""
        if name not in allowed and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{option.opts[0]} {why}")


def drawn_as(form: str, figures: Drawn, engine: str | None, seconds: float, dpi: int) -> tuple[bytes, str]:
    """What is written of figures, and what to say of it."""
    from archspec.render.engines import VARIABLE, DrawingError, TookTooLongError, UnknownEngineError

    if form == "dot":
        from archspec.render.figure.dot import dot

        return dot(figures).text.encode(), _told(figures)
    from archspec.render.figure.picture import picture

    try:
        done = picture(figures, cast("PictureForm", form), engine, seconds, dpi)
    except UnknownEngineError as error:
        hint = "--engine" if engine else VARIABLE
        raise click.BadParameter(f"{error}; {error.help}", param_hint=hint) from error
    except TookTooLongError as error:
        raise click.ClickException(f"{error}\n  = help: {error.help}") from error
    except DrawingError as error:
        raise MissingError(str(error), error.help) from error
    if done.drawn is not figures:
        less = "; what was asked for took too long to lay out, so there is less in it"
    else:
        less = "; arrows are straight and say no shapes, as there are so many" if done.is_quick else ""
    if form == "png" and max(_sides(done.data)) >= _LARGEST:
        less += f"; made smaller than {dpi} dots an inch, as Graphviz draws no larger PNG: SVG has no such limit"
    return done.data, f"{_told(done.drawn)}, drawn by {done.engine}{less}"


def _sides(png: bytes) -> tuple[int, int]:
    """The width and height of a PNG, from its first chunk."""
    width, height = unpack(">II", png[16:24])
    return width, height


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
    click.echo(f"{visible(str(path))}: {said or 'a page to open in a browser'}", err=True)
