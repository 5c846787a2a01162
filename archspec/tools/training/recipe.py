"""The recipe of a spec, and the parts of it that are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from archspec.compiler import load_graph
from archspec.ir.graph import Graph
from archspec.source.span import Source

Spec: TypeAlias = str | Path | Source | Graph
"""The path of a spec, text that was read already, or the graph of one (which is not read again)."""


def graph_of(spec: Spec, params: Mapping[str, Any] | None) -> Graph:
    """The graph of a spec; raises `SpecError` where the spec has errors."""
    if isinstance(spec, Graph):
        if params:
            raise ValueError("a graph was made with its parameters: `params` goes with the path of a spec")
        return spec
    return load_graph(spec, params)


def part_of(graph: Graph, *keys: str) -> Any:
    """The part of a recipe by its key, the first that there is; raises ValueError where there is none."""
    for key in keys:
        part = getattr(graph.training, key, None)
        if part is not None and part != {}:
            return part
    listed = " or ".join(f"`{key}`" for key in keys)
    missing = "no `training`" if graph.training is None else f"no {listed} under `training`"
    raise ValueError(f"the spec of `{graph.name}` has {missing}")
