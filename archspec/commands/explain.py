"""`archspec explain`: the page of a diagnostic, a rule or an op."""

from __future__ import annotations

import inspect

import click


@click.command()
@click.argument("name")
def explain(name: str) -> None:
    """Print the page of a diagnostic (`shape-mismatch`), a rule (`dead-node`) or an op (`conv`)."""
    from archspec.commands.ops import op_page, op_text
    from archspec.ops import names, registered
    from archspec.rules import by_name
    from archspec.source.catalog import PAGES

    page, rule = PAGES.get(name), by_name().get(name)
    if rule is not None:
        from archspec.commands.rules import settings_text

        settings = settings_text(rule)
        click.echo(f"{name} ({rule.severity}): {inspect.getdoc(rule)}" + (f"\n\n{settings}" if settings else ""))
    elif page is not None:
        click.echo(f"{name}: {page.summary}\n\n{page.text}".rstrip())
    elif (op := op_page(name)) is not None:
        click.echo(op_text(op))
    else:
        from archspec.language.validate import did_you_mean

        help = did_you_mean(name, [*PAGES, *by_name(), *names(), *registered()])
        raise click.UsageError(", ".join(filter(None, [f"there is no diagnostic, rule or op called `{name}`", help])))
