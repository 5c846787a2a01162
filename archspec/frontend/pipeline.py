"""From the text of a spec to its graph: the stages of the frontend in their order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from archspec.frontend.budget import MAX_NODES
from archspec.frontend.collapse import collapse
from archspec.frontend.contracts import read_contracts, read_severities
from archspec.frontend.expand import expand
from archspec.frontend.infer import MAX_PARAMETERS, infer
from archspec.frontend.instances import Expansion
from archspec.frontend.load import load
from archspec.frontend.parameters import file_parameters
from archspec.frontend.resolve import resolve
from archspec.ir.graph import Graph
from archspec.source.diagnostic import Diagnostics
from archspec.source.span import Source


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a network may be."""

    max_nodes: int = MAX_NODES
    max_parameters: int = MAX_PARAMETERS


@dataclass(frozen=True, slots=True)
class Frontend:
    """What the frontend made of a spec."""

    graph: Graph
    expansion: Expansion


def run_frontend(
    source: Source,
    settings: Mapping[str, Any],
    found: Diagnostics,
    rules: Mapping[str, Any],
    limits: Limits | None = None,
) -> Frontend | None:
    """Read, resolve, expand and infer a spec; None when there is no graph to speak of.

    Args:
        source: the text of the spec.
        settings: values for its parameters.
        found: takes everything there is to say, one diagnostic a mistake.
        rules: the rules that `checks` and `allow` may name.
        limits: how large the network may be.
    """
    everything = Diagnostics()
    origins: list[Any] = []
    made = _run(source, settings, everything, rules, limits or Limits(), origins)
    found.extend(collapse(everything, origins))
    return made


def _run(
    source: Source,
    settings: Mapping[str, Any],
    found: Diagnostics,
    rules: Mapping[str, Any],
    limits: Limits,
    origins: list[Any],
) -> Frontend | None:
    document = load(source, found)
    if document is None or document.body is None:
        if document is not None and not found.failed:
            span = next(iter(document.mapping.entries.values())).span
            found.error(
                "not-a-spec",
                "this file has blocks to include, but no `layers` of its own",
                span,
                help="check the spec that includes it",
            )
        return None
    resolve(document, found)
    params = file_parameters(document.body, settings, found)
    expansion = expand(document, params, found, limits.max_nodes)
    if expansion is None:
        return None
    graph = Graph(document.body.name, expansion.root, expansion.inputs, expansion.outputs, title=document.body.title)
    infer(graph, expansion, found, limits.max_parameters)
    if not settings:
        read_contracts(document, graph, params, found)
    read_severities(document, graph, rules, found)
    origins.extend(expansion.checked)
    origins.extend(scope.origin for scope in graph.root.scopes())
    return Frontend(graph, expansion)
