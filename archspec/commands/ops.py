"""`archspec ops`: the catalogue of operations."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from archspec.commands.main import MISSING

if TYPE_CHECKING:
    from archspec.ir.describe import Attribute, OpPage


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print data for programs.")
def ops(name: str | None, as_json: bool) -> int:
    """List the ops by category, those of installed packages too, or show the attributes of one."""
    from archspec.ops import names, registered

    packages = registered()
    every = [*names(), *packages]
    if name is not None and name not in every:
        from archspec.language.validate import did_you_mean

        raise click.UsageError(", ".join(filter(None, [f"there is no op `{name}`", did_you_mean(name, every)])))
    pages = [page for known in ([name] if name else every) if (page := op_page(known)) is not None]
    if as_json:
        data = [asdict(page) | {"package": packages.get(page.name)} for page in pages]
        click.echo(json.dumps(data[0] if name and data else data, indent=2, default=str))
    elif pages:
        click.echo(op_text(pages[0]) if name else _list(pages, packages))
    return 0 if len(pages) == (1 if name else len(every)) else MISSING


def op_page(name: str) -> OpPage | None:
    """The page of an op; None where there is none, and after saying that what a package registers cannot be used."""
    from archspec.ir.describe import describe
    from archspec.ops import PluginError, find

    try:
        op = find(name)
    except PluginError as error:
        click.echo(f"error: {error}", err=True)
        return None
    return describe(op) if op is not None else None


def _list(pages: list[OpPage], packages: Mapping[str, str]) -> str:
    width = max(len(page.name) for page in pages)
    sections: dict[str, list[str]] = {}
    for page in pages:
        of = f" ({packages[page.name]})" if page.name in packages else ""
        sections.setdefault(page.category, []).append(f"  {page.name:<{width}}  {page.summary}{of}")
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
