"""`archspec verify`: a network beside somebody else's, by weights and numbers."""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stdout
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

import click

from archspec.commands._environment import MissingError
from archspec.commands._running import show_stage
from archspec.commands._shared import load, print_findings, set_option, spec_argument
from archspec.commands._sizes import parse_sizes
from archspec.source.diagnostic import Diagnostics

if TYPE_CHECKING:
    from archspec.ir.graph import Graph, Phase
    from archspec.tools.verify import Verification
    from archspec.tools.verify.compare import Comparison

USAGE: Final = 2
MOST: Final = 20
"""How many lines of what differs are printed; `--json` has all."""


@click.command()
@spec_argument
@click.option(
    "--against",
    "reference",
    metavar="REFERENCE",
    required=True,
    help="torchvision:NAME, timm:NAME, or package.module:callable, anything that returns a torch.nn.Module.",
)
@click.option("--with", "arguments", metavar="NAME=VALUE", multiple=True, help="Call the reference with an argument.")
@set_option
@click.option("--size", "sizes", metavar="H=75,W=75", multiple=True, help="Run at other sizes than the spec's own.")
@click.option("--output", "outputs", metavar="NAME", multiple=True, help="Build some outputs only. [default: all]")
@click.option("--phase", type=click.Choice(["eval", "training"]), help="Compare in one mode only. [default: both]")
@click.option("--tolerance", type=click.FloatRange(min=0), default=1e-9, show_default=True, help="Allow differences.")
@click.option("--seed", type=int, default=0, show_default=True, help="Draw other weights and inputs.")
@click.option("--json", "as_json", is_flag=True, help="Print all comparisons as data.")
def verify(
    spec: str,
    reference: str,
    arguments: tuple[str, ...],
    settings: tuple[str, ...],
    sizes: tuple[str, ...],
    outputs: tuple[str, ...],
    phase: Phase | None,
    tolerance: float,
    seed: int,
    as_json: bool,
) -> int:
    """Prove that a spec's network is somebody else's: give both the same weights, and compare what they compute.

    Compared are the outputs in eval and in training mode, batch statistics after one training step, and the gradient
    of every weight, in float64, relative to the largest value. Weights go over by key, or by the graph where the keys
    differ. The exit code is 1 where a difference is over tolerance; it is said what differs, and where it does first.

    The reference is imported and run: it is code of yours, named here and never in a spec.
    """
    found = Diagnostics()
    graph = load(spec, settings, found)
    code = print_findings(found)
    if graph is None:
        return code
    given = Diagnostics()
    called_with = _parse_arguments(arguments, given)
    if print_findings(given):
        return USAGE
    at = parse_sizes(graph, sizes)
    _check_outputs(graph, outputs)
    module = _reference(reference, called_with)
    if module is None:
        return USAGE
    from archspec.tools.verify import DoesNotRunError
    from archspec.tools.verify import verify as run

    phases: tuple[Phase, ...] = (phase,) if phase else ("eval", "training")
    options: dict[str, Any] = {"sizes": at, "outputs": outputs or None, "phases": phases, "seed": seed}
    try:
        with redirect_stdout(sys.stderr):  # what a reference prints is no result of ours
            made = run(graph, module, **options, tolerance=tolerance, on_stage=show_stage)
    except DoesNotRunError as error:
        help = "`--size` runs at another size" + (", `--phase eval` in eval mode alone" * (error.phase == "training"))
        click.echo(f"error: {error}\n  = help: {help}", err=True)
        return 1
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--size") from error
    finally:
        show_stage("")
    click.echo(json.dumps(_data(graph, reference, made), indent=2) if as_json else _text(graph, reference, made))
    click.echo("  ".join(f"{stage} {time:.2f} s" for stage, time in made.seconds.items()), err=True)
    return code if made.passed else 1


def _parse_arguments(texts: tuple[str, ...], found: Diagnostics) -> dict[str, object]:
    from archspec.frontend.parameters import parse_settings

    return {name: value for name, (value, _) in parse_settings(texts, found, "--with").items()}


def _check_outputs(graph: Graph, outputs: tuple[str, ...]) -> None:
    for name in outputs:
        if name not in graph.outputs:
            known = ", ".join(f"`{one}`" for one in graph.outputs)
            raise click.BadParameter(
                f"`{name}` is no output of this spec; its outputs are {known}", param_hint="--output"
            )


