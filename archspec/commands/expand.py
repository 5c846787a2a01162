"""`archspec expand`: the spec with nothing left implicit."""

from __future__ import annotations

from pathlib import Path

import click

from archspec.commands._shared import (
    output_option,
    parse_settings,
    print_findings,
    print_or_write,
    read_spec,
    set_option,
    spec_argument,
)
from archspec.source.diagnostic import Diagnostics


@click.command()
@spec_argument
@set_option
@output_option
def expand(spec: str, settings: tuple[str, ...], output: Path | None) -> int:
    """Print the canonical form of a spec: every node named, every input explicit, every repeat unrolled."""
    from archspec.compiler import expand_spec

    found = Diagnostics()
    params = parse_settings(settings, found)
    source = read_spec(spec, found)
    text = expand_spec(source, found, params) if source is not None and not found.failed else None
    code = print_findings(found)
    if text is not None and code == 0:
        print_or_write(text, output)
    return code
