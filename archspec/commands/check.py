"""`archspec check`: for people, editors, pre-commit and CI."""

from __future__ import annotations

import sys

import click

from archspec.commands._shared import exit_code, findings_text, load, set_option
from archspec.source.diagnostic import Diagnostics


@click.command()
@click.argument("specs", metavar="SPEC...", nargs=-1, required=True)
@set_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github", "sarif"]),
    default="text",
    help="How to report: for people, for programs, for GitHub's logs, or for code scanning.",
)
def check(specs: tuple[str, ...], settings: tuple[str, ...], form: str) -> int:
    """Find the mistakes in specs, all of them at once; torch is not needed.

    The report goes to standard output. The exit code is 0 when there is no error, 1 when there is one, 2 when a file
    cannot be read.
    """
    every = Diagnostics()
    fine: list[str] = []
    for spec in dict.fromkeys(specs):
        found = Diagnostics()
        graph = load(spec, settings, found, needs_network=False)
        for one in found:
            every.add(one)
        every.dependent += found.dependent
        if graph is None and not found.failed:
            fine.append(f"{spec}: no errors")
        elif graph is not None:
            nodes = sum(1 for _ in graph.operations())
            fine.append(f"{spec}: no errors, {nodes:,} node{'' if nodes == 1 else 's'}")
    _report(every, fine, form)
    return exit_code(every)


def _report(found: Diagnostics, fine: list[str], form: str) -> None:
    if form == "text":
        text = "\n".join([findings_text(found, sys.stdout), *fine] if len(found) else fine)
    else:
        from archspec.source.formats import render_github, render_json, render_sarif

        render = {"json": render_json, "github": render_github, "sarif": render_sarif}[form]
        text = render(found, dependent=found.dependent)
    if text:
        click.echo(text.rstrip("\n"), color=True)
