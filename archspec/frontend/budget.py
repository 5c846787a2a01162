"""How large an expansion may become: counted before repeats are unrolled, so that a bomb costs nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from archspec.frontend.limits import Limits
from archspec.language.schema import Body, Item
from archspec.source.diagnostic import Diagnostics
from archspec.source.span import Span


class LimitReached(Exception):
    """The graph would be larger than the limit allows."""


class Budget:
    """Counts what one expansion makes."""

    def __init__(self, found: Diagnostics, limits: Limits) -> None:
        self.found = found
        self.limits = limits
        self.made = 0
        self.depth = 0
        self._least: dict[int, int] = {}

    def count(self, span: Span) -> None:
        """One more node or scope."""
        self.made += 1
        self.check(self.made, span)

    def check(self, nodes: int, span: Span) -> None:
        """Raise LimitReached, having reported it, when there would be this many nodes and that is too many."""
        if nodes > self.limits.max_nodes:
            message = f"this makes the graph larger than {self.limits.max_nodes:,} nodes"
            help_text = "count what the repeats come to; if it is meant, `--limit nodes=...` raises the limit"
            self.found.error("too-many-nodes", message, span, help=help_text)
            raise LimitReached

    def check_body(self, body: Body) -> None:
        """Raise LimitReached, having reported the largest item, when a body makes too many nodes for certain."""
        nodes = self.least_of_body(body)
        if body.layers:
            largest = max(body.layers, key=self.least_of_item)
            self.check(nodes, largest.entries.get("repeat", largest).span)

    @contextmanager
    def level(self, span: Span) -> Iterator[None]:
        """One more level of scopes, while it is open."""
        if self.depth >= self.limits.max_levels:
            message = f"blocks and sequences are nested deeper than {self.limits.max_levels} levels"
            self.found.error("nested-too-deep", message, span, help="`--limit levels=...` raises the limit")
            raise LimitReached
        self.depth += 1
        try:
            yield
        finally:
            self.depth -= 1

    def least_of_body(self, body: Body) -> int:
        """A lower bound of the nodes that a body makes: what `if` decides counts as none, an unknown repeat as one."""
        pending = [body]
        while pending:  # without recursion: blocks may be chained deeper than Python's stack
            current = pending[-1]
            inner = [item.target for item in _items_of(current) if isinstance(item.target, Body) and not item.broken]
            missing = [target for target in inner if id(target) not in self._least]
            if missing:
                pending.extend(missing)
                continue
            pending.pop()
            self._least[id(current)] = min(10**12, sum(self.least_of_item(item) for item in current.layers))
        return self._least[id(body)]

    def least_of_item(self, item: Item, turns: int | None = None) -> int:
        """A lower bound of the nodes that an item makes, in all its turns or in the given number of them."""
        if item.keys.if_ is not None:
            return 0
        repeat = item.keys.repeat if isinstance(item.keys.repeat, int) else 1
        inner = 1
        if isinstance(item.target, Body):
            inner += self._least.get(id(item.target), 0)
        elif item.layers is not None:
            inner += sum(self.least_of_item(child) for child in item.layers)
        elif item.branches is not None:
            inner += sum(
                self.least_of_item(child)
                for branch in item.branches
                if branch.condition is None
                for child in branch.items
            )
        return (repeat if turns is None else turns) * inner


def _items_of(body: Body) -> Iterator[Item]:
    pending = list(body.layers)
    while pending:
        item = pending.pop()
        yield item
        pending.extend(item.layers or ())
        pending.extend(child for branch in item.branches or () for child in branch.items)
