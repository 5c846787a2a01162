"""`archspec diff`: what differs between two networks, and what follows from it."""

from __future__ import annotations

import json
import sys

import click

from archspec.commands._shared import load, print_findings, set_option, shows_unicode
from archspec.source.diagnostic import Diagnostics

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
    default=1,
    show_default=True,
    help="How many levels of blocks to open: of deeper ones it is counted what is different in them.",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as data.")
def diff(
    before: str,
    after: str,
    settings: tuple[str, ...],
    settings_a: tuple[str, ...],
    settings_b: tuple[str, ...],
    depth: int,
    as_json: bool,
) -> int:
    """Print what differs between two networks, and what follows from it; torch is not needed.

    A and B are specs, one of which may be - for standard input; or one spec with other settings, as in
    `archspec diff net.yaml net.yaml --set-b width=2`.

    A line each for what only A has (-), what only B has (+), what is called otherwise (>), and what is different (~),
    in the order of the network. What is the same is found by names, and by what it is and where it stands: an item that
    is put in front of others that are called by their positions is one item more, and no difference of the others.
    Blocks that are added or removed are one line, and so is the same change in several turns. A block in which several
    things are different is one line, too, with counts; --depth opens it.

    Below are the totals of both, and which weights of A fit into B.

    The exit code is 0 where there is no difference, 1 where there is one, and 2 for trouble: a file that cannot be
    read, or a spec that has errors.
    """
    if before == after == "-":
        raise click.UsageError("standard input can be one of the two specs only")
    found = [Diagnostics(), Diagnostics()]
    one = load(before, (*settings, *settings_a), found[0], is_judged=False)
    other = load(after, (*settings, *settings_b), found[1], is_judged=False)
    for findings in found:
        print_findings(findings)
    if one is None or other is None:
        return _TROUBLE
    from archspec.analysis.diff.networks import diff as differences

    between = differences(one, other)
    if as_json:
        from archspec.render.diff_json import diff_data

        click.echo(json.dumps(diff_data(between), indent=2))
    else:
        from archspec.render.diff_text import diff_text

        click.echo(diff_text(between, depth, ascii_only=not shows_unicode(sys.stdout)), nl=False)
    return 0 if between.is_same else _DIFFERENT
