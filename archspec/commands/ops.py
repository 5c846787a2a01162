"""`archspec ops`: the catalogue of operations."""

from __future__ import annotations

import json
import textwrap
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from archspec.ir.describe import Attribute, OpPage


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print data for programs.")
def ops(name: str | None, as_json: bool) -> None:
    """List the ops by category, or show the attributes of one."""
    from archspec.ir.describe import describe
    from archspec.ops import find, names

    if name is None:
        pages = [describe(op) for known in names() if (op := find(known)) is not None]
        click.echo(json.dumps([asdict(page) for page in pages], indent=2, default=str) if as_json else _list(pages))
        return
    op = find(name)
    if op is None:
        from archspec.language.validate import did_you_mean

        raise click.UsageError(", ".join(filter(None, [f"there is no op `{name}`", did_you_mean(name, names())])))
    page = describe(op)
    click.echo(json.dumps(asdict(page), indent=2, default=str) if as_json else op_text(page))


def _list(pages: list[OpPage]) -> str:
    width = max(len(page.name) for page in pages)
    sections: dict[str, list[str]] = {}
    for page in pages:
        sections.setdefault(page.category, []).append(f"  {page.name:<{width}}  {page.summary}")
    return "\n\n".join("\n".join([category, *lines]) for category, lines in sorted(sections.items()))


def op_text(page: OpPage) -> str:
    """The page of an op as text."""
    inputs = "any number of inputs" if page.is_variadic else ", ".join(page.inputs) or "no input"
    parts = [f"{page.name} ({page.category}): {page.summary}"]
    if page.text:
        parts.append(page.text)
    parts.append(f"takes {inputs}" + (f"; gives {', '.join(page.outputs)}" if page.outputs else ""))
    if page.shorthand:
        parts.append(f"`- {page.name}: VALUE` sets `{page.shorthand}`")
    parts.extend(_attribute_text(attribute) for attribute in page.attributes)
    return "\n\n".join(parts)


def _attribute_text(attribute: Attribute) -> str:
    if attribute.is_required:
        default = "required"
    else:
        default = "may be left out" if attribute.default is None else f"default {json.dumps(attribute.default)}"
    lines = [f"{attribute.name}: {attribute.takes}; {default}"]
    if attribute.doc:
        lines.append(textwrap.fill(attribute.doc, width=100, initial_indent="    ", subsequent_indent="    "))
    return "\n".join(lines)
