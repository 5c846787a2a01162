"""Unpaired: what two networks do not have in common, in words, with what comes nearest to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import TypeAlias

Shapes: TypeAlias = Mapping[str, tuple[int, ...]]
"""The shapes of weights by name: by key, or within a module."""

SHOWN = 2
"""How many weights of a module are listed; a batch norm has five of one shape."""


def describe_unpaired(pairs: Mapping[str, str], theirs: Shapes, ours: Shapes) -> Iterator[str]:
    """Modules without a partner, theirs first, then pairs of weights of which one does not fit into the other.

    Args:
        pairs: keys of theirs with keys of ours.
        theirs: all their weights, by key.
        ours: all our weights, by key.
    """
    taken = set(pairs.values())
    their_left = _by_module({key: shape for key, shape in theirs.items() if key not in pairs})
    our_left = _by_module({key: shape for key, shape in ours.items() if key not in taken})
    for module, shapes in their_left.items():
        yield f"{_shown(module, shapes)} of theirs has no partner in ours{_nearest(module, shapes, our_left)}"
    for module, shapes in our_left.items():
        yield f"{_shown(module, shapes)} of ours has no partner in theirs{_nearest(module, shapes, their_left)}"
    for their, our in pairs.items():
        if their in theirs and our in ours and theirs[their] != ours[our]:
            yield f"`{their}` is {list(theirs[their])} in theirs, and `{our}` is {list(ours[our])} in ours"


def _by_module(weights: Shapes) -> dict[str, dict[str, tuple[int, ...]]]:
    modules: dict[str, dict[str, tuple[int, ...]]] = defaultdict(dict)
    for key, shape in weights.items():
        module, _, name = key.rpartition(".")
        modules[module][name] = shape
    return modules


def _shown(module: str, shapes: Shapes) -> str:
    if len(shapes) == 1:
        ((name, shape),) = shapes.items()
        return f"`{module}.{name}` {list(shape)}" if module else f"`{name}` {list(shape)}"
    listed = ", ".join(f"{name} {list(shape)}" for name, shape in list(shapes.items())[:SHOWN])
    more = f" and {len(shapes) - SHOWN} more" if len(shapes) > SHOWN else ""
    return f"`{module}` ({listed}{more})"


def _nearest(module: str, shapes: Shapes, among: Mapping[str, Shapes]) -> str:
    """Of the modules with weights of the same names and ranks, that with the same shapes, then the nearest name."""
    alike = {other: found for other, found in among.items() if _ranks(found) == _ranks(shapes)}
    equal = {other: found for other, found in alike.items() if found == shapes}
    near = get_close_matches(module, equal or alike, n=1, cutoff=0)
    return f"; nearest is {_shown(near[0], among[near[0]])}" if near else ""


def _ranks(shapes: Shapes) -> dict[str, int]:
    return {name: len(shape) for name, shape in shapes.items()}
