"""The whole pipeline on one screen: a YAML spec becomes a typed graph, and the graph a module that runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from archspec.frontend.collapse import one_each
from archspec.frontend.contracts import read_contracts
from archspec.frontend.definitions import definitions
from archspec.frontend.expand import expand
from archspec.frontend.infer import infer
from archspec.frontend.limits import LIMITS, Limits
from archspec.frontend.load import Spec, load
from archspec.frontend.resolve import resolve
from archspec.frontend.weights import read_weight_maps
from archspec.ir.collector import collector_paused
from archspec.ir.conditions import Prober
from archspec.ir.graph import Graph
from archspec.rules import RULES, by_name, judge
from archspec.rules.rule import Rule
from archspec.source.diagnostic import Diagnostics, SpecError

if TYPE_CHECKING:
    from torch import nn

Values: TypeAlias = Mapping[str, Any] | None


def load_spec(
    spec: Spec,
    found: Diagnostics,
    params: Values = None,
    limits: Limits = LIMITS,
    rules: Iterable[Rule] = RULES,
    errors_only: bool = False,
    apart: bool = False,
    probe: bool = False,
) -> Graph | None:
    """The typed graph of a spec, all there is to say of it added to `found`; None when it does not come to a graph.

    With `errors_only` rules that find no errors are asked only where there is one; with `apart` what they say of
    several places is said of each. With `probe` ops without a shape rule are run by torch to find what they give.
    """
    with collector_paused(), one_each(found) as here:
        document = load(spec, here, limits)  # the text, with every file it includes, as structure
        if document is None:
            return None
        resolve(document, here)  # names to the ops and blocks they mean
        expansion = expand(document, params or {}, here, limits)  # blocks and repeats to plain nodes
        if expansion is None:
            return None
        graph = infer(expansion, here, limits, _prober() if probe else None)  # a type on every edge
        graph.source, graph.is_as_published = document.source, not params
        read_contracts(document, graph, by_name(), here)
        read_weight_maps(document, graph, params or {}, here)
        graph.definitions = definitions(document)
        if "training" in document.mapping.entries:
            from archspec.frontend.training import read_training  # most specs have none, and start without its models

            graph.training = read_training(document, graph, here)
        judge(graph, here, rules, errors_only=errors_only, apart=apart)
    return graph


def _prober() -> Prober:
    from archspec.backends.probe import probe  # it imports torch

    return probe


def check_spec(spec: Spec, params: Values = None, *, probe: bool = False) -> Diagnostics:
    """All there is to say of a spec; `.failed` when it has errors."""
    load_spec(spec, found := Diagnostics(), params, probe=probe)
    return found


def load_graph(spec: Spec, params: Values = None, *, probe: bool = False) -> Graph:
    """The typed graph of a spec; raises `SpecError`, which says all there is to say, on errors.

    Torch is not needed, but with `probe` runs the ops that have no shape rule.
    """
    graph = load_spec(spec, found := Diagnostics(), params, errors_only=True, probe=probe)
    if graph is None or found.failed:
        raise SpecError(found)
    return graph


def compile_spec(spec: Spec, params: Values = None, *, probe: bool = False, **options: Any) -> nn.Module:
    """An ordinary module; `options` are those of `archspec.compile_graph`. Raises `SpecError` on errors."""
    from archspec.backends.torch_fx import emit  # torch takes seconds to import, and only this needs it

    return emit(load_graph(spec, params, probe=probe), **options)
