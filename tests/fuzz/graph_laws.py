"""What has to hold of every spec: what is accepted runs as inferred at all sizes that fit, and at no others."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from random import Random

import torch

from archspec.analysis.at_sizes import at_sizes
from archspec.analysis.batch_sizes import batch_sizes
from archspec.analysis.input_sizes import Sizes, input_sizes
from archspec.analysis.phases import running
from archspec.backends.scope_module import ScopeModule
from archspec.backends.torch_fx import emit
from archspec.backends.trace import run_and_compare
from archspec.compiler import check_spec, load_graph
from archspec.frontend.size_demands import size_demands
from archspec.ir.dims import evaluate, symbol
from archspec.ir.graph import Graph, Phase
from archspec.ir.op import Op
from archspec.ir.types import TensorType
from archspec.source.diagnostic import Diagnostics
from archspec.source.span import Source
from archspec.tools.build import NoSizesError, build
from tests.fuzz.graph_specs import Spec
from tests.fuzz.op_laws import judge_refused
from tests.fuzz.verdict import Verdict
from tests.ops.runner import draw as random_tensor
from tests.ops.runner import infer, type_of
from tests.specs import hold_canonical_form


class TooLargeError(Exception):
    """A case asks for more memory than there is for it."""


_LARGEST = 40
"""The largest size that a symbol is given, where smaller ones fit."""


def text_of(spec: Spec) -> str:
    """A spec as it is written: what is JSON is YAML."""
    return json.dumps(spec, indent=1)


def judge(spec: Spec, random: Random) -> Verdict:
    """Check a spec, build and run it, and compare."""
    source = Source("random.yaml", text_of(spec))
    found = check_spec(source)
    if found.failed:
        return Verdict("refused", _misplaced(found), next(iter(found)).name)
    graph = load_graph(source)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return Verdict("accepted", _canonical(graph) or _runs(graph, random))
        except NoSizesError:
            return Verdict("not asked", reason="no sizes")
        except IndexError as error:
            if "index out of range in self" not in str(error):
                raise
            return Verdict("not asked", reason="numbers of rows are trusted")
        except TooLargeError:
            return Verdict("not asked", reason="too large")


def _misplaced(found: Diagnostics) -> str:
    for error in found:
        span = error.span
        if span is None or not 0 <= span.start < span.end <= len(span.source.text):
            return f"what is refused is refused in the file: {error.name} is said of nothing in it"
    return ""


def _canonical(graph: Graph) -> str:
    try:
        hold_canonical_form(graph)
    except Exception as error:
        return f"the canonical form is the same network: {type(error).__name__} {error}"
    return ""


def _runs(graph: Graph, random: Random) -> str:
    """Whether it builds and runs; sizes that are not found, and numbers of rows that are none, are raised."""
    try:
        report = build(graph)
    except (NoSizesError, IndexError):
        raise
    except Exception as error:
        _raise_too_large(error)
        return f"what is accepted runs: {type(error).__name__}: {error}"
    if report.mismatches:
        return f"what is accepted runs as inferred: {report.mismatches[0]}"
    return _at_other_sizes(graph, {name: report.sizes[name] for name in graph.batch_symbols}, random)


def _raise_too_large(error: Exception) -> None:
    if isinstance(error, MemoryError) or "allocate memory" in str(error):
        raise TooLargeError from error


def _at_other_sizes(graph: Graph, batch: Mapping[str, int], random: Random) -> str:
    module = emit(graph)
    fitting = input_sizes(graph)
    batches = batch_sizes(graph, fitting)
    for phase, entries in fitting.items():
        if any(sizes.fitting is None for sizes in entries):
            continue  # they are said to be unknown
        found_sizes = _usual(graph, entries)
        nowhere = {name for name, size in found_sizes.items() if size is None}
        usual = {**batch} | {name: size for name, size in found_sizes.items() if size is not None}
        told = [batches[phase]] if phase in batches and batches[phase].fitting is not None else []
        for sizes in [*entries, *told]:
            for size, fits in _tried(sizes, random):
                changed = sizes.symbols if sizes.together else [random.choice(sizes.symbols)]
                if not nowhere <= set(changed):
                    continue  # nothing is said of the others where one has no size that fits
                at = usual | dict(sizes.beside) | dict.fromkeys(changed, size)
                found = _fits(graph, module, at, phase) if fits else _stops(graph, module, at, phase)
                if found:
                    return f"{found} at {at} in {phase} mode"
    return ""


def _usual(graph: Graph, entries: tuple[Sizes, ...]) -> dict[str, int | None]:
    nominal = {name: size for given in graph.inputs.values() for name, size in given.symbols.items()}
    return {name: nominal.get(name, sizes.minimum) for sizes in entries for name in sizes.symbols}


def _tried(sizes: Sizes, random: Random) -> Iterator[tuple[int, bool]]:
    """Sizes, and whether they fit: the ends, what is just beyond them, and some at random."""
    assert sizes.fitting is not None
    if sizes.minimum is None:
        yield random.randint(1, _LARGEST), False
        return
    ends = [sizes.minimum, sizes.minimum - 1, *([sizes.maximum, sizes.maximum + 1] if sizes.maximum else [])]
    for size in {*ends, random.randint(1, _LARGEST), random.randint(1, _LARGEST)}:
        if 1 <= size <= _LARGEST:
            yield size, size in sizes.fitting


def _fits(graph: Graph, module: ScopeModule, at: Mapping[str, int], phase: Phase) -> str:
    try:
        moved = at_sizes(graph, at, phase)
        mismatches = run_and_compare(moved, module, _tensors(graph, at), phase)
    except IndexError:
        raise
    except Exception as error:
        _raise_too_large(error)
        return f"sizes that fit run: {type(error).__name__}: {error}"
    return f"sizes that fit run as inferred: {mismatches[0]}" if mismatches else ""


def _stops(graph: Graph, module: ScopeModule, at: Mapping[str, int], phase: Phase) -> str:
    inputs = _tensors(graph, at)
    try:
        with torch.no_grad():
            outputs = module.train(phase == "training")(*inputs.values())
    except Exception:  # whatever torch raises is a refusal
        return ""
    given = outputs if isinstance(outputs, tuple) else (outputs,)
    if any(0 in output.shape for output in given) or _is_stated(graph, inputs, at, phase):
        return ""
    return "sizes that do not fit stop: torch runs"


def _tensors(graph: Graph, at: Mapping[str, int]) -> dict[str, torch.Tensor]:
    """Random inputs of some sizes, whatever is demanded of these."""
    return {
        name: random_tensor(given.type.with_shape(*(evaluate(side, at) for side in given.shape)), given.below or 2)
        for name, given in graph.inputs.items()
    }


def _is_stated(graph: Graph, inputs: Mapping[str, torch.Tensor], at: Mapping[str, int], phase: Phase) -> bool:
    """Whether the op that stops is refused by torch in a mode, or by a rule that the language states.

    A network stays what it was built as: what was sized or counted at the nominal sizes, and what was spread.
    """
    runs, stopping = running(graph)[phase], _stopping(graph, at, phase)
    types: dict[str, tuple[TensorType, ...]] = {name: (type_of(given),) for name, given in inputs.items()}
    for node in graph.operations():
        if node.path in runs:
            given = tuple(types[value.node][value.port] for value in node.inputs)
            found, must = infer(node.resolved, *given)
            if found is None or must.failures:
                return not judge_refused(node.resolved, given, must.failures[0]).disagreement
            if node.path == stopping:
                kinds = (*given, *(graph.input_types(node) or ()))
                return _was_sized(node.resolved, given) or any(1 in kind.shape for kind in kinds)
            types[node.path] = found
    return stopping is None


def _stopping(graph: Graph, at: Mapping[str, int], phase: Phase) -> str | None:
    """The first node that is said to stop; None where it is what the inputs demand of each other."""
    demands, runs = size_demands(graph), running(graph)[phase]
    sizes = {**demands.nominal, **at}
    for path, condition in demands.in_phase(phase, graph.batch_symbols):
        if path in runs and condition.holds(sizes) is False:
            return path
    return None


def _was_sized(op: Op, given: Sequence[TensorType]) -> bool:
    """Whether an op needs numbers where symbols may be: it is built for these."""
    free = [kind.with_shape(*(symbol(f"S{axis}") for axis in range(kind.rank))) for kind in given]
    return any(failure.name == "unknown-size" for failure in infer(op, *free)[1].failures)
