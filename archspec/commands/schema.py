"""`archspec schema`: what editors validate and complete specs with."""

from __future__ import annotations

import json
from pathlib import Path

import click

from archspec.commands._shared import output_option, print_or_write


@click.command()
@output_option
def schema(output: Path | None) -> None:
    """Print the JSON Schema of specs.

    Editors with a YAML language server use it for a file that begins with
    `# yaml-language-server: $schema=spec.schema.json`.
    """
    from archspec.frontend.json_schema import build_schema
    from archspec.rules import RULES

    print_or_write(json.dumps(build_schema(RULES), indent=2) + "\n", output)
