"""`archspec render`: the figure of a network."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, get_args

import click

from archspec.commands._figures import Wishes, composed
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
from archspec.commands._shared import load_despite_errors, print_findings, set_option
from archspec.render.figure.choices import Content, Shapes
from archspec.render.figure.heat import HEATS
from archspec.source.diagnostic import Diagnostics
from archspec.source.sanitize import brief, visible

if TYPE_CHECKING:
    from archspec.ir.graph import Graph

_ALL: Final = "all"
_OF_PAGES: Final = frozenset({"specs", "settings", "form", "output", "limit"})
"""The parameters that pages have, too."""


def _depth(context: click.Context, option: click.Parameter, value: str | None) -> int | None:
    """The number of levels that `--depth` asks for."""
    from archspec.render.figure.view import ALL

    if value is None or value == _ALL:
        return None if value is None else ALL
    if not re.fullmatch("[0-9]{1,3}", value):
        raise click.BadParameter(f"`{value}` is no depth; expected 0, 1, 2, ... or `{_ALL}`", context, option)
    return int(value)


def _font(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """The name of a font; Graphviz would write any other text into an SVG as it is."""
    if value is not None and not re.fullmatch(r"[\w ,.-]*\w", value):
        raise click.BadParameter(f"`{visible(brief(value))}` is no name of a font", context, option)
    return value


@click.command()
@click.argument("specs", metavar="SPEC...", nargs=-1, required=True)
@set_option
@form_options
@click.option(
    "--depth",
    callback=_depth,
    metavar="N",
    help="How many levels are open: 0 is one box, 1 the spec's own list, `all` every single op; as many as stay"
    " readable where nothing is said.",
)
@click.option("--unfold", is_flag=True, help="Draw every turn of a repeat, not one for all of them.")
@click.option("--block", metavar="NAME", help="Draw one block alone: by its name, or by the path of one use.")
@click.option(
    "--highlight",
    metavar="NAME",
    multiple=True,
    help="Mark what is at a path, all uses of a block, or what a rule finds.",
)
@click.option("--color-by", type=click.Choice([*HEATS]), help="Colour boxes by what they cost or see.")
@click.option("--font", metavar="NAME", callback=_font, help="The font of all text.")
@click.option(
    "--shapes",
    type=click.Choice(get_args(Shapes)),
    default="hwc",
    help="What arrows say where the shape changes: height x width x channels, as papers do, or channels first.",
)
@click.option(
    "--labels",
    type=click.Choice(get_args(Content)),
    default="paper",
    help="What boxes say: what papers do, the names of the spec as well, or shapes and costs too.",
)
@click.option("--title/--no-title", "has_title", default=True, help="Whether the title stands above.")
@click.option("--legend/--no-legend", "has_legend", default=True, help="Whether the legend stands above.")
@click.option("--side-by-side", "together", is_flag=True, help="Draw several networks in one figure.")
@look_options
@engine_options
def render(
    specs: tuple[str, ...],
    settings: tuple[str, ...],
    form: str | None,
    output: str | None,
    together: bool,
    engine: str | None,
    seconds: float,
    dpi: int,
    **wishes: Any,
) -> int:
    """Draw networks as the papers do.

    A spec that has errors is drawn as far as it goes, with what is wrong marked in red.
    """
    chosen = form_of(form, output)
    if together and chosen == "html":
        raise click.UsageError(
            "a page holds one network; two of them are compared in the page of `archspec diff --html`"
        )
    if len(specs) > 1 and output is not None and not together:
        raise click.UsageError("several specs go into one file with --side-by-side only")
    if chosen == "html":
        refuse_all_but(_OF_PAGES, "is for figures: in a page its reader chooses")
    asked, code = Wishes(**wishes), 0
    loaded: list[tuple[str, Graph, Diagnostics]] = []
    for spec in specs:
        found = Diagnostics()
        graph = load_despite_errors(spec, settings, found)
        code = max(code, print_findings(found))
        if graph is not None:
            loaded.append((file_name(spec), graph, found))
    if not together:
        _refuse_equal_names([name for name, _, _ in loaded])
    if chosen == "html":
        for name, graph, found in loaded:
            write_picture(_page(graph, found), name, chosen, output)
        return code
    drawn = [(name, composed(graph, found, asked)) for name, graph, found in loaded]
    for figures in [drawn] if together and drawn else [[one] for one in drawn]:
        data, said = drawn_as(chosen, [one for _, one in figures], engine, seconds, dpi)
        write_picture(data, "-".join(name for name, _ in figures), chosen, output, said)
    return code


def _refuse_equal_names(names: Sequence[str]) -> None:
    """Refuse to write two networks to one file."""
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice is not None:
        raise click.UsageError(f"two of the files are called `{twice}`: draw them one by one, with -o")


def _page(graph: Graph, found: Diagnostics) -> bytes:
    from archspec.render.explorer.data import explorer_data
    from archspec.render.explorer.page import page

    return page(explorer_data(graph, found)).encode()
