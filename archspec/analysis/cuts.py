"""Cuts: how much of the input can get through a network, and where least.

The amount of information that gets through a cut is bounded by the elements of the tensors that cross it, each counted
once however many read it (Szegedy et al. 2015, Rethinking the Inception Architecture, section 2, principle 1). The
narrowest cut is a minimum vertex cut between the inputs and the final representation.

A network falls into stretches between the tensors that everything has to pass: each of them is a cut by itself, and any
other minimal cut lies within one stretch. So a maximum flow is needed only where branches run side by side.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import networkx as nx
from networkx.algorithms.flow import dinitz

from archspec.analysis.content import content
from archspec.analysis.phases import running
from archspec.ir.dims import Size, evaluate, symbols
from archspec.ir.graph import Graph, Value, boundaries
from archspec.ir.types import TensorType


class UnknownSizeError(ValueError):
    """A fact needs numbers, but a side of what a node gives is a symbol without a nominal size."""

    def __init__(self, node: str, kind: TensorType, symbol: str) -> None:
        given = f"`{node}` is {kind}, and `{symbol}` has no nominal size"
        super().__init__(f"{given}: give the input one, such as `{symbol}=64`")


@dataclass(frozen=True, slots=True)
class Cut:
    """Tensors without which nothing gets from one side to the other."""

    size: int
    """Their elements per sample, added up."""
    values: tuple[Value, ...]
    """In the order of execution."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """What stands between two tensors that everything passes, next to each other."""

    start: Cut
    """The tensor before it; all inputs, where a network begins with several."""
    end: Cut
    """The tensor after it; all that is read out, where that is several."""
    nodes: tuple[str, ...]
    """The paths of the nodes that make what is inside, and the end."""
    inner: Cut | None
    """The narrowest cut strictly inside; None where the end reads the start itself, as a residual does."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """How much gets through a network, from its inputs to its final representation."""

    final: Cut
    """What the classifier reads: the last tensors with space, or what the last layer with weights reads."""
    tensors: tuple[Cut, ...]
    """The tensors that everything passes, each by itself, in order."""
    stretches: tuple[Stretch, ...]
    """What stands between them, in order."""
    narrowest: Cut
    """The narrowest cut of all; of several the one of fewest tensors, then the first that is no input."""


@dataclass(frozen=True, slots=True)
class Passage:
    """How much gets through one scope."""

    inputs: int
    """The elements of what goes in."""
    outputs: int
    """The elements of what comes out."""
    inner: Cut | None
    """The narrowest cut strictly between; None where something goes from end to end, as the identity of a residual."""

    @property
    def ratio(self) -> float:
        """The narrowest cut inside, as a share of the smaller of both ends; 1 where something goes from end to end."""
        return self.inner.size / min(self.inputs, self.outputs) if self.inner is not None else 1.0


def capacity(graph: Graph) -> Capacity | None:
    """Find the narrowest cuts of what runs in eval mode; None where no output depends on an input.

    Takes time linear in nodes and edges, and that of a maximum flow (Dinitz's) for each stretch with branches.

    Raises:
        UnknownSizeError: a side is a symbol without a nominal size.
    """
    runs = running(graph)["eval"]
    order = [Value(node.path, port) for node in graph if node.path in runs for port in range(len(node.types))]
    sources = [Value(name) for name in graph.inputs if name in runs]
    finals = _finals(graph, [output.value for output in graph.outputs.values() if output.value.node in runs])
    region = _Region(graph, order, sources, finals)
    if not region.order:
        return None
    singles, stretches = region.parts()
    cuts = [*singles, *(stretch.inner for stretch in stretches if stretch.inner is not None)]

    def rank(cut: Cut) -> tuple[int, int, bool, int]:
        first = cut.values[0]
        return cut.size, len(cut.values), graph[first.node].op is None, region.position[first]

    narrowest = min(cuts, key=rank, default=region.cut(region.sources))
    return Capacity(region.cut(region.sinks), tuple(singles), tuple(stretches), narrowest)


def passages(graph: Graph) -> dict[str, Passage]:
    """The narrowest cut strictly within every scope that something passes through in eval mode, by path.

    Raises:
        UnknownSizeError: a side is a symbol without a nominal size.
    """
    runs = running(graph)["eval"]
    found: dict[str, Passage] = {}
    border = boundaries(graph)
    for scope in graph.root.scopes():
        inputs = [value for value in border[scope.path].inputs if value.node in runs]
        outputs = [value for value in border[scope.path].outputs if value.node in runs]
        inside = [Value(node.path, port) for node in scope.nodes() for port in range(len(node.types))]
        order = [*inputs, *(value for value in inside if value.node in runs)]
        region = _Region(graph, order, inputs, outputs, ends_count=False)
        if region.order:
            singles, stretches = region.parts()
            cuts = [*singles, *(stretch.inner for stretch in stretches if stretch.inner is not None)]
            inner = min(cuts, key=lambda cut: cut.size, default=None)
            found[scope.path] = Passage(region.cut(region.sources).size, region.cut(region.sinks).size, inner)
    return found


def elements(graph: Graph, value: Value) -> int:
    """The elements of a tensor per sample: the symbols of the batch count as 1, and so does what is a part of them.

    Raises:
        UnknownSizeError: a side is a symbol without a nominal size.
    """
    kind = graph.type_of(value)
    assert kind is not None, "the graph has no errors"
    count: Size = 1
    for side in kind.shape:
        size = evaluate(side, dict.fromkeys(graph.batch_symbols, 1))
        count *= max(size, 1) if isinstance(size, int) else size
    if isinstance(count, int):
        return count
    raise UnknownSizeError(value.node, kind, min(symbols(count)))


class _Region:
    """The tensors that lie on the way from some sources to some sinks, in an order of execution."""

    def __init__(
        self,
        graph: Graph,
        order: Sequence[Value],
        sources: Sequence[Value],
        sinks: Sequence[Value],
        *,
        ends_count: bool = True,
    ) -> None:
        self.graph = graph
        reads = {value: self._read_by(value, set(sources)) for value in order}
        on_the_way = _between(order, reads, sources, sinks)
        self.order = [value for value in order if value in on_the_way]
        self.position = {value: index for index, value in enumerate(self.order)}
        self.reads = {value: [read for read in reads[value] if read in on_the_way] for value in self.order}
        self.readers = Counter(read for reads in self.reads.values() for read in set(reads))
        self.readers.update(value for value in set(sinks) if value in on_the_way)
        """How often each tensor is read, to be read out included."""
        self.sources = [value for value in sources if value in on_the_way]
        self.sinks = [value for value in sinks if value in on_the_way]
        self.uncut = {value for value in self.order if not self._is_floating(value)}
        """Tensors that no cut may consist of: indices have other units, and what is strictly inside has no ends."""
        if not ends_count:
            self.uncut.update((*self.sources, *self.sinks))

    def _read_by(self, value: Value, sources: set[Value]) -> tuple[Value, ...]:
        return () if value in sources else content(self.graph[value.node])

    def _is_floating(self, value: Value) -> bool:
        kind = self.graph.type_of(value)
        return kind is None or kind.is_floating

    def cut(self, values: Iterable[Value]) -> Cut:
        """Some tensors as a cut."""
        ordered = tuple(sorted(set(values), key=self.position.__getitem__))
        return Cut(sum(elements(self.graph, value) for value in ordered), ordered)

    def parts(self) -> tuple[list[Cut], list[Stretch]]:
        """The tensors that are cuts by themselves, and what stands between them."""
        ends = {-1: self.cut(self.sources)}
        ends |= {place: self.cut([self.order[place]]) for place in self._singles()}
        singles = [cut for place, cut in ends.items() if place >= 0 and self.order[place] not in self.uncut]
        ends[len(self.order)] = self.cut(self.sinks)
        between = (self._stretch(first, last, ends[first], ends[last]) for first, last in pairwise(ends))
        return singles, [stretch for stretch in between if stretch is not None]

    def _singles(self) -> list[int]:
        """The places in the order that nothing jumps over: what is there is passed by everything."""
        last_reader = dict.fromkeys(self.order, -1)
        for value in self.order:
            for read in self.reads[value]:
                last_reader[read] = self.position[value]
        for sink in self.sinks:
            last_reader[sink] = max(last_reader[sink], self.position[sink] if len(self.sinks) == 1 else len(self.order))
        found, reach = [], max(self.position[source] for source in self.sources)
        for place, value in enumerate(self.order):
            if reach <= place:
                found.append(place)
            reach = max(reach, last_reader[value])
        return found

    def _stretch(self, first: int, last: int, start: Cut, end: Cut) -> Stretch | None:
        """What stands between two places; None where that is nothing, or the way begins or ends there."""
        inside = self.order[first + 1 : last]
        if (first < 0 or last == len(self.order)) and not inside:
            return None
        nodes = dict.fromkeys(value.node for value in (*inside, *end.values) if value not in start.values)
        return Stretch(start, end, tuple(nodes), self._narrowest(inside, first, last))

    def _narrowest(self, inside: Sequence[Value], first: int, last: int) -> Cut | None:
        """The minimum cut by the tensors inside of a stretch; None where none of them, or not all, can be cut."""
        if not inside:
            return None
        chains = self._chains(first, last)
        flow: nx.DiGraph[tuple[int, str] | str] = nx.DiGraph()
        ends = {first: "start", last: "end"}
        for place in range(first + 1, min(last + 1, len(self.order))):
            target = ends.get(place, (chains.get(place, place), "in"))
            for read in self.reads[self.order[place]]:
                source = self.position[read]
                if place == last or source == first or chains[source] != chains[place]:
                    flow.add_edge(ends.get(source, (chains.get(source, source), "out")), target)  # of any capacity
        narrowest = self._narrowest_of(chains)
        for chain in chains.values():
            if chain in narrowest:
                flow.add_edge((chain, "in"), (chain, "out"), capacity=narrowest[chain][0])
            else:
                flow.add_edge((chain, "in"), (chain, "out"))
        if first < 0:
            flow.add_edges_from(("start", (chains[self.position[source]], "in")) for source in self.sources)
        if last == len(self.order):
            places = [self.position[sink] for sink in self.sinks]
            flow.add_edges_from((ends.get(place, (chains.get(place, place), "out")), "end") for place in places)
        if flow.has_edge("start", "end"):
            return None
        try:
            _, (near, _) = nx.minimum_cut(flow, "start", "end", flow_func=dinitz)
        except nx.NetworkXUnbounded:
            return None
        across = (chain for chain in set(chains.values()) if (chain, "in") in near and (chain, "out") not in near)
        return self.cut(self.order[narrowest[chain][1]] for chain in across)

    def _chains(self, first: int, last: int) -> dict[int, int]:
        """By place inside of a stretch, where its chain begins: each tensor in it is read by the next one alone."""
        chains: dict[int, int] = {}
        for place in range(first + 1, last):
            value = self.order[place]
            reads = set(self.reads[value])
            before = reads.pop() if len(reads) == 1 else None
            goes_on = before is not None and self.position[before] > first and self.readers[before] == 1
            chains[place] = chains[self.position[before]] if before is not None and goes_on else place
        return chains

    def _narrowest_of(self, chains: Mapping[int, int]) -> dict[int, tuple[int, int]]:
        """By the beginning of a chain, the size and place of its narrowest tensor, the last of several."""
        found: dict[int, tuple[int, int]] = {}
        for place, chain in chains.items():
            if (value := self.order[place]) not in self.uncut:
                size = elements(self.graph, value)
                if chain not in found or size <= found[chain][0]:
                    found[chain] = (size, place)
        return found


def _between(
    order: Sequence[Value],
    reads: Mapping[Value, Sequence[Value]],
    sources: Iterable[Value],
    sinks: Iterable[Value],
) -> set[Value]:
    """The values that depend on a source, and that a sink depends on."""
    after = set(sources)
    for value in order:
        if any(read in after for read in reads[value]):
            after.add(value)
    before = {sink for sink in sinks if sink in after}
    for value in reversed(order):
        if value in before:
            before.update(read for read in reads[value] if read in after)
    return before


def _finals(graph: Graph, outputs: Sequence[Value]) -> list[Value]:
    """The final representation: the last tensors with space, before it is pooled or flattened away.

    Where an output itself has space, or nothing before it has, it is what the last node with weights reads.
    """
    behind_space: set[str] = set()
    for node in graph:
        values = [*content(node), *(Value(node.path, port) for port in range(len(node.types)))]
        if any(value.node in behind_space or has_space(graph, value) for value in values):
            behind_space.add(node.path)
    pooled = [output for output in outputs if output.node in behind_space and not has_space(graph, output)]
    others = dict.fromkeys(outputs).keys() - set(pooled)
    mapped = [value for value in _last(graph, pooled, has_space) if has_space(graph, value)]
    makers = _last(graph, others, _has_weights)
    read = (read for value in makers for read in content(graph[value.node]) or (value,))
    return list(dict.fromkeys([*mapped, *read]))


def _last(graph: Graph, outputs: Iterable[Value], is_it: Callable[[Graph, Value], bool]) -> list[Value]:
    """On every way back from some outputs: the first value that is it; an input of the network where none is."""
    found: dict[Value, None] = {}
    waiting = list(outputs)
    seen = set(waiting)
    while waiting:
        value = waiting.pop()
        reads = content(graph[value.node])
        if is_it(graph, value) or not reads:
            found[value] = None
        else:
            waiting += (read for read in reads if read not in seen)
            seen.update(reads)
    return list(found)


def has_space(graph: Graph, value: Value) -> bool:
    """Whether a tensor has spatial axes, more than one place long."""
    kind = graph.type_of(value)
    return kind is not None and any(side != 1 for side in kind.shape[2:])


def _has_weights(graph: Graph, value: Value) -> bool:
    node = graph[value.node]
    return bool(node.weights) or node.share is not None
