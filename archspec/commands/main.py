"""The command `archspec`: its commands, imported only when used, and what its exit codes mean.

0 fine, 1 the spec has errors, 2 usage or an unreadable file, 3 something missing in the environment, 70 a bug of ours,
130 stopped with Ctrl-C, 141 whoever read the output closed it.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import click

import archspec
from archspec.commands._environment import NEEDED, MissingError, clashing_distribution

COMMANDS: Final = {
    "build": "Check a spec, compile it, run it once, and print its layer table.",
    "check": "Find the mistakes in specs.",
    "verify": "Prove that a network is torchvision's, timm's or yours, by weights and numbers.",
    "table": "Print the layer table the way papers do.",
    "render": "Draw the figure: SVG, PNG, PDF, DOT, or a page to explore.",
    "analyze": "Measure what a network costs, sees and lets through: cuts, receptive fields, memory, input sizes.",
    "bench": "Time a network on this machine: as it is, channels last, and on engines.",
    "diff": "Print what differs between two networks, and what follows from it.",
    "expand": "Print the canonical form: every node named, every repeat unrolled.",
    "new": "Start a spec.",
    "ops": "List the ops, or show one.",
    "rules": "List the rules, and which of them can be fixed.",
    "explain": "Print the page of a diagnostic, a rule or an op.",
    "schema": "Print the JSON Schema of specs, for editors.",
    "doctor": "Say what is installed, what is missing and what clashes.",
}
"""Each command, in the order of the help, by the name of its module and function."""

UNREADABLE: Final = 2
MISSING: Final = 3
BUG: Final = 70
STOPPED: Final = 130
PIPE_CLOSED: Final = 141


class FullDiskError(click.ClickException):
    """What is printed does not fit on the disk that it goes to."""

    exit_code = UNREADABLE


class LazyGroup(click.Group):
    """Commands that are imported when they are used, and listed without."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"archspec.commands.{cmd_name}"), cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Refuse an unknown name with the nearest known one."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            close = get_close_matches(name, COMMANDS, n=1)
            raise click.UsageError(f"there is no command `{name}`" + (f", did you mean `{close[0]}`?" if close else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a reader that closes the pipe ends it quietly."""
        try:
            code = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            _discard_output()
            return PIPE_CLOSED
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            _discard_output()
            raise FullDiskError("the output cannot be written: no space is left") from error
        return code


def _discard_output() -> None:
    """Let the flush at exit succeed, where what is printed goes nowhere any more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(archspec.__version__, prog_name="archspec")
@click.option("--debug", is_flag=True, help="Show the traceback of a bug.")
def cli(debug: bool) -> None:
    """Neural networks as documents: checked like programs, run like modules.

    SPEC is a YAML file, or - for standard input.
    """
    if clashing_distribution() is not None:
        click.echo(
            "warning: the distribution `archspec` (which describes CPUs) is installed too and shares our name:"
            " `archspec doctor` says what to do",
            err=True,
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code.

    Args:
        arguments: What follows the name of the program; by default what the shell was given.
    """
    try:
        code = cli.main(arguments, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        click.echo("stopped", err=True)
        return STOPPED
    except MissingError as error:
        return _say_missing(error)
    except Exception as error:
        if isinstance(error, ImportError) and error.name and (name := error.name.partition(".")[0]) in NEEDED:
            return _say_missing(MissingError.of_package(name, error))
        if "--debug" in (sys.argv[1:] if arguments is None else arguments):
            raise
        return _say_bug(error)
    return code if isinstance(code, int) else 0


def _say_missing(error: MissingError) -> int:
    click.echo(f"error: {error}\n  = help: {error.help}", err=True)
    return MISSING


def _say_bug(error: Exception) -> int:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" ({Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno})" if trace else ""
    text = " ".join(str(error).split())[:200]
    click.echo(
        f"error: this is a bug in archspec, sorry: {type(error).__name__}: {text}{place}\n"
        "  = help: `archspec --debug ...` shows the traceback; report it together with the spec",
        err=True,
    )
    return BUG
