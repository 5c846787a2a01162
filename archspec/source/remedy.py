"""Remedies: what would mend a finding, as data; whoever has the text makes edits of it and proves them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class SetAttribute:
    """Give a node's attribute another value where it is written: at its item, or at the use of a block around it."""

    path: str
    """Of the node."""
    attribute: str
    value: str
    """As YAML."""


@dataclass(frozen=True, slots=True)
class RemoveItem:
    """Take the item of a node or scope out of its list."""

    path: str


@dataclass(frozen=True, slots=True)
class SplitItem:
    """Put several items in the place of the one that writes an attribute, each the same but for some attributes."""

    path: str
    """Of the node whose attribute it is."""
    attribute: str
    """The one that tells the item: where the number of `kernel` is written, not where it is passed on."""
    parts: tuple[Mapping[str, str], ...]
    """For each of the new items, in order, the attributes that differ, as YAML. The last one keeps the `id`."""
    between: tuple[str, ...] = ()
    """Items that go between any two of them, as YAML in flow style; the use of a block has such things in itself."""


@dataclass(frozen=True, slots=True)
class AppendToBranch:
    """Put an item at the end of a branch of the join at a path."""

    path: str
    branch: int
    item: str
    """As YAML in flow style: `conv: {kernel: 1, channels: 64}`."""


Change: TypeAlias = SetAttribute | RemoveItem | SplitItem | AppendToBranch


@dataclass(frozen=True, slots=True)
class Remedy:
    """Changes that belong together, and what they do in a few words."""

    title: str
    """An imperative: "write `bias: false`"."""
    changes: tuple[Change, ...]
