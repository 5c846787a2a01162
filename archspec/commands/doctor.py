"""`archspec doctor`: what is installed, what is missing, what clashes."""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping, Sequence
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
    _report_extras()
    can_draw = _report_engines()
    _report_clash()
    if missing:
        click.echo(f"missing: {', '.join(missing)}\n  = help: python -m pip install {' '.join(missing)}", err=True)
    return 0 if can_draw and not missing else MISSING


def _report(distribution: str) -> bool:
    version = _version(distribution)
    click.echo(f"{distribution:<11} {version or 'missing'}")
    return version is not None


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _report_extras() -> None:
    """List what more can be installed, as the metadata of archspec has it."""
    for extra, needed in _extras().items():
        versions = {name: _version(name) for name in needed}
        absent = [name for name, version in versions.items() if version is None]
        has = ", ".join(f"{name} {version}" for name, version in versions.items())
        what = f"no {' and no '.join(absent)}: pip install 'archspec-nn[{extra}]'" if absent else has
        click.echo(f"extra       {extra}: {what}")


def _extras() -> Mapping[str, Sequence[str]]:
    """The distributions of each extra; none where archspec itself is not installed."""
    try:
        requirements = metadata.requires("archspec-nn") or []
    except metadata.PackageNotFoundError:
        return {}
    found: dict[str, list[str]] = {}
    for requirement in requirements:
        named = re.fullmatch(r"([\w.-]+).*;.*extra == ['\"](\w+)['\"].*", requirement)
        if named is not None and named[2] != "dev":
            found.setdefault(named[2], []).append(named[1])
    return found


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