def _reference(reference: str, arguments: dict[str, object]) -> Any:
    """The module under a reference's name; None where there is none, which is said."""
    show_stage("load torch")
    from archspec.tools.verify import BadReferenceError, MissingLibraryError, load_reference

    try:
        with redirect_stdout(sys.stderr):
            return load_reference(reference, arguments)
    except MissingLibraryError as error:
        raise MissingError(str(error), f"python -m pip install {error.name}") from error
    except BadReferenceError as error:
        click.echo(f"error: {error}", err=True)
        return None
    finally:
        show_stage("")


def _text(graph: Graph, reference: str, made: Verification) -> str:
    sizes = ", ".join(f"{name}={size}" for name, size in made.sizes.items())
    lines = [f"{graph.name} beside {reference}" + (f", at {sizes}" if sizes else ""), "", *_weights(made)]
    if made.comparisons:
        lines += ["", *_table(made), ""]
    differs = [f"differs: {what}" for what in made.differs]
    lines += differs[:MOST]
    if len(differs) > MOST:
        lines.append(f"... and {len(differs) - MOST} more")
    lines += [f"first at {place}" for place in made.places]
    lines.append(_verdict(made))
    return "\n".join(lines)


def _weights(made: Verification) -> list[str]:
    if made.paired_by == "key":
        return [f"weights: {len(made.pairs)}, all keys are the same"]
    from archspec.tools.verify.match import summarize

    pairs = summarize(made.pairs)
    lines = [f"weights: {len(made.pairs)}, paired by the graph, theirs -> ours"]
    lines += [f"  {theirs or '(all)'} -> {ours or '(all)'}" for theirs, ours in pairs]
    if made.guessed:
        lines.append(f"  {len(made.guessed)} of them by order of execution alone: nothing else tells them apart")
    return lines


def _table(made: Verification) -> list[str]:
    lines = [f"{'largest relative difference':<48}{'float64':>9}{'float32':>9}{'their float32':>15}"]
    for phase in made.outputs_by:
        outputs = [one for one in made.comparisons if (one.kind, one.phase) == ("output", phase)]
        for one in outputs:
            beside = f" (their {one.theirs})" if one.theirs != one.ours and len(outputs) > 1 else ""
            lines.append(_row(f"{phase}: {one.ours}{beside}", one))
    for kind, text in (("statistic", "batch statistics after a step"), ("gradient", "gradients")):
        count = sum(one.kind == kind for one in made.comparisons)
        largest = made.largest(kind, "training")  # type: ignore[arg-type]
        if largest is not None:
            lines.append(_row(f"training: {count} {text}", largest))
    return lines


def _row(name: str, one: Comparison) -> str:
    numbers = [f"{value:.0e}" if value else "0" for value in (one.difference, one.rounding, one.their_rounding)]
    return f"{name:<48}{numbers[0]:>9}{numbers[1]:>9}{numbers[2]:>15}"


def _verdict(made: Verification) -> str:
    if made.passed:
        largest = max((one.difference for one in made.comparisons), default=0.0)
        return f"equal: nothing differs by more than {largest:.0e}" if largest else "equal: to the last bit in float64"
    return "not equal"


def _data(graph: Graph, reference: str, made: Verification) -> dict[str, Any]:
    return {
        "name": graph.name,
        "against": reference,
        "passed": made.passed,
        "sizes": dict(made.sizes),
        "tolerance": made.tolerance,
        "paired_by": made.paired_by,
        "pairs": dict(made.pairs),
        "guessed": [list(pair) for pair in made.guessed],
        "outputs_by": dict(made.outputs_by),
        "comparisons": [
            {
                "kind": one.kind,
                "phase": one.phase,
                "theirs": one.theirs,
                "ours": one.ours,
                "difference": _finite(one.difference),
                "float32": _finite(one.rounding),
                "their_float32": _finite(one.their_rounding),
            }
            for one in made.comparisons
        ],
        "differs": list(made.differs),
        "places": [
            {"theirs": place.theirs, "ours": place.ours, "what": place.what, "after": place.after}
            for place in made.places
        ],
    }


def _finite(number: float) -> float | None:
    """JSON has no infinity."""
    return number if isfinite(number) else None
