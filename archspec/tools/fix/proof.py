"""What must hold of an edited spec for the edits to stand, and what they change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from archspec.analysis.cost import Counts, cost
from archspec.frontend.size_demands import size_demands
from archspec.ir.dims import UNKNOWN, are_equal
from archspec.ir.graph import Graph
from archspec.ir.types import TensorType
from archspec.rules import by_name
from archspec.source.diagnostic import Diagnostic, Severity
from archspec.source.span import Source
from archspec.tools.fix.edits import Edit, after
from archspec.tools.fix.wiring import reads_another


@dataclass(frozen=True, slots=True)
class Reading:
    """A text read from the start, with every rule asked."""

    source: Source
    graph: Graph | None
    found: tuple[Diagnostic, ...]


def objection(finding: Diagnostic, edits: Sequence[Edit], old: Reading, new: Reading) -> str | None:
    """Why the edits are no remedy of a finding; None where it is gone, they do no harm and nothing as bad came instead.

    The same finding is one of the same name at the same characters, wherever the edits moved them.
    """
    if reason := harm(edits, old, new):
        return reason
    if _count(finding, edits, new, old) >= _count(finding, (), old, old):
        return "it would still be there"
    known, severities = Counter(one.name for one in old.found), list(Severity)
    worse = severities[: severities.index(finding.severity) + 1]
    counts = Counter(one.name for one in new.found)
    came = next((one for one in new.found if one.severity in worse and counts[one.name] > known[one.name]), None)
    return _told(came) if came else None


def harm(edits: Sequence[Edit], old: Reading, new: Reading) -> str | None:
    """What the edits break; None where no error came, and every item and output that is left is what it was.

    An item has to read what it read, an output to have the type it had. What was unknown of an output for an error may
    be anything.
    """
    if came := _new_error(edits, old, new):
        return _told(came)
    if old.graph is None or new.graph is None:
        return None if new.graph is old.graph else "the text could not be read any more"
    if changed := _other_output(old.graph, new.graph):
        return changed
    reader = reads_another(old.graph, new.graph, old.source, edits)
    return f"`{reader}` would read something else" if reader else None


def effect(old: Reading, new: Reading) -> str | None:
    """`-64 parameters, -0.3% MACs`; None where one of the two is wrong, as then not everything is counted."""
    if old.graph is None or new.graph is None or _is_wrong(old) or _is_wrong(new):
        return None
    one, other = cost(old.graph).total, cost(new.graph).total
    changes = [_of_parameters(one, other), _of_macs(one, other), _of_keys(old.graph, new.graph)]
    return ", ".join(change for change in changes if change) or "same parameters and MACs"


def _is_wrong(reading: Reading) -> bool:
    """Whether it has errors of its own, beside what rules are against."""
    rules = by_name()
    return any(one.severity is Severity.ERROR and one.name not in rules for one in reading.found)


def _of_keys(old: Graph, new: Graph) -> str:
    """Whether weights that are there before and after are called otherwise after."""
    gone = _keys(old) - _keys(new)
    came = _keys(new) - _keys(old)
    return "other names of weights" if gone and came else ""


def _keys(graph: Graph) -> set[str]:
    return {f"{node.path}.{name}" for node in graph for name in node.weights}


def _told(came: Diagnostic) -> str:
    return f"then there would be `{came.name}`: {came.message}"


def _of_parameters(old: Counts, new: Counts) -> str:
    change = new.parameters - old.parameters
    return f"{change:+,} parameter{'' if abs(change) == 1 else 's'}" if change else ""


def _of_macs(old: Counts, new: Counts) -> str:
    if new.training_macs == old.training_macs:
        return ""
    if isinstance(old.training_macs, int) and isinstance(new.training_macs, int) and old.training_macs:
        return f"{100 * (new.training_macs - old.training_macs) / old.training_macs:+.1f}% MACs"
    return f"{new.training_macs} MACs instead of {old.training_macs}"


def _new_error(edits: Sequence[Edit], old: Reading, new: Reading) -> Diagnostic | None:
    """An error that was not there before."""
    left = [one for one in old.found if one.severity is Severity.ERROR]
    for error in new.found:
        if error.severity is Severity.ERROR:
            same = next((one for one in left if _is_same(one, edits, old, error, new)), None)
            if same is None:
                return error
            left.remove(same)
    return None


def _count(finding: Diagnostic, edits: Sequence[Edit], new: Reading, old: Reading) -> int:
    return sum(_is_same(finding, edits, old, other, new) for other in new.found)


def _is_same(one: Diagnostic, edits: Iterable[Edit], old: Reading, other: Diagnostic, new: Reading) -> bool:
    if one.name != other.name or one.span is None or other.span is None:
        return (one.name, one.span, one.message) == (other.name, other.span, other.message)
    if one.span.source is not old.source:
        return (one.span.source.name, one.span.start) == (other.span.source.name, other.span.start)
    first, end = after(one.span.start, edits)
    return other.span.source is new.source and first <= other.span.start < end


def _other_output(old: Graph, new: Graph) -> str | None:
    """The output that is no longer what it was, at the nominal sizes or, where all is known, at any."""
    if list(old.outputs) != list(new.outputs):
        return f"the outputs would be {', '.join(new.outputs)}, and not {', '.join(old.outputs)}"
    for name, output in old.outputs.items():
        was, will_be = old.type_of(output.value), new.type_of(new.outputs[name].value)
        if not _agree(was, will_be):
            return f"the output `{name}` would be {will_be}, and not {was}"
    if not old.size_symbols or not _is_typed(old) or not _is_typed(new):
        return None
    demands = size_demands(old).types, size_demands(new).types
    for name, output in old.outputs.items():
        kinds = [
            types.get(graph.outputs[name].value.node, ()) for types, graph in zip(demands, (old, new), strict=True)
        ]
        if all(kinds) and not _agree_everywhere(*(each[output.value.port] for each in kinds)):
            return f"the output `{name}` would have another size where the inputs have others than the nominal ones"
    return None


def _is_typed(graph: Graph) -> bool:
    return all(node.types for node in graph)


def _agree(was: TensorType | None, will_be: TensorType | None) -> bool:
    if was is None or will_be is None:
        return was is None
    dims = zip(was.shape, will_be.shape, strict=False)
    return (was.rank, was.dtype) == (will_be.rank, will_be.dtype) and all(
        dim is UNKNOWN or dim == other for dim, other in dims
    )


def _agree_everywhere(was: TensorType, will_be: TensorType) -> bool:
    dims = zip(was.shape, will_be.shape, strict=True)
    return all(UNKNOWN in (dim, other) or are_equal(dim, other) is True for dim, other in dims)
