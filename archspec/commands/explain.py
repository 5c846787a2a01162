"""`archspec explain`: the page of a diagnostic, a rule or an op."""

from __future__ import annotations

import click


@click.command()
@click.argument("name")
def explain(name: str) -> None:
    """Print the page of a diagnostic (`shape-mismatch`), a rule or an op."""
    from archspec.ops import find, names
    from archspec.source.catalog import PAGES

    page = PAGES.get(name)
    if page is not None:
        click.echo(f"{page.name}: {page.summary}\n\n{page.text}".rstrip())
        return
    op = find(name)
    if op is not None:
        from archspec.commands.ops import op_text
        from archspec.ir.describe import describe

        click.echo(op_text(describe(op)))
        return
    from archspec.language.validate import did_you_mean

    help = did_you_mean(name, [*PAGES, *names()])
    raise click.UsageError(", ".join(filter(None, [f"there is no diagnostic, rule or op called `{name}`", help])))
