"""What the commands have in common that run networks: telling the stage, and where memory ends."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import click

from archspec.commands._environment import MissingError

if TYPE_CHECKING:
    from archspec.ir.graph import Graph

_NO_MEMORY: Final = "allocate memory"
"""What torch says, in an error of no class of its own, where an allocation fails."""


def show_stage(stage: str) -> None:
    """Show what is being done, on the line that is cleared when it is done; only on a terminal."""
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{stage}{'...' if stage else ''}", err=True, nl=False, color=True)


@contextmanager
def running(graph: Graph) -> Iterator[None]:
    """Run a network: the stage that is shown is cleared at the end, and too little memory is said to be that."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and _NO_MEMORY not in str(error):
            raise
        from archspec.analysis.cost import cost

        numbers = cost(graph).total
        raise MissingError(
            f"the memory of this machine is not enough to build and run `{graph.name}`, which has "
            f"{numbers.parameters:,} parameters and {numbers.buffers:,} numbers in buffers",
            "`archspec check` and `archspec analyze` do without; `--limit parameters=...` refuses what is too large",
        ) from error
    finally:
        show_stage("")
