"""`expect:` and `checks:`: what a spec demands of the whole network, read into data for the rules to judge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from archspec.frontend.bodies import all_items, reachable
from archspec.ir.dims import Size, symbol
from archspec.ir.graph import PHASES, Contract, Graph, Phase
from archspec.language.expression import ExpressionError, as_dim, is_expression, parse, parse_bare
from archspec.language.schema import Document
from archspec.language.validate import did_you_mean, one_of, shown
from archspec.language.values import Entry, Sequence, Value
from archspec.language.values import Mapping as MappingValue
from archspec.source.diagnostic import Diagnostics

COUNTS: Final = ("parameters", "macs", "receptive_field", "peak_memory")
SEVERITIES: Final = ("error", "warning", "note", "off")


def read_contracts(document: Document, graph: Graph, rules: Mapping[str, Any], found: Diagnostics) -> None:
    """Fill in `graph.contracts`, which hold at default parameters only, and what `checks` says of rules.

    Args:
        document: the spec.
        graph: its graph, inferred.
        rules: the rules that there are, by name.
        found: takes the diagnostics.
    """
    _read_checks(document, graph, rules, found)
    _check_allowed(document, rules, found)
    if graph.is_as_published:
        _read_expectations(document, graph, found)


def _read_expectations(document: Document, graph: Graph, found: Diagnostics) -> None:
    for entry in _entries(document, "expect"):
        value = entry.value.plain
        if entry.key in COUNTS:
            if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
                graph.contracts.append(Contract(entry.key, None, value, entry.value.span))
            else:
                found.error(
                    "wrong-value", f"`{entry.key}` is {shown(value)}; expected a whole number", entry.value.span
                )
        elif entry.key == "outputs":
            _read_outputs(entry, document, graph, found)
        elif entry.key == "min_input":
            _read_smallest(entry.value, None, None, graph, found)
        else:
            known = [*COUNTS, "outputs", "min_input"]
            found.error(
                "unknown-key",
                f"`expect` has no key `{entry.key}`",
                entry.span,
                help=did_you_mean(entry.key, known) or one_of(known, "its keys are"),
            )


def _read_checks(document: Document, graph: Graph, rules: Mapping[str, Any], found: Diagnostics) -> None:
    for entry in _entries(document, "checks"):
        if entry.key not in rules:
            _report_unknown_rule(entry, rules, found)
        elif isinstance(entry.value, MappingValue):
            for setting in entry.value.entries.values():
                _read_setting(setting, entry.key, rules[entry.key].settings, graph, found)
        else:
            _read_severity(entry.value, entry.key, graph, found)


def _read_severity(value: Value, rule: str, graph: Graph, found: Diagnostics) -> None:
    if value.plain in SEVERITIES:
        graph.severities[rule] = str(value.plain)
        return
    message = f"`{rule}` is {shown(value.plain)}; expected `error`, `warning`, `note` or `off`"
    found.error("wrong-value", message, value.span, help=did_you_mean(str(value.plain), SEVERITIES))


def _read_setting(entry: Entry, rule: str, settings: Mapping[str, Any], graph: Graph, found: Diagnostics) -> None:
    """`severity`, or one of the thresholds that a rule has."""
    value = entry.value.plain
    if entry.key == "severity":
        _read_severity(entry.value, rule, graph, found)
    elif entry.key not in settings:
        known = ["severity", *settings]
        help_text = did_you_mean(entry.key, known) or one_of(known, "its settings are")
        found.error("unknown-key", f"the rule `{rule}` has no setting `{entry.key}`", entry.span, help=help_text)
    elif isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        help_text = f"it is {settings[entry.key].default:g} unless something else is said"
        message = f"`{entry.key}` is {shown(value)}; expected a number of 0 or more"
        found.error("wrong-value", message, entry.value.span, help=help_text)
    else:
        graph.thresholds.setdefault(rule, {})[entry.key] = value


def _check_allowed(document: Document, rules: Mapping[str, Any], found: Diagnostics) -> None:
    """Report every `allow` that names no rule, whether or not its block is used."""
    for body in reachable(document):
        for item in all_items(body):
            allowed = item.entries["allow"].value if item.keys.allow else None
            for entry in allowed.entries.values() if isinstance(allowed, MappingValue) else ():
                if entry.key not in rules:
                    _report_unknown_rule(entry, rules, found)


def _report_unknown_rule(entry: Entry, rules: Mapping[str, Any], found: Diagnostics) -> None:
    help_text = did_you_mean(entry.key, rules) or one_of(list(rules), "rules")
    found.error("unknown-rule", f"there is no rule `{entry.key}`", entry.span, help=help_text)


def _read_outputs(entry: Entry, document: Document, graph: Graph, found: Diagnostics) -> None:
    if not isinstance(entry.value, MappingValue):
        found.error(
            "wrong-value",
            f"`outputs` is {shown(entry.value.plain)}; expected the shape of each output by name",
            entry.value.span,
            help="for example `outputs: {logits: [N, 1000]}`",
        )
        return
    declared = {given.key for given in _entries(document, "outputs")}
    for output in entry.value.entries.values():
        if output.key not in graph.outputs and output.key in declared:
            continue  # what is wrong with it was reported
        if output.key not in graph.outputs:
            found.error(
                "unknown-node",
                f"the network has no output `{output.key}`",
                output.span,
                help=did_you_mean(output.key, graph.outputs) or one_of(list(graph.outputs), "outputs"),
            )
            continue
        shape = _shape(output.value, graph, found)
        if shape is not None:
            graph.contracts.append(Contract("outputs", output.key, shape, output.value.span))


def _read_smallest(value: Value, phase: Phase | None, name: str | None, graph: Graph, found: Diagnostics) -> None:
    """`min_input`: a number, or numbers by phase or by symbol, or by symbol in a phase."""
    size = value.plain
    if isinstance(size, int) and not isinstance(size, bool) and size >= 1:
        graph.contracts.append(Contract("min_input", name, size, value.span, phase))
        return
    if not isinstance(value, MappingValue) or not value.entries or name is not None:
        found.error(
            "wrong-value",
            f"`{name or phase or 'min_input'}` is {shown(size)}; expected a whole number of 1 or more"
            + ("" if name else ", or such numbers by symbol" if phase else ", or such numbers by phase or by symbol"),
            value.span,
            help=None
            if name
            else "for example `min_input: 75`, or `min_input: {eval: 75, training: {H: 299, W: 299}}`",
        )
        return
    for entry in value.entries.values():
        if entry.key in PHASES and phase is None:
            _read_smallest(entry.value, "eval" if entry.key == "eval" else "training", None, graph, found)
        elif entry.key in graph.size_symbols or entry.key in graph.batch_symbols:
            _read_smallest(entry.value, phase, entry.key, graph, found)
        else:
            known = [*(() if phase else PHASES), *graph.size_symbols, *sorted(graph.batch_symbols)]
            found.error(
                "unknown-key",
                f"`{phase or 'min_input'}` has no key `{entry.key}`",
                entry.span,
                help=did_you_mean(entry.key, known) or one_of(known, "its keys are"),
            )


def _shape(value: Value, graph: Graph, found: Diagnostics) -> tuple[Size, ...] | None:
    if not isinstance(value, Sequence):
        found.error(
            "wrong-value",
            f"{shown(value.plain)} is no shape",
            value.span,
            help="write a list of dims, such as `[N, 1000]`",
        )
        return None
    sizes: dict[str, Any] = dict(graph.params)
    for given in graph.inputs.values():
        for dim in given.declared:
            if not isinstance(dim, int):
                sizes[str(dim)] = given.symbols.get(str(dim), symbol(str(dim)))
    shape: list[Size] = []
    for dim in value.items:
        text = dim.plain
        try:
            if isinstance(text, str):
                expression = parse(text) if is_expression(text) else parse_bare(text)
                missing = next((name for name in expression.names if name not in sizes), None)
                if missing is not None:
                    raise ExpressionError(
                        f"there is no dim `{missing}` here", name="unknown-parameter", help=did_you_mean(missing, sizes)
                    )
                text = expression.evaluate(sizes)
            shape.append(as_dim(text))
        except ExpressionError as error:
            found.error(error.name, str(error), dim.span, help=error.help)
            return None
    return tuple(shape)


def _entries(document: Document, key: str) -> list[Entry]:
    value = document.mapping.get(key)
    return list(value.entries.values()) if isinstance(value, MappingValue) else []
