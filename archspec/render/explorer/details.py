"""What the panel of the explorer says of a part, as pairs of a word and a text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from typing import Final, TypeAlias

from archspec.analysis.cost import Counts
from archspec.analysis.facts import Facts
from archspec.analysis.receptive_field import Field, place_word
from archspec.ir.dims import Size
from archspec.ir.graph import Node, Phase, Value
from archspec.ir.op import Op
from archspec.render.figure.parts import Part
from archspec.render.layers import op_of, times
from archspec.render.layout import percent, short, value_text
from archspec.render.table import count_text
from archspec.source.sanitize import brief, visible

Pairs: TypeAlias = list[tuple[str, str]]

_LISTED: Final = 6
"""Shapes of a kind that are listed; the rest is counted."""


_NAMED: Final = 4
"""Operations in a part that are named; more are counted."""


class Details:
    """What is known of the parts of one graph."""

    def __init__(self, facts: Facts, is_sound: bool) -> None:
        self._graph = graph = facts.graph
        self.facts = facts
        self.is_sound = is_sound
        """Whether the graph has no errors: of one that has some, nothing is measured, and no total is a fact."""
        self._readers: defaultdict[Value, list[str | None]] = defaultdict(list)
        for node in graph.operations():
            for value in node.inputs:
                self._readers[value].append(node.path)
        for output in graph.outputs.values():
            self._readers[output.value].append(None)

    def at_a_glance(self) -> dict[Phase, Pairs]:
        """What is said of the whole network at a glance: what runs in each phase, and what that costs."""
        return {phase: self._running(phase) for phase in ("eval", "training")}

    def _running(self, phase: Phase) -> Pairs:
        inside = self._counts(self.facts.running[phase])
        total = sum(inside, Counts())
        costs = [
            ("parameters", count_text(total.parameters)),
            ("MACs per sample", count_text(total.macs if phase == "eval" else total.training_macs)),
        ]
        facts = [*(costs if self.is_sound else []), ("operations", count_text(len(inside)))]
        return [(word, text) for word, text in facts if text]

    def _only_training(self) -> list[Counts]:
        """The counts of what runs in training mode alone."""
        return self._counts(self.facts.running["training"] - self.facts.running["eval"])

    def _counts(self, paths: Container[str]) -> list[Counts]:
        """Those of the operations among some nodes, in order."""
        return [counts for path, counts in self.facts.cost.nodes.items() if path in paths]

    def of_network(self) -> Pairs:
        """What is said of the whole network at length."""
        told = [
            *((f"input {name}", str(given.type)) for name, given in self._graph.inputs.items()),
            *((f"output {name}", self._shape(output.value)) for name, output in self._graph.outputs.items()),
            ("operations", count_text(len(list(self._graph.operations())))),
            ("operations in training mode only", count_text(len(self._only_training()))),
            *(self._measured_of_network() if self.is_sound else []),
        ]
        return [(visible(word), text) for word, text in told if text]

    def _measured_of_network(self) -> Pairs:
        counts, memory = self.facts.cost.total, self.facts.memory
        only = sum(self._only_training(), Counts())
        return [
            ("parameters", count_text(counts.parameters)),
            ("parameters in training mode only", count_text(only.parameters)),
            ("buffers", count_text(counts.buffers)),
            ("MACs per sample", count_text(counts.macs)),
            ("MACs in training mode", count_text(counts.training_macs) if counts.training_macs != counts.macs else ""),
            ("peak of activations", f"{short(memory.inference.peak)}B" if memory and memory.inference.peak else ""),
            ("saved for the backward pass", f"{short(memory.saved_in[''])}B" if memory and memory.saved_in[""] else ""),
            ("receptive field", _field_text(self.facts.receptive_field)),
        ]

    def of(self, part: Part) -> Pairs:
        """Shapes, costs, and what it sees of the input."""
        nodes = list(part.nodes())
        inside = {node.path for node in nodes}
        read = dict.fromkeys(value for node in nodes for value in node.inputs if value.node not in inside)
        given = [value for node in nodes for value in _values(node) if self._leaves(value, inside)]
        written = part.scope or part.node
        return [
            *([("operations", _operations(nodes))] if len(nodes) > 1 else []),
            *([("weights of", visible(written.share))] if written is not None and written.share is not None else []),
            *self._shapes("input", read),
            *self._shapes("output", given),
            *([*self._costs(nodes), *self._measured(nodes)] if self.is_sound else []),
        ]

    def of_value(self, value: Value) -> Pairs:
        """The shape of a value."""
        return self._shapes("shape", [value])

    def _shape(self, value: Value) -> str:
        return visible(str(self._graph.type_of(value) or "not known"))

    def _leaves(self, value: Value, inside: set[str]) -> bool:
        return any(reader not in inside for reader in self._readers[value])

    def _shapes(self, word: str, values: Iterable[Value]) -> Pairs:
        shapes = list(map(self._shape, values))
        more = [(f"{word}s", f"and {len(shapes) - _LISTED} more")] if len(shapes) > _LISTED else []
        return [*((word, shape) for shape in shapes[:_LISTED]), *more]

    def _costs(self, nodes: Iterable[Node]) -> Iterator[tuple[str, str]]:
        total = self.facts.cost.total
        counts = sum((self.facts.cost.nodes[node.path] for node in nodes), Counts())
        if counts.parameters:
            yield "parameters", f"{counts.parameters:,}{_share(counts.parameters, total.parameters)}"
        if counts.buffers:
            yield "buffers", f"{counts.buffers:,}"
        if macs := count_text(counts.macs):
            yield "MACs per sample", f"{macs}{_share(counts.macs, total.macs)}"
        if counts.training_macs != counts.macs:
            yield "MACs in training mode", count_text(counts.training_macs)

    def _measured(self, nodes: list[Node]) -> Iterator[tuple[str, str]]:
        saved = self.facts.memory.saved if self.facts.memory is not None else {}
        kept = sum(saved.get(node.path, 0) for node in nodes)
        if kept:
            yield "saved for the backward pass", f"{short(kept)}B"
        if fields := self.facts.receptive_fields.get(nodes[-1].path):
            yield "receptive field", _field_text(fields)


def attributes_of(node: Node) -> Pairs:
    """The attributes of an op, as a spec would write them."""
    op = op_of(node)
    if not isinstance(op, Op):
        return []
    values = ((name, getattr(op, name)) for name in type(op).model_fields)
    return [(name, brief(value_text(value), 120)) for name, value in values if value is not None]


def _operations(nodes: list[Node]) -> str:
    """What a few nodes are; how many more are."""
    names = ["?" if (op := op_of(node)) is None else op.name for node in nodes]
    return ", ".join(names) if len(names) <= _NAMED else f"{len(names):,}"


def _values(node: Node) -> Iterator[Value]:
    return (Value(node.path, port) for port in range(max(1, len(node.types))))


def _share(count: Size, total: Size) -> str:
    """A count as a share of the whole, in brackets; nothing where one of them is not known."""
    if not isinstance(count, int) or not isinstance(total, int):
        return ""
    return f" ({percent(count / total)})" if count >= 0.001 * total else " (<0.1%)"


def _field_text(fields: tuple[Field, ...]) -> str:
    if not fields:
        return ""
    sizes = [one.largest.size for one in fields]
    strides = {one.stride for one in fields}
    step = f", {strides.pop()} apart" if len(strides) == 1 else ""
    return f"{times(map(str, sizes))} {place_word(len(fields))}s{step}"
