"""The option `--size`: sizes of the symbols of a network's inputs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from archspec.ir.graph import Graph


def parse_sizes(graph: Graph, texts: Iterable[str]) -> dict[str, int]:
    """The sizes of `--size H=75,W=75`, by symbol.

    Raises:
        click.BadParameter: one is none, or is of no symbol.
    """
    from archspec.ir.dims import symbols

    known = {name for given in graph.inputs.values() for dim in given.declared for name in symbols(dim)}
    sizes: dict[str, int] = {}
    for text in (part for given in texts for part in given.split(",")):
        name, _, size = (part.strip() for part in text.partition("="))
        if name not in known or not size.isdecimal() or int(size) < 1:
            names = ", ".join(f"`{one}`" for one in sorted(known)) or "none: all are fixed"
            what = f"`{text}` is no size: `NAME=NUMBER` was expected, the names of this spec are {names}"
            raise click.BadParameter(what, param_hint="--size")
        sizes[name] = int(size)
    return sizes
