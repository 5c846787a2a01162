"""`archspec doctor`: what is installed, what is missing, what clashes."""

from __future__ import annotations

import platform
from importlib import metadata

import click

import archspec
from archspec.commands._environment import NEEDED, clashing_distribution
from archspec.commands.main import MISSING
from archspec.render.engines import ENGINES, DrawingError, choose, find


@click.command()
def doctor() -> int:
    """Say what is installed, what is missing and what clashes; exit with 3 when something needed is missing."""
    click.echo(f"archspec    {archspec.__version__}")
    click.echo(f"python      {platform.python_version()} on {platform.system()} {platform.machine()}")
    missing = [name for name in NEEDED.values() if not _report(name)]
    can_draw = _report_engines()
    _report_clash()
    if missing:
        click.echo(f"missing: {', '.join(missing)}\n  = help: python -m pip install {' '.join(missing)}", err=True)
    return 0 if can_draw and not missing else MISSING


def _report(distribution: str) -> bool:
    try:
        version = metadata.version(distribution)
    except metadata.PackageNotFoundError:
        click.echo(f"{distribution:<11} missing")
        return False
    click.echo(f"{distribution:<11} {version}")
    return True


def _report_engines() -> bool:
    """List the layout engines and say which one draws; False when there is none that does."""
    for name in ENGINES:
        engine = find(name)
        click.echo(f"engine      {engine.version if engine else f'{name}: not installed'}")
    try:
        click.echo(f"draws with  {choose().name}")
    except DrawingError as error:
        click.echo(f"draws with  nothing: {error}\n  = help: {error.help}")
        return False
    return True


def _report_clash() -> None:
    clash = clashing_distribution()
    if clash is not None:
        click.echo(
            f"clash       {clash.name.removesuffix('.dist-info')} in {clash.parent}: another project's `archspec`,"
            " whose files and ours overwrite each other\n"
            "  = help: install archspec-nn into a virtual environment of its own"
        )
