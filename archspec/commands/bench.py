"""`archspec bench`: how fast a network is here, on all that can run it."""

from __future__ import annotations

import json
import math
import sys
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import click

from archspec.commands._environment import MissingError
from archspec.commands._running import running, show_stage
from archspec.commands._shared import load, print_findings, set_option, shows_unicode, spec_argument
from archspec.commands._sizes import parse_sizes
from archspec.source.diagnostic import Diagnostics

if TYPE_CHECKING:
    from archspec.ir.graph import Graph
    from archspec.tools.bench.bench import Bench, Row


@click.command()
@spec_argument
@set_option
@click.option("--batch", type=click.IntRange(1, 2**20), help="Samples in a run. [default: 1]")
@click.option("--size", "sizes", metavar="H=224,W=224", multiple=True, help="Run at other sizes than the spec's own.")
@click.option("--threads", type=click.IntRange(1, 1024), help="Threads of a run. [default: those of torch]")
@click.option(
    "--engines",
    metavar="all|NAME,...",
    help="What to time of torch, onnxruntime, openvino, inductor. [default: all but the last, which takes a minute]",
)
@click.option(
    "--precision", type=click.Choice(["bfloat16", "float16"]), help="Time the engines computing in this, too."
)
@click.option("--rounds", type=click.IntRange(1, 10_000), default=11, show_default=True, help="Runs of each variant.")
@click.option("--by-node", is_flag=True, help="Time each node of what the engine torch runs, too.")
@click.option("--all", "every_node", is_flag=True, help="Print all nodes, not only the slowest.")
@click.option("--json", "as_json", is_flag=True, help="Print all times as data, in seconds and bytes.")
def bench(
    spec: str,
    settings: tuple[str, ...],
    batch: int | None,
    sizes: tuple[str, ...],
    threads: int | None,
    engines: str | None,
    precision: str | None,
    rounds: int,
    by_node: bool,
    every_node: bool,
    as_json: bool,
) -> int:
    """Time a network in inference, on this machine: as it is, channels last, and on engines.

    All variants take turns in one process, so that what else the machine does hits all of them. Beside its time stands
    what each is of the best that the processor does, what it takes to make ready, the memory of its activations, and
    how far its outputs are from a run in float64. Weights are random.
    """
    if every_node and not by_node:
        raise click.UsageError("`--all` prints all nodes of `--by-node`, which is not there")
    found = Diagnostics()
    graph = load(spec, settings, found)
    code = print_findings(found)
    if graph is None:
        return code
    at = parse_sizes(graph, sizes)
    for name, size in _batch(graph, batch).items():
        if at.setdefault(name, size) != size:
            raise click.BadParameter(f"`{name}` is {at[name]} by `--size`", param_hint="--batch")
    made = _run(graph, at, threads, engines, rounds, by_node, precision)
    if as_json:
        click.echo(json.dumps(_data(made), indent=2))
    else:
        from archspec.tools.bench.text import bench_text

        click.echo(bench_text(made, every_node, not shows_unicode(sys.stdout)), nl=False)
    return code


def _batch(graph: Graph, batch: int | None) -> dict[str, int]:
    """The sizes of the symbols of the first axes."""
    if batch is not None and not graph.batch_symbols:
        raise click.BadParameter(f"the first axes of the inputs of {graph.name} are fixed", param_hint="--batch")
    return dict.fromkeys(graph.batch_symbols, batch) if batch is not None else {}


def _run(
    graph: Graph,
    sizes: dict[str, int],
    threads: int | None,
    engines: str | None,
    rounds: int,
    by_node: bool,
    precision: str | None,
) -> Bench:
    show_stage("load torch")
    with running(graph):
        from archspec.tools.bench.bench import SizesError, bench, brief_engines

        names = brief_engines() if engines is None else _parse_engines(engines)
        try:
            return bench(graph, sizes, names, rounds, by_node, threads, precision, show_stage)
        except SizesError as error:
            raise click.ClickException(f"{graph.name}: {error}") from error


def _parse_engines(text: str) -> list[str]:
    """The names of `--engines torch,openvino`, each once; what is named has to be there, but not what `all` means."""
    from archspec.backends.engines import ENGINES

    names = [part.strip() for part in text.split(",")]
    for name in names:
        if name not in ENGINES and name != "all":
            close = get_close_matches(name, ["all", *ENGINES], n=1)
            there = f"did you mean `{close[0]}`?" if close else f"there are {', '.join(ENGINES)}, and `all`"
            raise click.BadParameter(f"there is no engine `{name}`, {there}", param_hint="--engines")
    if "all" in names:
        return list(ENGINES)
    for name in names:
        if missing := ENGINES[name].missing():
            what, _, help = missing.partition(": ")
            raise MissingError(f"the engine `{name}` needs {what}", help)
    return list(dict.fromkeys(names))


def _data(found: Bench) -> dict[str, Any]:
    nodes = found.by_node
    return {
        "name": found.name,
        "sizes": dict(found.sizes),
        "macs": found.macs,
        "threads": found.threads,
        "roof": found.roof,
        "load": found.load,
        "variants": [_row_data(found, row) for row in found.rows],
        "left_out": dict(found.left_out),
        "by_node": None
        if nodes is None
        else {
            "whole": nodes.whole,
            "total": nodes.total,
            "nodes": [
                {"path": each.path, "op": each.op, "gives": each.gives, "seconds": each.seconds, "macs": each.macs}
                for each in nodes.nodes
            ],
        },
    }


def _row_data(found: Bench, row: Row) -> dict[str, Any]:
    timing = row.timing
    return {
        "variant": timing.label,
        "median": timing.median,
        "spread": timing.spread,
        "times": list(timing.times),
        "ratio": found.rows[0].timing.median / timing.median,
        "roof_share": found.share(found.macs, timing.median),
        "ready": timing.seconds,
        "peak": row.peak.activations if row.peak is not None else None,
        "peak_with_workspaces": row.peak.total if row.peak is not None else None,
        "bound": row.bound,
        "difference": timing.difference if math.isfinite(timing.difference) else None,
        "passes": dict(row.passes),
    }
