"""`archspec analyze`: what networks cost, see and let through."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Final

import click

from archspec.commands._environment import MissingError
from archspec.commands._shared import load, print_findings, set_option, shows_unicode, write_whole
from archspec.source.diagnostic import Diagnostics

if TYPE_CHECKING:
    from archspec.ir.graph import Graph
    from archspec.render.analysis import Analysis

PICTURES: Final = (".svg", ".png", ".pdf")
_PATIENCE: Final = 2.0
"""Seconds before it is said that something takes its time."""


@click.command()
@click.argument("specs", metavar="SPEC...", nargs=-1, required=True)
@set_option
@click.option("--depth", type=click.IntRange(min=1), default=1, help="How many levels of blocks to open in the table.")
@click.option(
    "--at", "sizes", metavar="H=..,W=..", multiple=True, help="At other sizes of the inputs than the nominal ones."
)
@click.option(
    "--batch", type=click.IntRange(1, 2**20), default=1, show_default=True, help="Samples that bytes are told of."
)
@click.option(
    "--dtype",
    type=click.Choice(["float32", "float16", "bfloat16"]),
    default="float32",
    help="What the tensors are that are float32 otherwise.",
)
@click.option("--cuts", is_flag=True, help="Print the cuts from input to output, in order.")
@click.option("--input-sizes", is_flag=True, help="Print the sizes of inputs that fit, and what stops outside of them.")
@click.option("--factorize", is_flag=True, help="Print what convolutions would cost as several smaller ones.")
@click.option("--symbolic", is_flag=True, help="Print multiply-accumulates as functions of the sizes of inputs.")
@click.option("--compare", is_flag=True, help="Put several networks below each other, each beside the first.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as data; a list where networks are compared.")
@click.option(
    "--plot",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Draw the capacity curve and the costs: .svg, .png or .pdf.",
)
def analyze(
    specs: tuple[str, ...],
    settings: tuple[str, ...],
    depth: int,
    sizes: tuple[str, ...],
    batch: int,
    dtype: str,
    compare: bool,
    as_json: bool,
    plot: Path | None,
    **parts: bool,
) -> int:
    """Measure what networks cost, see and let through; torch is not needed.

    A table by block, and what the whole adds up to: multiply-accumulates, bytes, the narrowest cut, grid changes, the
    receptive field, memory, and the sizes of inputs that fit. Options print one kind of fact instead.
    """
    if len(specs) > 1 and not compare:
        raise click.UsageError("several networks are put beside each other with `--compare`")
    if plot is not None and plot.suffix not in PICTURES:
        raise click.BadParameter(f"`{plot}` ends in none of {', '.join(PICTURES)}", param_hint="--plot")
    given = _parse_sizes(sizes)
    every: list[Diagnostics] = []
    graphs: list[Graph] = []
    notes: list[str] = []
    text, picture = "", b""
    with _progress():
        for spec in specs:
            every.append(Diagnostics())
            graph = load(spec, settings, every[-1], is_judged=False)  # facts are told of what rules are against, too
            if graph is not None:
                graphs.append(_at(graph, given, notes) if given else graph)
        if len(graphs) == len(specs):
            from archspec.render.analysis import analyse

            analyses = [analyse(graph, depth, batch, dtype, given) for graph in graphs]
            text = _data(analyses, compare) if as_json else _text(analyses, compare, parts)
            picture = _picture(analyses, plot.suffix) if plot is not None else b""
    code = max(map(print_findings, every))
    for note in notes:
        click.echo(note, err=True)
    if plot is not None and picture:
        write_whole(plot, picture, "--plot")
    click.echo(text, nl=False)
    return code


def _parse_sizes(texts: Iterable[str]) -> dict[str, int]:
    """The sizes of `--at H=331,W=331`."""
    given: dict[str, int] = {}
    for part in ",".join(texts).split(",") if texts else ():
        size = re.fullmatch(r"\s*(\w+)\s*=\s*([1-9][0-9]{0,8})\s*", part)
        if size is None:
            raise click.BadParameter(f"`{part}` is no size; expected `H=331,W=331`", param_hint="--at")
        given[size[1]] = int(size[2])
    return given


def _at(graph: Graph, given: Mapping[str, int], notes: list[str]) -> Graph:
    """The graph at the sizes that were asked for; where it runs there in eval mode only, what runs in that."""
    from archspec.analysis.at_sizes import WrongSizesError, at_sizes

    known = (*sorted(graph.batch_symbols), *graph.size_symbols)
    unknown = next((name for name in given if name not in graph.size_symbols), None)
    if unknown is not None:
        there = f"its sizes are {', '.join(f'`{name}`' for name in graph.size_symbols)}" if graph.size_symbols else ""
        hint = "`--batch` sets the batch" if unknown in known else there or "all its inputs are of one size"
        raise click.BadParameter(f"the inputs of {graph.name} have no size `{unknown}`: {hint}", param_hint="--at")
    try:
        return at_sizes(graph, given)
    except WrongSizesError as error:
        try:
            found = at_sizes(graph, given, "eval")
        except WrongSizesError:
            raise click.ClickException(f"{graph.name}: {error}") from error
        notes.append(f"note: {graph.name}: {error}; what is told is that of eval mode")
        return found


def _text(analyses: Sequence[Analysis], compare: bool, parts: Mapping[str, bool]) -> str:
    from archspec.render import analysis_lists as lists
    from archspec.render.analysis_text import table_text

    ascii_only = not shows_unicode(sys.stdout)
    if compare:
        from archspec.render.analysis_compare import compare_text

        return compare_text(analyses, ascii_only)
    writers: dict[str, Callable[[Analysis], str]] = {
        "cuts": lambda found: lists.cuts_text(found, ascii_only),
        "input_sizes": lists.sizes_report,
        "factorize": lambda found: lists.factorization_text(found, ascii_only),
        "symbolic": lists.symbolic_text,
    }
    asked = [writer for part, writer in writers.items() if parts[part]]
    asked = asked or [lambda found: table_text(found, ascii_only)]
    return "\n".join(writer(found) for found in analyses for writer in asked)


def _data(analyses: Sequence[Analysis], compare: bool) -> str:
    from archspec.render.analysis_json import analysis_data

    data = [analysis_data(found) for found in analyses]
    return json.dumps(data if compare else data[0], indent=2) + "\n"


def _picture(analyses: Sequence[Analysis], suffix: str) -> bytes:
    try:
        from archspec.render.analysis_plot import plot
    except ImportError as error:
        if (error.name or "").partition(".")[0] != "matplotlib":
            raise
        help_text = "python -m pip install matplotlib"
        raise MissingError(f"`--plot` draws with matplotlib, which cannot be imported: {error}", help_text) from error
    return plot(analyses, suffix.removeprefix("."))


@contextmanager
def _progress() -> Iterator[None]:
    """Say on a terminal that it takes its time, once it does, on a line that is cleared at the end."""
    timer = Timer(_PATIENCE, lambda: click.echo("measuring...", err=True, nl=False))
    timer.daemon = True
    if sys.stderr.isatty():
        timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if timer.ident is not None:
            timer.join()
            click.echo("\r\x1b[K", err=True, nl=False, color=True)
