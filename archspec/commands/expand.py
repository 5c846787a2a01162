"""`archspec expand`: the spec with nothing left implicit."""

from __future__ import annotations

from pathlib import Path

import click

from archspec.commands._shared import load, output_option, print_findings, print_or_write, set_option, spec_argument
from archspec.source.diagnostic import Diagnostics


@click.command()
@spec_argument
@set_option
@output_option
def expand(spec: str, settings: tuple[str, ...], output: Path | None) -> int:
    """Print the canonical form of a spec: every node named, every input explicit, every repeat unrolled."""
    from archspec.frontend.canonical import print_canonical

    found = Diagnostics()
    graph = load(spec, settings, found)
    code = print_findings(found)
    if graph is not None:
        print_or_write(print_canonical(graph), output)
    return code
