"""Command: measure tables, print them as Markdown, and put them into the page where asked to."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from time import perf_counter
from types import ModuleType

import torch

from benchmarks.inference.page import PAGE, UnmarkedError, assert_marked, put, threads_text
from benchmarks.inference.setting import Setting
from benchmarks.machine import load, machine, versions
from benchmarks.measure import table

TABLES = ("hand_written", "torch_engine", "auto", "export", "accuracy", "activations", "construction", "coarser")


def command(arguments: Sequence[str], page: Path = PAGE) -> int:
    """Run `python -m benchmarks inference`."""
    parser = _parser()
    given = parser.parse_args(arguments)
    names = given.tables or TABLES
    networks = tuple(filter(None, given.networks.split(",")))
    if given.write and networks:
        parser.error("a table of some networks would look like one of all: leave out --networks or --write")
    torch.set_num_threads(given.threads)
    setting = Setting(rounds=given.rounds, networks=networks, quick=given.quick)
    if given.write:
        try:
            assert_marked(page, names, given.threads)
        except UnmarkedError as error:
            parser.error(str(error))
    for name in names:
        print(f"\n{title(name)}\n", flush=True)
        content = measured(name, setting)
        print(content, flush=True)
        if given.write:
            put(page, name, given.threads, content)
    return 0


def title(name: str) -> str:
    """What a table is about."""
    return f"{name}: {str(_module(name).__doc__).splitlines()[0]}"


def measured(name: str, setting: Setting) -> str:
    """A table as Markdown, with what it was measured on."""
    before, began = load(), perf_counter()
    rows = table(_module(name).figures(setting))
    took = timedelta(seconds=round(perf_counter() - began))
    told = [
        f"{datetime.now(UTC):%Y-%m-%d}, {threads_text(torch.get_num_threads())}, up to {setting.rounds} rounds, "
        f"load {before:.2f} before and {load():.2f} after, took {took}",
        machine(),
        versions(),
    ]
    if setting.quick:
        told.insert(0, "without torch.compile, which `--quick` leaves out")
    return "\n".join((rows, "", *(f"- {line}" for line in told)))


def _module(name: str) -> ModuleType:
    return import_module(f"benchmarks.inference.{name}")


def _table(name: str) -> str:
    if name not in TABLES:
        raise argparse.ArgumentTypeError(f"there is no table `{name}`; there are {', '.join(TABLES)}")
    return name


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks inference", description=__doc__, allow_abbrev=False)
    parser.add_argument("tables", nargs="*", type=_table, metavar="TABLE", help=", ".join(TABLES))
    parser.add_argument("--threads", type=int, default=2, help="of torch and all runtimes")
    parser.add_argument("--rounds", type=int, default=Setting.rounds, help="in which each is timed once")
    parser.add_argument("--networks", default="", metavar="NAME,...", help="instead of those of each table")
    parser.add_argument("--quick", action="store_true", help="without torch.compile, which takes a minute each time")
    parser.add_argument("--write", action="store_true", help="put the tables into benchmarks/README.md")
    return parser
