"""`archspec check`: for people, editors, pre-commit and CI."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archspec.commands._shared import (
    exit_code,
    findings_text,
    limits,
    parse_settings,
    probe_option,
    probes,
    read_spec,
    set_option,
)
from archspec.source.diagnostic import Diagnostic, Diagnostics, Severity

if TYPE_CHECKING:
    from archspec.ir.graph import Graph
    from archspec.rules.rule import Rule
    from archspec.source.span import Source
    from archspec.tools.fix.run import Tried


@click.command()
@click.argument("specs", metavar="SPEC...", nargs=-1, required=True)
@set_option
@probe_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github", "sarif"]),
    default="text",
    help="How to report: for people, for programs, for GitHub's logs, or for code scanning.",
)
@click.option("--select", metavar="RULES", multiple=True, help="Ask these rules only: names with commas between.")
@click.option("--ignore", metavar="RULES", multiple=True, help="Do not ask these rules.")
@click.option("--statistics", is_flag=True, help="Count the findings by name, and show none.")
@click.option(
    "--fail-on",
    type=click.Choice([severity.value for severity in Severity]),
    default=Severity.ERROR.value,
    help="The least severity that makes the exit code 1; error by default.",
)
@click.option(
    "--fix", "mode", flag_value="fix", help="Mend what can be mended, in the file itself; report what is left."
)
@click.option(
    "--diff", "mode", flag_value="diff", help="Print as a unified diff what --fix would do, and nothing else."
)
def check(
    specs: tuple[str, ...],
    settings: tuple[str, ...],
    form: str,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    statistics: bool,
    fail_on: str,
    mode: str | None,
) -> int:
    """Find the mistakes in specs, all of them at once; torch is not needed, but for --probe.

    The report goes to standard output. The exit code is 0 when there is no error, 1 when there is one, 2 when a file
    cannot be read or written.

    A fix is made only where the edited text, read again from the start, no longer has the finding, has no new error,
    and every output has the type it had. Only the files that are named are edited, never those they include. What was
    done, and what was not and why, goes to standard error; the report and the exit code are about what is left. With
    --diff nothing is written, and the report goes to standard error too.
    """
    if form != "text" and (statistics or mode == "diff"):
        raise click.UsageError(f"`--format {form}` is another report than `{'--diff' if mode else '--statistics'}`")
    if mode == "fix" and "-" in specs:
        raise click.UsageError("`--fix` writes to files, and standard input is none: `--diff` prints what it would do")
    if mode is not None and probes():
        raise click.UsageError(f"`--{mode}` edits what can be proven to stay what it is, which `--probe` cannot")
    rules = _rules(select, ignore)
    every, fine, code = Diagnostics(), list[str](), 0
    for spec in dict.fromkeys(specs):
        found = Diagnostics()
        params = parse_settings(settings, found)
        source = None if found.failed else _read(spec, found)
        if source is not None and mode is not None:
            source, written = _fixed(source, params, rules, is_written=mode == "fix")
            code = code if written else 2
        graph = _load(source, params, rules, found) if source is not None else None
        every.extend(found)
        if not found.failed:
            fine.append(_fine(spec, graph))
    _report(every, fine, form, statistics, to_errors=mode == "diff")
    worst = [severity.value for severity in Severity][: list(Severity).index(Severity(fail_on)) + 1]
    return code or exit_code(every) or int(any(one.severity.value in worst for one in every))


def _rules(select: Iterable[str], ignore: Iterable[str]) -> list[Rule]:
    """The rules to ask, in their order."""
    from archspec.rules import RULES

    selected, ignored = _names(select), _names(ignore)
    if list(select) and not selected:
        raise click.UsageError("`--select` names no rule; `archspec rules` lists them")
    return [rule for rule in RULES if rule.name in (selected or {rule.name}) and rule.name not in ignored]


def _names(options: Iterable[str]) -> set[str]:
    """The names of rules in options such as `--select dead-node,unmet-contract`; every one has to be known."""
    from archspec.language.validate import did_you_mean
    from archspec.rules import by_name
    from archspec.source.catalog import PAGES

    names = {name for option in options for part in option.split(",") if (name := part.strip())}
    for name in sorted(names - by_name().keys()):
        if name in PAGES:
            raise click.UsageError(f"`{name}` is no rule but an error of a spec, which is always reported")
        help = did_you_mean(name, by_name()) or "`archspec rules` lists them"
        raise click.UsageError(f"there is no rule `{name}`, {help}")
    return names


def _read(spec: str, found: Diagnostics) -> Source | None:
    from archspec.source.files import load_file

    given = read_spec(spec, found)
    return load_file(Path(given), given, found, limits().text.max_bytes) if isinstance(given, str) else given


def _load(source: Source, params: dict[str, object], rules: Iterable[Rule], found: Diagnostics) -> Graph | None:
    from archspec.compiler import load_spec

    return load_spec(source, found, params, limits(), rules, probe=probes())


def _fixed(
    source: Source, params: dict[str, object], rules: Iterable[Rule], *, is_written: bool
) -> tuple[Source, bool]:
    """The text after its fixes, and whether it was written: those of a dry run are printed as a diff."""
    from archspec.rules import by_name
    from archspec.tools.fix.run import fix
    from archspec.tools.fix.write import CannotWriteError, diff, write

    unasked = by_name().keys() - {rule.name for rule in rules}
    fixed = fix(source, params, limits(), wanted=lambda finding: finding.name not in unasked)
    try:
        if not is_written:
            click.echo(diff(source, fixed.new.source.text), nl=False)
        elif fixed.made:
            write(source, fixed.new.source.text)
    except CannotWriteError as error:
        click.echo(f"error: {error}", err=True)
        return source, False
    verb = "fixed" if is_written else "would fix"
    for tried in fixed.made:
        _tell(verb, tried, f" ({tried.outcome})" if tried.outcome else "")
    for tried in fixed.left_out:
        _tell("not fixed", tried, f": {tried.outcome}")
    return fixed.new.source, True


def _tell(verb: str, tried: Tried, outcome: str) -> None:
    from archspec.source.sanitize import visible

    title = tried.finding.remedy.title if tried.finding.remedy else ""
    click.echo(visible(f"{tried.place}: {verb}: {tried.finding.name}, {title}{outcome}"), err=True)


def _fine(spec: str, graph: Graph | None) -> str:
    nodes = sum(1 for _ in graph.operations()) if graph is not None else 0
    return f"{spec}: no errors" + (f", {nodes:,} node{'' if nodes == 1 else 's'}" if graph is not None else "")


def _report(found: Diagnostics, fine: list[str], form: str, statistics: bool, *, to_errors: bool) -> None:
    if statistics:
        text = _counted(found)
    elif form == "text":
        stream = sys.stderr if to_errors else sys.stdout
        text = "\n".join([findings_text(found, stream), *fine] if len(found) else fine)
    else:
        from archspec.source.formats import FORMATS

        text = FORMATS[form](found, dependent=found.dependent)
    if text:
        click.echo(text.rstrip("\n"), err=to_errors, color=True)


def _counted(found: Iterable[Diagnostic]) -> str:
    """How many findings there are of each name and severity, the worst and most frequent first."""
    from archspec.source.report import summary

    severities = list(Severity)
    counts = Counter((one.severity, one.name) for one in found)
    order = sorted(counts.items(), key=lambda item: (severities.index(item[0][0]), -item[1], item[0][1]))
    width = max((len(f"{count:,}") for count in counts.values()), default=0)
    rows = [f"{count:>{width},}  {severity.value:<7}  {name}" for (severity, name), count in order]
    return "\n".join([*rows, summary(found)])
