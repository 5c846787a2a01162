"""The whole pipeline on one screen: a YAML spec becomes a typed graph, and the graph a module that runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archspec.frontend.canonical import print_canonical
from archspec.frontend.pipeline import Limits, run_frontend
from archspec.ir.graph import Graph
from archspec.rules import by_name, judge
from archspec.source.diagnostic import Diagnostics
from archspec.source.files import load_file
from archspec.source.span import Source

if TYPE_CHECKING:
    import torch
    from torch import nn

Spec = str | Path | Source
"""A path, or text that was read already."""


def load_spec(
    spec: Spec, found: Diagnostics, params: Mapping[str, Any] | None = None, limits: Limits | None = None
) -> Graph | None:
    """Read, resolve, expand, infer and judge; what there is to say goes to `found`. None without a graph."""
    source = spec if isinstance(spec, Source) else load_file(Path(spec), str(spec), found)
    made = run_frontend(source, params or {}, found, by_name(), limits) if source is not None else None
    if made is not None and not found.failed:
        judge(made.graph, found)
    return made.graph if made is not None else None


def check_spec(spec: Spec, params: Mapping[str, Any] | None = None) -> Diagnostics:
    """Everything there is to say about a spec; `.failed` when it has errors."""
    found = Diagnostics()
    load_spec(spec, found, params)
    return found


def load_graph(spec: Spec, params: Mapping[str, Any] | None = None) -> Graph:
    """The typed graph of a spec, without torch; raises `SpecError` when it has errors."""
    found = Diagnostics()
    graph = load_spec(spec, found, params)
    found.raise_if_failed()
    assert graph is not None, "without a graph there are errors"
    return graph


def expand_spec(spec: Spec, found: Diagnostics, params: Mapping[str, Any] | None = None) -> str | None:
    """The canonical form of a spec as YAML; None when it has errors."""
    graph = load_spec(spec, found, params)
    return print_canonical(graph) if graph is not None and not found.failed else None


def compile_spec(
    spec: Spec,
    params: Mapping[str, Any] | None = None,
    *,
    outputs: Sequence[str] | None = None,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
) -> nn.Module:
    """Compile a spec into an ordinary module.

    Args:
        spec: its path.
        params: values for its parameters.
        outputs: the outputs to compile, by name; what only the others need is left out. By default all.
        device: where the weights are made.
        dtype: what the floating-point weights are.

    Raises:
        SpecError: the spec has errors; `str()` of it shows them all.
    """
    graph = load_graph(spec, params)
    from archspec.backends.torch_fx import emit  # torch takes seconds to import, and only this needs it

    return emit(graph, outputs=outputs, device=device, dtype=dtype)
