"""Kinds: what became of every node and scope of two networks, in a word, as pictures show it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Literal, TypeAlias

from archspec.analysis.diff.matching import Matching, Pair
from archspec.analysis.diff.side import members, outer
from archspec.ir.graph import Graph, Node

Kind: TypeAlias = Literal["removed", "added", "changed", "renamed", "reshaped"]
"""Where several things happened, the first of these. A scope is changed where what is in it is no longer the same, and
reshaped where nothing but shapes in it are others."""
Kinds: TypeAlias = dict[str, Kind]


def kinds(
    before: Graph, after: Graph, matching: Matching, pairs: Iterable[tuple[Kind, Iterable[Pair]]]
) -> tuple[Kinds, Kinds]:
    """The kinds of both networks by path; what is the same is left out.

    Args:
        before: the first network.
        after: the second.
        matching: which parts of the two are the same.
        pairs: those that are not quite, by kind; a later one counts more.
    """
    ones: Kinds = dict.fromkeys(_alone(before, matching.nodes, matching.scopes), "removed")
    others: Kinds = dict.fromkeys(_alone(after, matching.nodes_back, matching.scopes_back), "added")
    for kind, of_kind in pairs:
        for pair in of_kind:
            ones[pair.before.path] = others[pair.after.path] = kind
    inside: Kinds = {}
    _look_inside(before, ones, {path: path for path in matching.scopes}, inside)
    _look_inside(after, others, matching.scopes_back, inside)
    for path, kind in inside.items():
        if kind == "changed" or path not in ones:
            ones[path] = others[matching.scopes[path]] = kind
    return ones, others


def _alone(graph: Graph, nodes: Container[str], scopes: Container[str]) -> list[str]:
    """The paths of what has no partner."""
    every = members(graph.root)
    return [member.path for member in every if member.path not in (nodes if isinstance(member, Node) else scopes)]


def _look_inside(graph: Graph, known: Kinds, names: Mapping[str, str], found: Kinds) -> None:
    """Add what becomes of the scopes around all that has a kind, by their paths in the first network."""
    for member in members(graph.root):
        if member.path in known:
            kind: Kind = "reshaped" if known[member.path] == "reshaped" else "changed"
            for scope in outer(member).lineage():
                name = names.get(scope.path)
                if name is not None and found.get(name) != "changed":
                    found[name] = kind
