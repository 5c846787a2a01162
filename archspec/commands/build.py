"""`archspec build`: everything at once, and a report."""

from __future__ import annotations

import json
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from archspec.commands._running import running, show_stage
from archspec.commands._shared import load, print_findings, probe_option, set_option, spec_argument
from archspec.source.diagnostic import Diagnostics

if TYPE_CHECKING:
    from archspec.ir.graph import Graph
    from archspec.tools.build import Report
    from archspec.tools.optimize.report import Report as Optimization
    from archspec.tools.optimize.report import Timing


@click.command()
@spec_argument
@set_option
@probe_option
@click.option("--depth", type=click.IntRange(min=1), default=1, help="How many levels of blocks to open in the table.")
@click.option(
    "--optimize", "is_optimized", is_flag=True, help="Find what runs it fastest on this machine, and print that, too."
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as data.")
def build(spec: str, settings: tuple[str, ...], depth: int, is_optimized: bool, as_json: bool) -> int:
    """Check a spec, compile it, run it once in eval and training mode, and print its layer table.

    What every node gives is compared with what was inferred about it, and weights and multiply-accumulates with what
    torch counts. With `--optimize` engines and passes are timed for one sample, as `archspec.optimize` does.
    """
    found = Diagnostics()
    began = perf_counter()
    graph = load(spec, settings, found)
    checking = perf_counter() - began
    code = print_findings(found)
    if graph is None:
        return code
    report = _run(graph)
    is_optimized &= not report.mismatches
    if as_json:
        optimized = {"optimized": _optimized_data(_optimize(graph))} if is_optimized else {}
        click.echo(json.dumps(_data(graph, report, depth) | optimized, indent=2))
    else:
        click.echo(_text(graph, report, depth))
    seconds = {"check": checking, **report.seconds}
    click.echo("  ".join(f"{stage} {time:.2f} s" for stage, time in seconds.items()), err=True)
    for mismatch in report.mismatches:
        click.echo(f"error: this is a bug in {_whose(graph)}: {mismatch}", err=True)
    if is_optimized and not as_json:
        click.echo(f"\n{_optimize(graph)}")
    return 70 if report.mismatches else code


def _whose(graph: Graph) -> str:
    """Whom a difference between inference and execution is to be reported to."""
    from archspec.ops import TABLE

    others = sorted({node.resolved.name for node in graph.operations() if node.resolved.name not in TABLE})
    if not others:
        return "archspec, sorry"
    names = ", ".join(f"`{name}`" for name in others)
    return f"archspec, or in {names}, which `archspec.testing.check_op` holds to torch"


def _run(graph: Graph) -> Report:
    show_stage("load torch")
    with running(graph):
        from archspec.tools.build import NoSizesError, build

        try:
            return build(graph, show_stage)
        except NoSizesError as error:
            raise click.ClickException(str(error)) from error


def _optimize(graph: Graph) -> Optimization:
    """What `archspec.optimize` makes of the network on this machine."""
    show_stage("optimize")
    with running(graph):
        from archspec.backends.torch_fx import emit
        from archspec.tools.optimize.guard import OptimizeError
        from archspec.tools.optimize.optimize import optimize

        try:
            return optimize(emit(graph)).report()
        except OptimizeError as error:
            raise click.ClickException(f"{graph.name} cannot be optimised: {error}") from error


def _text(graph: Graph, report: Report, depth: int) -> str:
    from archspec.analysis.facts import Facts
    from archspec.render.sizes import batches_text, sizes_text
    from archspec.render.table import COSTS, as_text, count_text, rows

    told = Facts(graph)
    counts, probed = report.counts, ", ".join(f"`{path}`" for path in _probed(graph))
    macs = f"{count_text(counts.macs) or 0} per sample in eval mode"
    if counts.training_macs != counts.macs:
        macs += f", {count_text(counts.training_macs)} in training mode"
    sizes = ", ".join(f"{name}={size}" for name, size in report.sizes.items())
    ran = " and ".join(f"{nodes:,} nodes in {phase} mode" for phase, nodes in report.compared.items())
    facts = {
        "inputs": ", ".join(f"{name} {given.type}" for name, given in graph.inputs.items()),
        "outputs": ", ".join(f"{name} {graph.type_of(output.value)}" for name, output in graph.outputs.items()),
        "parameters": f"{counts.parameters:,}, and {counts.buffers:,} numbers in buffers",
        "MACs": macs,
        "ran": ran + (f", at {sizes}" if sizes else ""),
        "sizes": ", ".join(filter(None, (sizes_text(told.input_sizes), batches_text(told.batch_sizes)))),
        "probed": f"{probed}: shapes by probe, not by rule; nothing is known at other sizes" if probed else "",
        "checked": "every tensor, parameter, buffer and MAC is as inferred" if not report.mismatches else "it differs",
    }
    lines = "\n".join(f"{name:<11} {fact}" for name, fact in facts.items() if fact)
    return f"{graph.title or graph.name}\n\n{as_text(rows(graph, depth), COSTS)}\n{lines}"


def _probed(graph: Graph) -> list[str]:
    """The paths of the nodes whose types were found by running their ops."""
    from archspec.ir.op import Probed

    return [node.path for node in graph.operations() if isinstance(node.op, Probed)]


def _data(graph: Graph, report: Report, depth: int) -> dict[str, Any]:
    from archspec.analysis.input_sizes import input_sizes
    from archspec.render.sizes import sizes_data
    from archspec.render.table import counts_data, row_data, rows, type_data

    return {
        "name": graph.name,
        "title": graph.title,
        "inputs": {name: type_data(given.type) for name, given in graph.inputs.items()},
        "outputs": {name: type_data(graph.type_of(output.value)) for name, output in graph.outputs.items()},
        "rows": [row_data(row) for row in rows(graph, depth)],
        "total": counts_data(report.counts),
        "sizes": sizes_data(input_sizes(graph)),
        "probed": _probed(graph),
        "run": {"sizes": dict(report.sizes), "nodes": dict(report.compared)},
        "mismatches": list(report.mismatches),
    }


def _optimized_data(report: Optimization) -> dict[str, Any]:
    return {
        "engine": report.engine,
        "passes": dict(report.passes),
        "sizes": dict(report.sizes),
        "difference": report.difference,
        "seconds": report.seconds,
        "from_cache": report.from_cache,
        "tried": [_timing_data(each) for each in report.timings],
        "passed_over": dict(report.passed_over),
    }


def _timing_data(timing: Timing) -> dict[str, Any]:
    return {
        "label": timing.label,
        "lower_quartile": timing.lower_quartile,
        "median": timing.median,
        "spread": timing.spread,
        "difference": timing.difference,
        "seconds": timing.seconds,
    }
