"""Input sizes: those at which a network runs, computed exactly, in each phase, with the node that binds.

The batch is free: a symbol of a first axis counts as its nominal size, or as 2 where it has none, the fewest samples
that batch norm can train on where the map is 1x1.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from archspec.analysis.phases import running
from archspec.analysis.separation import separate, without_constants
from archspec.analysis.size_sets import SizeSet, TooIrregular
from archspec.analysis.solve_sizes import solve
from archspec.frontend.size_demands import Demands, explain, size_demands
from archspec.ir.conditions import Condition
from archspec.ir.dims import LIMIT, Size, evaluate, symbol, symbols
from archspec.ir.graph import Graph, Phase

_MAX_GROUP: Final = 8
"""Symbols that depend on each other and have different nominal sizes, at most, each of which is looked at."""
BATCH: Final = 2
"""What a batch symbol without a nominal size counts as."""


@dataclass(frozen=True, slots=True)
class Binding:
    """What stops at a size that does not fit."""

    size: int
    node: str | None
    """The path of the first node that fails there; None where the `where` of an input does."""
    message: str
    """What is wrong there."""

    def __str__(self) -> str:
        return f"at {self.size}, {f'in `{self.node}`, ' if self.node else ''}{self.message}"


@dataclass(frozen=True, slots=True)
class Sizes:
    """The sizes of some symbols of the inputs that fit, in one phase."""

    symbols: tuple[str, ...]
    """Each has these sizes whatever the others are; or all of them are one size, where `together`."""
    fitting: SizeSet | None
    """None where they cannot be told."""
    together: bool = False
    """Whether they depend on each other, so that this is said only of sizes that are equal."""
    beside: Mapping[str, int] = field(default_factory=dict)
    """The sizes of other symbols that this depends on, at which it is said."""
    below: Binding | None = None
    """What stops just below the minimum; None where that is 1. Where none fits, what stops 1."""
    between: Binding | None = None
    """What stops in the first gap above the minimum, where there is one."""
    above: Binding | None = None
    """What stops just above the maximum, where there is one. Where none fits, what stops the largest of all."""
    unknown: str = ""
    """Why the sizes cannot be told."""

    @property
    def minimum(self) -> int | None:
        """The smallest size; None where none fits, or it cannot be told."""
        return self.fitting.runs[0].first if self.fitting and self.fitting.runs else None

    @property
    def maximum(self) -> int | None:
        """The largest size; None where there is no end to them, none fits, or it cannot be told."""
        ends = [run.last for run in self.fitting.runs] if self.fitting else []
        return max((end for end in ends if end is not None), default=None) if None not in ends else None

    @property
    def gap(self) -> int | None:
        """The first size above the minimum that does not fit though a larger one does."""
        if not self.fitting or not self.fitting.runs:
            return None
        size: int | None = self.fitting.runs[0].first
        while size is not None and size in self.fitting:
            size = self.fitting.end_of_run(size)
            size = None if size is None else size + 1
        return size if size is not None and (self.maximum is None or size < self.maximum) else None

    @property
    def name(self) -> str:
        """The symbols as text: `H and W`; `H=W` where they are one size."""
        *most, last = self.symbols
        return "=".join(self.symbols) if self.together else f"{', '.join(most)} and {last}" if most else last

    def __str__(self) -> str:
        sizes = f"unknown ({self.unknown})" if self.fitting is None else str(self.fitting)
        beside = ", ".join(f"{name}={size}" for name, size in self.beside.items())
        return f"{self.name} {sizes}" + (f" (at {beside})" if beside else "")


def input_sizes(graph: Graph) -> dict[Phase, tuple[Sizes, ...]]:
    """The sizes that fit, by phase: each symbol of the inputs that is no batch stands in one entry.

    A size fits where every node of the phase gets what it demands: joined sides are equal, parts are whole, weights are
    of the sizes that they have at nominal sizes. Where all inputs are of fixed sizes there are no entries. Takes time
    linear in the nodes, and a bounded time to solve what they demand.

    Args:
        graph: an inferred graph without errors.
    """
    demands = size_demands(graph)
    found: dict[Phase, tuple[Sizes, ...]] = {}
    asked: list[tuple[_Phase, tuple[Sizes, ...]]] = []
    for phase, paths in running(graph).items():
        one = _Phase(graph, demands, frozenset(paths), phase)
        known = next((sizes for other, sizes in asked if one.is_like(other)), None)
        found[phase] = one.sizes() if known is None else known
        asked.append((one, found[phase]))
    return found


class _Phase:
    """The nodes of one phase, and what they demand."""

    def __init__(self, graph: Graph, demands: Demands, paths: frozenset[str], phase: Phase) -> None:
        self.graph = graph
        self.demands = demands
        self.unknown = next((reason for path, reason in demands.unknown.items() if path in paths), None)
        self.batch = {name: demands.nominal.get(name, BATCH) for name in sorted(graph.batch_symbols)}
        self.first: dict[tuple[str, Size], tuple[Condition, str | None]] = {}
        """What is demanded, each thing once and in order, with the first node that does; None for a `where`."""
        for given in graph.inputs.values():
            for condition in given.constraints:
                self.first.setdefault((condition.kind, condition.dim), (condition, None))
        for path, condition in demands.in_phase(phase, graph.batch_symbols):
            if path in paths:
                self.first.setdefault((condition.kind, condition.dim), (condition, path))

    def is_like(self, other: _Phase) -> bool:
        """Whether the same is demanded in another phase, and by the same nodes."""
        return self.unknown == other.unknown and self.first == other.first

    def sizes(self) -> tuple[Sizes, ...]:
        names = self.graph.size_symbols
        if not names or self.unknown is not None:
            return (Sizes(names, None, unknown=self.unknown),) if names and self.unknown else ()
        conditions = without_constants([*self._conditions()])
        found = [sizes for group in _groups(names, conditions) for sizes in self._of_group(*group)]
        nominal = self.demands.nominal
        base = self.batch | {name: nominal.get(name, one.minimum or 1) for one in found for name in one.symbols}
        return tuple(self._with_bindings(_merged(found), base))

    def _conditions(self) -> Iterator[Condition]:
        """What is demanded, of one symbol where it can be said so, without what is demanded of the batch alone."""
        for condition, path in self.first.values():
            here = _at(condition, self.batch)
            if symbols(here.dim):
                yield from [here] if path is None else separate(here, self.demands.nominal)

    def _of_group(self, group: Sequence[str], conditions: Sequence[Condition]) -> list[Sizes]:
        """The sizes of symbols that depend on each other, or of one that depends on no other."""
        nominal = self.demands.nominal
        first, *others = group
        if len({nominal.get(name) for name in group}) == 1:
            one = {name: symbol(first) for name in others}
            return [solved(Sizes(tuple(group), None, bool(others)), [_at(each, one) for each in conditions])]
        if not all(name in nominal for name in group) or len(group) > _MAX_GROUP:
            return [Sizes(tuple(group), None, unknown="they depend on each other")]
        found = []
        for name in group:
            beside = {other: nominal[other] for other in group if other != name}
            found.append(solved(Sizes((name,), None, beside=beside), [_at(each, beside) for each in conditions]))
        return found

    def _with_bindings(self, found: Iterable[Sizes], base: Mapping[str, int]) -> Iterator[Sizes]:
        """The sizes with what stops below, between and above them."""
        about: dict[str, dict[tuple[str, Size], None]] = {}
        for key in self.first:
            for name in symbols(key[1]):
                about.setdefault(name, {})[key] = None
        place = {key: index for index, key in enumerate(self.first)}
        for sizes in found:
            keys = sorted({key for name in sizes.symbols for key in about.get(name, ())}, key=place.__getitem__)
            low, high = sizes.minimum, sizes.maximum
            if sizes.fitting is not None and low is None:
                low, high = 2, LIMIT - 2  # none fits: what stops the smallest, and the largest
            yield replace(
                sizes,
                below=self._stop(sizes, low - 1, keys, base) if low is not None and low > 1 else None,
                between=self._stop(sizes, sizes.gap, keys, base) if sizes.gap is not None else None,
                above=self._stop(sizes, high + 1, keys, base) if high is not None else None,
            )

    def _stop(
        self, sizes: Sizes, size: int, keys: Iterable[tuple[str, Size]], base: Mapping[str, int]
    ) -> Binding | None:
        """The first of some demands that fails at a size: that of a node rather than the `where` that says it, too."""
        at = ChainMap(dict.fromkeys(sizes.symbols, size), dict(base))
        for key in sorted(keys, key=lambda key: self.first[key][1] is None):
            condition, path = self.first[key]
            if condition.holds(at) is False:
                known = {name: size for name, size in at.items() if name not in self.batch}
                said = explain(self.graph, self.demands, path, condition, known) if path else condition.message
                return Binding(size, path, said)
        return None


def _at(condition: Condition, sizes: Mapping[str, Size]) -> Condition:
    return replace(condition, dim=evaluate(condition.dim, sizes))


def _groups(names: Sequence[str], conditions: Iterable[Condition]) -> list[tuple[list[str], list[Condition]]]:
    """The symbols, those together that stand in a condition together, in order, with the conditions on them."""
    group_of: dict[str, tuple[list[str], list[Condition]]] = {name: ([name], []) for name in names}
    for condition in conditions:
        touched = {id(group_of[name]): group_of[name] for name in symbols(condition.dim)}.values()
        if not touched:
            continue
        largest = max(touched, key=lambda group: len(group[0]))
        for other in touched:
            if other is not largest:
                largest[0].extend(other[0])
                largest[1].extend(other[1])
                group_of.update(dict.fromkeys(other[0], largest))
        largest[1].append(condition)
    place = {name: index for index, name in enumerate(names)}
    groups = {id(group_of[name]): group_of[name] for name in names}.values()
    return [(sorted(group, key=place.__getitem__), of_group) for group, of_group in groups]


def solved(sizes: Sizes, conditions: Iterable[Condition]) -> Sizes:
    """The same with the sizes that meet conditions on the first of its symbols, or why they cannot be told."""
    try:
        fitting = solve(conditions, sizes.symbols[0])
        _ = fitting.runs  # or it is found too irregular now
    except TooIrregular as error:
        return replace(sizes, unknown=str(error))
    return replace(sizes, fitting=fitting)


def _merged(found: Iterable[Sizes]) -> list[Sizes]:
    """Symbols that have the same sizes, each for itself, in one entry."""
    merged: dict[Any, Sizes] = {}
    for sizes in found:
        for_itself = sizes.fitting is not None and not sizes.together and not sizes.beside
        key = sizes.fitting.runs if sizes.fitting is not None and for_itself else sizes.symbols
        same = merged.get(key)
        merged[key] = sizes if same is None else replace(same, symbols=same.symbols + sizes.symbols)
    return list(merged.values())
