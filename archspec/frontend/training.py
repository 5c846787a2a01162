"""`training:` as written in a spec, read into data and held to the network that it trains."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any, Final

from archspec.frontend.bodies import all_items, reachable
from archspec.frontend.recipe_parts import AVERAGING, LOSS, OPTIMIZER, SCHEDULE, Family, read_model, read_part
from archspec.frontend.settled import is_broken, settle
from archspec.ir.graph import Graph, GraphOutput
from archspec.language.schema import Document
from archspec.language.validate import did_you_mean, nearest, one_of, shown
from archspec.language.values import Entry, Mapping, Scalar, Sequence
from archspec.recipe.group import Group, assign, paths_of
from archspec.recipe.loss import NO_LOSS, Loss
from archspec.recipe.optimizer import Optimizer
from archspec.recipe.part import Part
from archspec.recipe.schedule import Schedule
from archspec.recipe.training import Training
from archspec.source.diagnostic import MANY, Diagnostic, Diagnostics, Severity
from archspec.source.span import Span

FAMILIES: Final[dict[str, Family[Any]]] = {"optimizer": OPTIMIZER, "schedule": SCHEDULE, "averaging": AVERAGING}
"""The parts that are each of one kind, by their keys."""


def read_training(document: Document, graph: Graph, found: Diagnostics) -> Training | None:
    """The recipe of a spec that has one, held to its graph; None after reporting why it is none.

    Args:
        document: the spec; it has the key `training`.
        graph: its graph, inferred; what had errors is left out of it.
        found: takes the diagnostics.
    """
    entry = document.mapping.entries["training"]
    if not isinstance(entry.value, Mapping):
        return None  # which was reported with the other keys of the file
    is_sound = not found.failed
    declared = document.body.params if document.body is not None else {}
    written = settle(entry.value, graph.params, declared, found)
    assert isinstance(written, Mapping), "a settled mapping is a mapping"
    parts: dict[str, Any] = {
        key: read_part(part.value, FAMILIES[key], found) for key, part in written.entries.items() if key in FAMILIES
    }
    if "loss" in written.entries:
        parts["loss"] = _read_losses(written.entries["loss"], document, graph, found)
    if parts.get("schedule") is not None:
        _check_end(parts["schedule"], written, found)
    optimizer = parts.get("optimizer")
    if optimizer is not None and optimizer.groups and is_sound:
        parts["optimizer"] = _held_to_graph(optimizer, written.entries["optimizer"], document, graph, found)
    readers = {key: _already(part) for key, part in parts.items()}
    return read_model(Training, written.entries, found, "`training`", entry.span, readers, noun="key")


def _already(part: Any) -> Callable[[Any, Diagnostics], Any]:
    return lambda value, found: part


def _read_losses(written: Entry, document: Document, graph: Graph, found: Diagnostics) -> dict[str, Loss | None] | None:
    """The loss of every output that is there in training; None after reporting what is wrong with one."""
    if not isinstance(written.value, Mapping):
        if not is_broken(written.value):
            message = f"`loss` is {shown(written.value.plain)}; expected outputs with their losses"
            help_text = f"for example `{{{next(iter(graph.outputs), 'logits')}: cross_entropy}}`"
            found.error("wrong-value", message, written.value.span, help=help_text)
        return None
    before = len(found)
    read = {entry.key: _read_loss(entry, document, graph, found) for entry in written.value.entries.values()}
    unknown = islice((name for name in read if name not in graph.outputs), MANY)
    meant = {nearest(name, graph.outputs) for name in unknown}
    for output in graph.outputs.values():
        if output.name not in read and output.name not in meant and graph[output.value.node].phase != "eval":
            help_text = f"give it one, or say `{output.name}: {NO_LOSS}`"
            found.error("missing-loss", f"output `{output.name}` has no loss", written.span, help=help_text)
    if len(found) > before:
        return None
    return {name: read[name] for name in graph.outputs if name in read}


def _read_loss(entry: Entry, document: Document, graph: Graph, found: Diagnostics) -> Loss | None:
    output = graph.outputs.get(entry.key)
    if output is None and entry.key not in _declared_outputs(document):
        help_text = None if found.crowded else did_you_mean(entry.key, graph.outputs)
        help_text = help_text or one_of(list(graph.outputs), "outputs")
        found.error("unknown-node", f"the network has no output `{entry.key}`", entry.span, help=help_text)
    if isinstance(entry.value, Scalar) and entry.value.value == NO_LOSS:
        return None
    loss = read_part(entry.value, LOSS, found)
    if output is not None and loss is not None:
        _check_fits(loss, output, entry.span, graph, found)
    return loss


def _check_fits(loss: Loss, output: GraphOutput, span: Span, graph: Graph, found: Diagnostics) -> None:
    """Report a loss that cannot be computed of an output."""
    name, kind = output.name, graph.type_of(output.value)
    if graph[output.value.node].phase == "eval":
        message = f"output `{name}` runs in eval only, so that it has no part in training"
        found.error("loss-in-eval", message, span, help="remove its loss")
    elif kind is not None and not kind.is_floating:
        message = f"`{loss.name}` is of real numbers, but output `{name}` is {kind}"
        found.error("wrong-dtype", message, span, help=f"say `{name}: {NO_LOSS}`")
    elif kind is not None and loss.by_class and kind.rank < 2:
        message = f"`{loss.name}` needs [N, C, ...], an axis of classes, but output `{name}` is {kind}"
        found.error("wrong-rank", message, span, help="`binary_cross_entropy` and `mse` need none")


def _declared_outputs(document: Document) -> frozenset[str]:
    """The outputs that are written: one that is not in the graph vanished with its item, or was reported."""
    outputs = document.mapping.get("outputs")
    return frozenset(outputs.entries) if isinstance(outputs, Mapping) else frozenset()


def _check_end(schedule: Schedule, written: Mapping, found: Diagnostics) -> None:
    if schedule.lacks_end(1 if "epochs" in written.entries else None):
        message = f"`{schedule.name}` needs to know when training ends"
        help_text = "give it `over: 90 epochs`, or give `training` its `epochs`"
        place = _name_of(schedule, written.entries["schedule"])
        found.error("missing-attribute", message, place, help=help_text)


def _held_to_graph(
    optimizer: Optimizer, written: Entry, document: Document, graph: Graph, found: Diagnostics
) -> Optimizer:
    """Report groups that name nothing, or that no parameter is in; gives the optimiser without what vanished."""
    known, members = paths_of(graph), set(assign(optimizer.groups, graph).values())
    groups: list[Group] = []
    for index, (group, place) in enumerate(zip(optimizer.groups, _groups_of(optimizer, written), strict=True)):
        gone = [path for path in group.under if path not in known]
        if gone:
            _check_gone(gone, place, known, document, found)
        elif index not in members:
            message, help_text = "no parameter is in this group", _why_empty(group)
            found.add(Diagnostic("empty-group", message, place.span, help=help_text, severity=Severity.WARNING))
        under = tuple(path for path in group.under if path in known)
        if under or not group.under:
            groups.append(group.model_copy(update={"under": under}))
    return optimizer.model_copy(update={"groups": tuple(groups)})


def _check_gone(gone: list[str], group: Mapping, known: set[str], document: Document, found: Diagnostics) -> None:
    """Report the paths of a group that lead nowhere, unless they would if a condition held."""
    vanishing = _vanishing(document)
    for path in gone:
        if vanishing.isdisjoint(path.split(".")):
            help_text = None if found.crowded else did_you_mean(path, sorted(known))
            message = f"there is nothing called `{path}` in the network"
            found.error("unknown-node", message, _span_of_path(group, path), help=help_text)


def _why_empty(group: Group) -> str:
    kinds = " or ".join(group.of) or "parameters"
    where = " or ".join(f"`{path}`" for path in group.under)
    return f"there are no {kinds}{f' under {where}' if where else ''}, or groups before this one have them"


def _groups_of(optimizer: Optimizer, written: Entry) -> list[Mapping]:
    """The groups of an optimiser as they are written."""
    use = written.value.entries[optimizer.name].value if isinstance(written.value, Mapping) else None
    groups = use.get("groups") if isinstance(use, Mapping) else None
    return [group for group in groups.items if isinstance(group, Mapping)] if isinstance(groups, Sequence) else []


def _span_of_path(group: Mapping, path: str) -> Span:
    under = group.get("under")
    assert under is not None, "the path is written in it"
    items = under.items if isinstance(under, Sequence) else [under]
    return next((item.span for item in items if str(item.plain) == path), under.span)


def _vanishing(document: Document) -> set[str]:
    """The names of everything that is there only under a condition."""
    names: set[str] = set()
    for body in reachable(document):
        items = all_items(body)
        names.update(str(item.keys.id) for item in items if "if" in item.entries)
        for branch in [*body.heads, *(branch for item in items for branch in item.branches or ())]:
            if branch.condition is not None or (branch.single and "if" in branch.items[0].entries):
                names.add(str(branch.name))
    return names


def _name_of(part: Part, written: Entry) -> Span:
    """Where the name of a part is written."""
    return written.value.entries[part.name].span if isinstance(written.value, Mapping) else written.value.span
