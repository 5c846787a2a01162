"""`archspec rules`: the judgements that a spec is held to."""

from __future__ import annotations

import inspect
import json
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from archspec.rules.rule import Rule

_BAD: Final = re.compile(r"^## Bad$.*?^```yaml\n(.*?)^```", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Row:
    """What is listed of a rule."""

    name: str
    severity: str
    fixable: bool
    """Whether `archspec check --fix` has a remedy for the bad example of its page."""
    summary: str
    """The first line of its page."""
    settings: dict[str, dict[str, float | str]]
    """Its thresholds by name: the default, and what is compared with it."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print data for programs.")
def rules(as_json: bool) -> None:
    """List the rules, their severities, and which of them `archspec check --fix` can mend."""
    from archspec.rules import RULES

    rows = [_row(rule) for rule in sorted(RULES, key=lambda rule: rule.name)]
    click.echo(json.dumps([asdict(row) for row in rows], indent=2) if as_json else _list(rows))


def settings_text(rule: Rule) -> str:
    """The settings of a rule with their defaults, a line each; empty where it has none."""
    return "\n".join(f"{name}: {setting.doc}; default {setting.default:g}" for name, setting in rule.settings.items())


def _row(rule: Rule) -> Row:
    page = inspect.getdoc(rule) or ""
    settings: dict[str, dict[str, float | str]] = {name: given._asdict() for name, given in rule.settings.items()}
    return Row(rule.name, rule.severity.value, _is_fixable(rule, page), page.partition("\n")[0], settings)


def _is_fixable(rule: Rule, page: str) -> bool:
    from archspec.compiler import check_spec
    from archspec.source.span import Source

    bad = _BAD.search(page)
    found = check_spec(Source("bad.yaml", bad[1])) if bad else ()
    return any(one.remedy is not None for one in found if one.name == rule.name)


def _list(rows: list[Row]) -> str:
    width = max(len(row.name) for row in rows)
    lines = [
        f"{row.name:<{width}}  {row.severity:<7}  {'fix' if row.fixable else '   '}  {row.summary}" for row in rows
    ]
    return "\n".join(
        [*lines, "", "`fix`: `archspec check --fix` can mend it; `archspec explain NAME` prints the page."]
    )
