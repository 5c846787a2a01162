"""What commands have in common: reading specs and settings, printing findings, writing files whole."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO, TypeVar

import click

from archspec.source.diagnostic import Diagnostic, Diagnostics, Severity

if TYPE_CHECKING:
    from archspec.frontend.limits import Limits
    from archspec.ir.graph import Graph
    from archspec.source.span import Source

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

USAGE: Final = frozenset({"file-not-found", "file-unreadable", "file-too-large", "not-text", "wrong-setting"})
"""Diagnostics about the arguments of a command, not about what a spec says."""


def spec_argument(function: Decorated) -> Decorated:
    """The argument SPEC."""
    return click.argument("spec", metavar="SPEC")(function)


def set_option(function: Decorated) -> Decorated:
    """The options `--set name=value` and `--limit name=number`, each any number of times."""
    limit = click.option(
        "--limit",
        metavar="NAME=NUMBER",
        multiple=True,
        expose_value=False,
        callback=_keep_limits,
        help="Raise a limit: bytes, values, nesting, aliases, nodes, levels, or parameters.",
    )
    return click.option(
        "--set", "settings", metavar="NAME=VALUE", multiple=True, help="Give a parameter of the spec another value."
    )(limit(function))


def _keep_limits(context: click.Context, option: click.Parameter, settings: tuple[str, ...]) -> None:
    if not settings:
        return
    from archspec.frontend.limits import limits_from

    try:
        context.meta["limits"] = limits_from(settings)
    except ValueError as error:
        raise click.BadParameter(str(error), context, option) from None


def limits() -> Limits:
    """The limits of `--limit` options, or else the usual ones."""
    from archspec.frontend.limits import LIMITS

    given: Limits = click.get_current_context().meta.get("limits", LIMITS)
    return given


def probe_option(function: Decorated) -> Decorated:
    """The option `--probe`."""
    return click.option(
        "--probe",
        is_flag=True,
        expose_value=False,
        callback=_keep_probe,
        help="Find shapes that no rule gives by running the op, at the nominal sizes only; torch is needed.",
    )(function)


def _keep_probe(context: click.Context, option: click.Parameter, is_given: bool) -> None:
    context.meta["probe"] = is_given


def probes() -> bool:
    """Whether `--probe` is given."""
    is_given: bool = click.get_current_context().meta.get("probe", False)
    return is_given


def output_option(function: Decorated) -> Decorated:
    """The option `-o FILE`."""
    return click.option(
        "-o", "--output", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False), help="Write to a file."
    )(function)


def read_spec(spec: str, found: Diagnostics) -> str | Source | None:
    """What to load for the argument SPEC: the path as given, or the text on standard input for `-`."""
    if spec != "-":
        return spec
    from archspec.source.files import MAX_BYTES, read_bytes

    return read_bytes("<stdin>", None, sys.stdin.buffer.read(MAX_BYTES + 1), found)


def parse_settings(settings: Iterable[str], found: Diagnostics) -> dict[str, object]:
    """The values of `--set` options, read as YAML."""
    given = list(settings)
    if not given:
        return {}
    from archspec.frontend.parameters import parse_settings as parse

    return dict(parse(given, found))


def load(spec: str, settings: Iterable[str], found: Diagnostics, is_judged: bool = True) -> Graph | None:
    """Read, expand, infer and, where it is to be, judge the spec of a command; None when there are errors in it.

    A file of blocks alone has no graph, which is an error.
    """
    graph = load_despite_errors(spec, settings, found, is_judged)
    return None if found.failed else graph


def load_despite_errors(spec: str, settings: Iterable[str], found: Diagnostics, is_judged: bool = True) -> Graph | None:
    """The same, but of a spec that has errors as much of the graph as there is; None where it comes to none.

    There is none either where a setting is wrong: that of another network is not what was asked for.
    """
    from archspec.compiler import load_spec
    from archspec.rules import RULES

    params = parse_settings(settings, found)
    source = read_spec(spec, found)
    if source is None or found.failed:
        return None
    graph = load_spec(source, found, params, limits(), RULES if is_judged else (), probe=probes())
    if graph is None and not found.failed:
        found.error("not-a-spec", f"there is no network in `{spec}`", None, help="name a spec that includes it")
    wrong = (one.span.source.name for one in found if one.severity is Severity.ERROR and one.span is not None)
    return None if any(name.startswith("--set ") for name in wrong) else graph


def print_findings(found: Diagnostics) -> int:
    """Print errors and warnings on standard error, and return the exit code they mean; `check` prints notes too."""
    said = found.without(Severity.NOTE)
    if len(said):
        click.echo(findings_text(said, sys.stderr), err=True, color=True)
    return exit_code(found)


def findings_text(found: Diagnostics, stream: TextIO) -> str:
    """Findings as frames, for what a stream can show."""
    from archspec.source.report import render_text

    return render_text(
        found,
        dependent=found.dependent,
        color=wants_color(stream),
        width=shutil.get_terminal_size().columns if stream.isatty() else None,
        ascii_only=not shows_unicode(stream),
    )


def shows_unicode(stream: TextIO) -> bool:
    return (stream.encoding or "").lower().startswith("utf")


def exit_code(found: Iterable[Diagnostic]) -> int:
    """0 without errors, 2 for a file that cannot be read or a setting that is none, 1 for a spec that has errors."""
    errors = [one for one in found if one.severity is Severity.ERROR]
    if any(one.name in USAGE and (one.span is None or one.name == "wrong-setting") for one in errors):
        return 2
    return 1 if errors else 0


def wants_color(stream: TextIO) -> bool:
    """Whether to color what goes to a stream: NO_COLOR, then FORCE_COLOR, then whether it is a terminal."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (stream.isatty() and os.environ.get("TERM") != "dumb")


def print_or_write(text: str, output: Path | None) -> None:
    """Print a result, or write it to a file, whole or not at all."""
    if output is None:
        click.echo(text, nl=False)
    else:
        write_whole(output, text)


def write_whole(path: Path, content: str | bytes, option: str = "-o") -> None:
    """Write a file whole or not at all: beside its place, then in one move.

    Args:
        path: the file.
        content: its bytes, or its text.
        option: what the path was given as.

    Raises:
        click.BadParameter: when it cannot be written.
    """
    from archspec.source.files import give_usual_access, replace_file

    data = content.encode() if isinstance(content, str) else content
    path = path.resolve()
    try:
        replace_file(path, [data], give_usual_access)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise click.BadParameter(f"`{path}` cannot be written: {reason}", param_hint=option) from error
