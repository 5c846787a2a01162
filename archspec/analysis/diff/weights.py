"""Weights: which of one network another can go on with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import NamedTuple

from archspec.analysis.diff.matching import Matching
from archspec.ir.graph import Graph, Node, Scope
from archspec.ir.op import Weight


class Key(NamedTuple):
    """A key of a `state_dict`."""

    before: str | None
    """Its name in the first network; None where it has none there."""
    after: str | None
    elements: int
    """The numbers that it holds, in the second network where that has it; none for one that is tied to another."""


@dataclass(frozen=True, slots=True)
class Carried:
    """The keys of both networks, by what becomes of them; `misplaced` ones stand elsewhere, too."""

    same: tuple[Key, ...]
    """Those of the same weight, with the same name and shape."""
    renamed: tuple[Key, ...]
    """Those of the same weight, with another name."""
    reshaped: tuple[Key, ...]
    """Those of the same weight, with another shape."""
    new: tuple[Key, ...]
    """Those of the second network that the first has no weight for."""
    left_over: tuple[Key, ...]
    """Those of the first network that the second has no weight for."""
    misplaced: tuple[Key, ...]
    """Those with the same name and shape, but of another weight: by name they are loaded, and wrongly so."""


def carried(before: Graph, after: Graph, matching: Matching) -> Carried:
    """Sort the keys of two networks by whether the second can take over the weights of the first."""
    ones, others = _keys(before), _keys(after)
    found: dict[str, list[Key]] = {name: [] for name in Carried.__dataclass_fields__}
    used: set[str] = set()
    for key, place in others.items():
        weight, home = place.weight, _key(matching.nodes_back.get(place.path, ""), place.name)
        one = ones[home].weight if home in ones else None
        found[_fate(home, one, key, weight)].append(Key(home if one is not None else None, key, place.elements))
        used.add(home)
        if home != key and key in ones and _fits(ones[key].weight, weight):
            found["misplaced"].append(Key(key, key, place.elements))
    found["left_over"] = [Key(key, None, place.elements) for key, place in ones.items() if key not in used]
    return Carried(**{name: tuple(keys) for name, keys in found.items()})


def _fate(home: str, one: Weight | None, key: str, weight: Weight) -> str:
    if one is None:
        return "new"
    if not _fits(one, weight):
        return "reshaped"
    return "same" if home == key else "renamed"


def _fits(one: Weight, other: Weight) -> bool:
    return (one.shape, one.dtype) == (other.shape, other.dtype)


class _Place(NamedTuple):
    path: str
    name: str
    weight: Weight
    is_tied: bool

    @property
    def elements(self) -> int:
        return 0 if self.is_tied else prod(self.weight.shape)


def _keys(graph: Graph) -> dict[str, _Place]:
    """The weights of a `state_dict` by key, in its order."""
    return {
        _key(node.path, name): _Place(node.path, name, weight, name in node.ties)
        for node in _owners(graph.root)
        for name, weight in node.weights.items()
        if weight.kind != "constant"
    }


def _owners(scope: Scope) -> Iterator[Node]:
    """The nodes that do not use the weights of others, in the order of registration."""
    for member in scope.registration_order():
        if member.share is not None:
            continue
        if isinstance(member, Scope):
            yield from _owners(member)
        else:
            yield member


def _key(path: str, name: str) -> str:
    return f"{path}.{name}".removesuffix(".")
