"""`archspec diff`: what differs between two networks, and what follows from it."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, Final

import click

from archspec.commands._pictures import (
    drawn_as,
    engine_options,
    file_name,
    form_of,
    form_options,
    look_options,
    refuse_all_but,
    write_picture,
)
from archspec.commands._shared import load, print_findings, set_option, shows_unicode
from archspec.render.figure.theme import THEMES
from archspec.source.diagnostic import Diagnostics

if TYPE_CHECKING:
    from archspec.analysis.diff.networks import Diff
    from archspec.render.figure.choices import Direction

_OF_PAGES: Final = frozenset({"before", "after", "settings", "settings_a", "settings_b", "limit", "form", "output"})
_OF_TEXT: Final = _OF_PAGES | {"depth", "as_json"}
"""The parameters that pages have, and those that text has."""
_DIFFERENT = 1
_TROUBLE = 2


@click.command()
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@set_option
@click.option("--set-a", "settings_a", metavar="NAME=VALUE", multiple=True, help="As --set, of A alone.")
@click.option("--set-b", "settings_b", metavar="NAME=VALUE", multiple=True, help="As --set, of B alone.")
@click.option(
    "--depth",
    type=click.IntRange(min=1),
    help="How many levels of blocks to open: of deeper ones it is counted what is different in them. 1 in text, and as"
    " many as stay readable in figures.",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as data.")
@form_options
@look_options
@engine_options
def diff(
    before: str,
    after: str,
    settings: tuple[str, ...],
    settings_a: tuple[str, ...],
    settings_b: tuple[str, ...],
    depth: int | None,
    as_json: bool,
    form: str | None,
    output: str | None,
    **how: Any,
) -> int:
    """Print what differs between two networks, and what follows from it; torch is not needed.

    A and B are specs, one of which may be - for standard input; or one spec with other settings, as in
    `archspec diff net.yaml net.yaml --set-b width=2`.

    A line each for what only A has (-), what only B has (+), what is called otherwise (>), and what is different (~),
    in the order of the network. What is the same is found by names, and by what it is and where it stands: an item that
    is put in front of others that are called by their positions is one item more, and no difference of the others.
    Blocks that are added or removed are one line, and so is the same change in several turns. A block in which several
    things are different is one line, too, with counts; --depth opens it.

    Below are the totals of both, and which weights of A fit into B. With --svg and the like, or with -o, a figure of
    both side by side is written instead, in which all that differs is marked; --html writes a page.

    The exit code is 0 where there is no difference, 1 where there is one, and 2 for trouble: a file that cannot be
    read, or a spec that has errors.
    """
    if before == after == "-":
        raise click.UsageError("standard input can be one of the two specs only")
    if as_json and (form or output):
        raise click.UsageError("--json is printed, and goes with no figure")
    chosen = form_of(form, output) if form or output else None
    if chosen is None:
        refuse_all_but(_OF_TEXT, "is for figures: say which with --svg or -o")
    elif chosen == "html":
        refuse_all_but(_OF_PAGES, "is for figures: in a page its reader chooses")
    found = [Diagnostics(), Diagnostics()]
    one = load(before, (*settings, *settings_a), found[0], is_judged=False)
    other = load(after, (*settings, *settings_b), found[1], is_judged=False)
    for findings in found:
        print_findings(findings)
    if one is None or other is None:
        return _TROUBLE
    from archspec.analysis.diff.networks import diff as differences

    between = differences(one, other)
    if chosen is not None:
        data, said = _picture(between, chosen, depth, **how)
        write_picture(data, f"{file_name(before)}-{file_name(after)}", chosen, output, said)
    elif as_json:
        from archspec.render.diff_json import diff_data

        click.echo(json.dumps(diff_data(between), indent=2))
    else:
        from archspec.render.diff_text import diff_text

        click.echo(diff_text(between, depth or 1, ascii_only=not shows_unicode(sys.stdout)), nl=False)
    return 0 if between.is_same else _DIFFERENT


def _picture(
    between: Diff, form: str, depth: int | None, theme: str, direction: Direction, **how: Any
) -> tuple[bytes, str]:
    """The figure or page of a difference, and what to say of it."""
    if form == "html":
        from archspec.render.explorer.comparison import comparison_data
        from archspec.render.explorer.page import page

        return page(comparison_data(between)).encode(), ""
    from archspec.render.figure.differences import marks_of_difference
    from archspec.render.figure.legend import network_costs
    from archspec.render.figure.style import Style
    from archspec.render.figure.view import figure

    sides = (between.before, between.after)
    level = depth if depth is not None else min(figure(facts.graph).depth for facts in sides)
    drawn = [
        (
            figure(facts.graph, level),
            Style(theme=THEMES[theme], direction=direction, marks=marks, subtitle=network_costs(facts)),
        )
        for facts, marks in zip(sides, marks_of_difference(between), strict=True)
    ]
    return drawn_as(form, drawn, **how)
