"""`archspec table`: the layer table of a paper."""

from __future__ import annotations

from pathlib import Path

import click

from archspec.commands._shared import load, output_option, print_findings, print_or_write, set_option, spec_argument
from archspec.source.diagnostic import Diagnostics


@click.command()
@spec_argument
@set_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "latex", "csv", "json"]),
    default="text",
    help="What to write the table for.",
)
@click.option(
    "--depth",
    type=click.IntRange(min=1),
    default=1,
    help="How many levels of blocks to open: 1 is the spec's own list, a block a row.",
)
@output_option
def table(spec: str, settings: tuple[str, ...], form: str, depth: int, output: Path | None) -> int:
    """Print the layer table: type, patch size and stride, and input size of every row."""
    found = Diagnostics()
    graph = load(spec, settings, found)
    code = print_findings(found)
    if graph is not None:
        from archspec.render.table import PAPER, WRITERS, rows

        print_or_write(WRITERS[form](rows(graph, depth), PAPER), output)
    return code
