"""What `archspec analyze` tells of a network: its facts, gathered once for text, data and pictures alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Final

from archspec.analysis.at_sizes import WrongSizesError, over_symbols
from archspec.analysis.capacity_curve import GridChange, Segment, capacity_curve, grid_changes
from archspec.analysis.cost import Cost, cost
from archspec.analysis.cuts import Capacity, Cut, UnknownSizeError, capacity
from archspec.analysis.facts import Facts
from archspec.analysis.memory import Memory, memory
from archspec.analysis.receptive_field import Field
from archspec.analysis.traffic import Traffic, traffic
from archspec.ir.dims import Size, unless_too_long
from archspec.ir.graph import Graph, Value, boundaries
from archspec.ir.types import TensorType
from archspec.render.table import Row, rows

_CUT: Final = 50
"""Columns of the tensors of a cut, at most, where they have names that short."""
NO_PATH: Final = "no output depends on an input"


@dataclass(frozen=True, slots=True)
class Line:
    """What is told of one row of the layer table."""

    row: Row
    elements: Size
    """Of all that it gives, per sample."""
    traffic: Traffic
    field: tuple[Field, ...]
    """The receptive field of what it gives, of its first output that has one; by axis."""
    peak: int | None
    """The most bytes of activations that are alive while it runs; None where that is not known."""
    saved: int | None
    """Bytes that it saves for the backward pass in training mode."""

    @property
    def macs(self) -> Size:
        """Multiply-accumulates per sample in eval mode; those in training mode where it runs in no other."""
        return self.row.counts.macs or self.row.counts.training_macs


@dataclass(frozen=True, slots=True)
class Analysis:
    """All that is told of one network."""

    graph: Graph
    lines: tuple[Line, ...]
    cost: Cost
    traffic: Traffic
    """Of the whole."""
    capacity: Capacity | None
    unknown: str
    """Why there are no cuts; empty where there are."""
    curve: tuple[Segment, ...]
    changes: tuple[GridChange, ...]
    facts: Facts
    memory: Memory | None
    """None where sizes are not known, or not in training mode."""
    batch: int
    dtype: str
    given: Mapping[str, int] = field(default_factory=dict)
    """The sizes of inputs that were asked for."""

    @property
    def name(self) -> str:
        """What the network is called in a heading."""
        return self.graph.title or self.graph.name

    @property
    def eval_parameters(self) -> int:
        """The parameters of what runs in eval mode."""
        runs = self.facts.running["eval"]
        return sum(counts.parameters for path, counts in self.cost.nodes.items() if path in runs)


def analyse(
    graph: Graph, depth: int = 1, batch: int = 1, dtype: str = "float32", given: Mapping[str, int] | None = None
) -> Analysis:
    """Measure a graph.

    Args:
        graph: an inferred graph without errors.
        depth: how many levels of blocks to open in its table.
        batch: how many samples memory and traffic are told of.
        dtype: what the tensors are that are float32 otherwise.
        given: the sizes that were asked for, to be told.
    """
    facts = Facts(graph)
    moved = traffic(graph, facts.cost, batch, dtype)
    found, unknown = _capacity(graph)
    taken = _memory(graph, batch, dtype)
    return Analysis(
        graph,
        tuple(_lines(graph, facts, moved, taken, depth)),
        facts.cost,
        moved[""],
        found,
        unknown,
        capacity_curve(found) if found is not None else (),
        grid_changes(graph, found, facts.receptive_fields) if found is not None else (),
        facts,
        taken,
        batch,
        dtype,
        given or {},
    )


def _capacity(graph: Graph) -> tuple[Capacity | None, str]:
    try:
        found = capacity(graph)
    except UnknownSizeError as error:
        return None, str(error)
    return found, NO_PATH if found is None else ""


def _memory(graph: Graph, batch: int, dtype: str) -> Memory | None:
    if not all(node.types for node in graph):
        return None
    try:
        return memory(graph, batch, dtype)
    except UnknownSizeError:
        return None


def _lines(
    graph: Graph, facts: Facts, moved: Mapping[str, Traffic], taken: Memory | None, depth: int
) -> Iterable[Line]:
    peaks = {**taken.inference.bytes, **taken.peaks} if taken is not None else {}
    saved = {**taken.saved, **taken.saved_in} if taken is not None else {}
    crossing = boundaries(graph)
    sample = dict.fromkeys(graph.batch_symbols, 1)
    for row in rows(graph, depth):
        border = crossing.get(row.path)
        values = border.outputs if border is not None else [Value(row.path, port) for port in range(len(row.outputs))]
        kinds = [kind for kind in row.outputs if kind is not None]
        yield Line(
            row,
            _elements(kinds, sample),
            moved.get(row.path, Traffic()),
            next((facts.receptive_fields[value.node] for value in values if value.node in facts.receptive_fields), ()),
            peaks.get(row.path),
            saved.get(row.path),
        )


def _elements(kinds: Iterable[TensorType], sample: Mapping[str, int]) -> Size:
    """How many numbers tensors hold at some sizes."""
    return unless_too_long(lambda: sum((kind.at(sample).elements for kind in kinds), start=0))


def symbolic_macs(graph: Graph) -> dict[str, Size] | str:
    """The multiply-accumulates in eval mode over the symbols of the inputs, by path, `""` for the whole; or why not."""
    try:
        counted = cost(over_symbols(graph))
    except WrongSizesError as error:
        return str(error)
    every = {**counted.nodes, **counted.scopes}
    return {path: counts.macs for path, counts in every.items()}


def tensors_text(cut: Cut) -> str:
    """The tensors of a cut, as many as fit, below the path that they have in common."""
    common = common_path(cut) if len(cut.values) > 1 else ""
    names = [value.node.removeprefix(f"{common}.") for value in cut.values]
    at = f" in {common}" if common else ""
    for count in range(len(names), 0, -1):
        more = f" and {len(names) - count} more" if count < len(names) else ""
        text = f"{' + '.join(names[:count])}{more}{at}"
        if len(text) <= _CUT:
            break
    return text


def common_path(cut: Cut) -> str:
    """The path that the tensors of a cut have in common; that of the tensor itself, where it is one."""
    levels = zip(*(value.node.split(".") for value in cut.values), strict=False)
    return ".".join(level[0] for level in takewhile(lambda level: len(set(level)) == 1, levels))
