"""Inputs: tensors that a network can be run on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import chain, product
from math import prod
from operator import and_

import torch

from archspec.analysis.batch_sizes import batch_sizes
from archspec.analysis.input_sizes import input_sizes
from archspec.analysis.phases import running
from archspec.ir.conditions import Condition
from archspec.ir.dims import Size, evaluate, symbols
from archspec.ir.graph import Graph, GraphInput, Phase
from archspec.ir.op import Op

CANDIDATES = (2, 3, 4, 5, 6, 7, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 224, 256, 299, 320, 384, 512, 1024)
"""The sizes that are tried for a symbol about which nothing is said."""
_MOST = 2**28
"""The numbers of an input whose sizes are chosen, at most: 1 GB of float32."""
_FEWEST = 2
"""The samples of a batch about which nothing is said, at least."""


def random_inputs(
    graph: Graph,
    batch: int | None = None,
    sizes: Mapping[str, int] | None = None,
    seed: int = 0,
    phase: Phase | None = None,
) -> dict[str, torch.Tensor]:
    """A tensor for every input, by name: normal numbers, or whole numbers from 0 to below what the input allows.

    An input that says nothing of what it allows gets numbers that every table which reads it has a row for.

    Args:
        graph: an inferred graph.
        batch: the size of a first axis that is a symbol without a nominal size; by default 2, the fewest that
            batch norm can train on, or the next that fits.
        sizes: sizes of symbols; they go before nominal ones.
        seed: of the random generator; torch's own is not touched.
        phase: the only one in which the network has to run; both where nothing is said.

    Raises:
        ValueError: no candidate for a symbol without a size meets the network's conditions, or a known size does not.
    """
    chosen = choose_sizes(graph, batch, sizes, phase)
    generator = torch.Generator().manual_seed(seed)
    pairs = zip(graph.inputs.values(), index_bounds(graph), strict=True)
    return {given.name: _draw(given, chosen, below or 2, generator) for given, below in pairs}


def index_bounds(graph: Graph) -> list[int | None]:
    """For every input, the number below which its whole numbers have to lie.

    It is what the input says, or that below which every table that it is looked up in has a row; None where there is
    none, and for numbers that are not whole.
    """
    return [
        given.below or min(_rows(graph, given.name), default=None)
        if given.type.dtype.startswith(("int", "uint"))
        else None
        for given in graph.inputs.values()
    ]


def _rows(graph: Graph, name: str) -> Iterator[int]:
    """The rows of the tables that the numbers of an input get to, by ops that only move values."""
    reached = {name}
    for node in graph.operations():
        if isinstance(node.op, Op) and any(value.node in reached for value in node.inputs):
            if (rows := node.op.index_bound()) is not None:
                yield rows
            if node.op.keeps_values:
                reached.add(node.path)


def choose_sizes(
    graph: Graph, batch: int | None = None, sizes: Mapping[str, int] | None = None, phase: Phase | None = None
) -> dict[str, int]:
    """A size for every symbol of the inputs; see `random_inputs`."""
    conditions = _conditions(graph, phase)
    known: dict[str, int] = dict.fromkeys(graph.batch_symbols, batch or _usual_batch(graph, conditions))
    for given in graph.inputs.values():
        known |= given.symbols
    known |= sizes or {}
    every = (name for given in graph.inputs.values() for dim in _dims(given) for name in sorted(symbols(dim)))
    free = [name for name in dict.fromkeys(every) if name not in known]
    unmet = next((condition for condition in conditions if condition.holds(known) is False), None)
    if unmet is not None:
        at = ", ".join(f"{name}={known[name]}" for name in sorted(symbols(unmet.dim)))
        raise ValueError(f"`{graph.name}` does not run at {at}: {unmet.message}")
    if not free:
        return known
    for tried in chain(_combinations(len(free)), _solved(graph, free)):
        chosen = known | dict(zip(free, tried, strict=True))
        if _are_few(graph, chosen) and all(condition.holds(chosen) is not False for condition in conditions):
            return chosen
    names = ", ".join(f"`{name}`" for name in free)
    raise ValueError(f"no size up to {CANDIDATES[-1]} of {names} meets all conditions of `{graph.name}`; give `sizes`")


def _are_few(graph: Graph, sizes: Mapping[str, int]) -> bool:
    """Whether the inputs have room in memory."""
    return all(prod(_sides(given, sizes)) <= _MOST for given in graph.inputs.values())


def _usual_batch(graph: Graph, conditions: Iterable[Condition]) -> int:
    """The smallest batch of several that fits in both phases."""
    usual = dict.fromkeys(graph.batch_symbols, _FEWEST)
    if all(condition.holds(usual) is not False for condition in conditions):
        return _FEWEST
    fitting = [batches.fitting for batches in batch_sizes(graph, input_sizes(graph)).values() if batches.fitting]
    found = reduce(and_, fitting).after(_FEWEST - 1) if fitting else None
    return found or _FEWEST


def _combinations(free: int) -> Iterable[tuple[int, ...]]:
    """Sizes to try, small ones first: all combinations of one or two symbols, and equal sizes of more."""
    if free > 2:
        return ((size,) * free for size in CANDIDATES)
    return sorted(product(CANDIDATES, repeat=free), key=lambda tried: (max(tried), tried))


def _solved(graph: Graph, free: Sequence[str]) -> Iterator[tuple[int, ...]]:
    """The smallest sizes that fit in both phases, each symbol for itself, where they can be told."""
    smallest: dict[str, int] = {}
    for sizes in chain.from_iterable(input_sizes(graph).values()):
        for name in sizes.symbols:
            smallest[name] = max(smallest.get(name, 1), sizes.minimum or 1)
    if max(smallest.values(), default=1) <= CANDIDATES[-1]:  # larger ones may not fit into memory
        yield tuple(smallest.get(name, 1) for name in free)


def _conditions(graph: Graph, phase: Phase | None) -> list[Condition]:
    """What is demanded of the symbols by inputs, and by nodes that some output needs in a phase."""
    found: dict[Condition, None] = {}
    batch = graph.batch_symbols
    for given in graph.inputs.values():
        found |= dict.fromkeys(given.constraints)
    runs = set().union(*(paths for each, paths in running(graph).items() if phase in (None, each)))
    for node in graph:
        if node.path in runs:
            found |= dict.fromkeys(node.conditions)
            if phase != "eval":
                found |= dict.fromkeys(each for each in node.training_conditions if not each.holds_in_a_batch(batch))
    return list(found)


def _dims(given: GraphInput) -> tuple[Size, ...]:
    return given.declared or given.type.shape


def _draw(given: GraphInput, sizes: Mapping[str, int], below: int, generator: torch.Generator) -> torch.Tensor:
    shape = tuple(_sides(given, sizes))
    dtype: torch.dtype = getattr(torch, given.type.dtype)
    if dtype.is_floating_point:
        return torch.randn(shape, generator=generator).to(dtype)
    return torch.randint(0, below, shape, generator=generator).to(dtype)


def _sides(given: GraphInput, sizes: Mapping[str, int]) -> Iterator[int]:
    for dim in _dims(given):
        side = evaluate(dim, sizes)
        assert isinstance(side, int), f"{dim} of {given.name} has no size"
        yield side
