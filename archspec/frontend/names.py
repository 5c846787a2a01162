"""The static check of names: every `from` must name something earlier in its list or further out, never across a block.

What a name means is decided again at expansion, where `if` may have removed it; what is reported here is reported
once for each place in the file, however often the block is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from archspec.language.fields import IdRange
from archspec.language.schema import Body, Branch, Item
from archspec.language.validate import did_you_mean
from archspec.language.values import Mapping
from archspec.source.diagnostic import Diagnostics, Label
from archspec.source.span import Span


@dataclass(slots=True, eq=False)
class _Step:
    """One item of a list, and what it directly depends on."""

    label: str
    span: Span
    needs: list[_Step] = field(default_factory=list)
    last: _Step | None = None
    """For an item that holds others: what gives its output."""


@dataclass(slots=True, eq=False)
class _Level:
    """The names of one list: those already defined, and all of them."""

    outer: _Level | None
    every: dict[str, Span]
    written: bool = True
    """Whether it is a list, so that a leading `.` steps out of it; a branch of one item is none."""
    earlier: dict[str, _Step] = field(default_factory=dict)
    unnamed: set[str] = field(default_factory=set)
    """What the items are uses of that have no id and are already defined."""


def check_names(body: Body, found: Diagnostics) -> None:
    """Report every `from`, `share`, `tie` and output of a body that names nothing, or something later."""
    _Checker(body, found).check()


class _Checker:
    def __init__(self, body: Body, found: Diagnostics) -> None:
        self.body = body
        self.found = found
        self.inputs = {declaration.name: declaration.span for declaration in body.inputs} or {"in": body.span}
        if len(self.inputs) == 1:
            self.inputs["in"] = body.span
        self.forward: list[tuple[str, Span, _Step]] = []
        """Names that are defined later: the name, its place, and the item that uses it."""

    def check(self) -> None:
        items = dict(_names(self.body.layers))
        for declaration in self.body.inputs:
            if declaration.name in items:
                message = f"`{declaration.name}` is an input and an item of `{self.body.name}`"
                label = (Label(declaration.span, "the input"),)
                self.found.error(
                    "duplicate-id", message, items[declaration.name], labels=label, help="rename one of them"
                )
        names = items | {head.name: head.span for head in self.body.heads if head.name}
        top = _Level(None, names)
        start = _Step("in", self.body.span) if len(self.inputs) <= 2 else None
        self._list(self.body.layers, top, start)
        for head in self.body.heads:
            self._head(head, top)
        for path, span in self.body.outputs.values():
            self._name(path, span, top, _Step("outputs", span))
        self._report_forward(top)

    def _head(self, head: Branch, top: _Level) -> None:
        if head.name in top.earlier and not head.single:  # a single item's path is held against others at expansion
            first = dict(_names(self.body.layers)).get(head.name, top.earlier[head.name].span)
            label = (Label(first, "defined here"),)
            self.found.error("duplicate-id", f"`{head.name}` is already the name of an item", head.span, labels=label)
        step = self._branch(head, top, None)
        if head.name and step is not None:
            top.earlier.setdefault(head.name, step)

    def _list(self, items: list[Item], level: _Level, previous: _Step | None) -> _Step | None:
        for item in items:
            step = self._item(item, level, previous)
            for name in _ids(item):
                if name in level.earlier and not item.broken and level.every.get(name) is not _span_of_id(item):
                    self._duplicate(name, item, level)
                level.earlier[name] = step
            if item.keys.id is None:
                level.unnamed.add(item.name)
            previous = step
        return previous

    def _duplicate(self, name: str, item: Item, level: _Level) -> None:
        if "if" in item.entries:
            return  # two alternatives may carry one name; expansion sees which of them are there
        label = (Label(level.earlier[name].span, "defined here"),)
        self.found.error("duplicate-id", f"two items of one list have the id `{name}`", _span_of_id(item), labels=label)

    def _item(self, item: Item, level: _Level, previous: _Step | None) -> _Step:
        step = _Step(next(iter(_ids(item)), item.name), _span_of_id(item))
        sources = [previous] if previous is not None else []
        if item.keys.from_ is not None:
            entry = item.entries["from"]
            spans = [child.span for child in entry.value.items] if hasattr(entry.value, "items") else [entry.value.span]
            named = [self._name(path, span, level, step) for path, span in zip(item.keys.from_, spans, strict=False)]
            sources = [source for source in named if source is not None]
        if item.keys.share is not None:
            self._name(item.keys.share, item.entries["share"].value.span, level, step)
        written = item.entries["tie"].value if item.keys.tie else None
        for weight, path in (item.keys.tie or {}).items():
            value = written.get(weight) if isinstance(written, Mapping) else None
            self._name(path.rpartition(".")[0] or path, value.span if value else step.span, level, step)
        first = sources[0] if sources else None
        if item.branches is not None:
            ends = [self._branch(branch, level, first) for branch in item.branches]
            step.needs = [end for end in ends if end is not None]
        elif item.layers is not None:
            names = dict(_names(item.layers))
            if item.body is not None:
                self.inputs |= {declaration.name: declaration.span for declaration in item.body.inputs} | {
                    "in": item.span
                }
            step.last = self._list(item.layers, _Level(level, names), first)
            step.needs = [step.last] if step.last is not None else sources
        else:
            step.needs = sources
        return step

    def _branch(self, branch: Branch, level: _Level, start: _Step | None) -> _Step | None:
        if branch.from_ is not None:
            start = self._name(*branch.from_, level, _Step(branch.name or "branch", branch.span)) or start
        if branch.single or branch.name is None:
            inner = _Level(level, dict(_names(branch.items)), written=branch.name is None)
            last = self._list(branch.items, inner, start)
            if branch.name is None:
                level.earlier.update({name: step for name, step in inner.earlier.items() if name not in level.earlier})
        else:
            last = self._list(branch.items, _Level(level, dict(_names(branch.items))), start)
        if branch.name is not None and last is not None:
            level.earlier[branch.name] = last
        return last

    def _name(self, path: str, span: Span, level: _Level, user: _Step) -> _Step | None:
        """The item that a path begins at, or None: an input, a number, or a name that was reported."""
        forward = False
        below = path.lstrip(".")
        out = len(path) - len(below)
        at: _Level | None = level
        while at is not None:
            for name in _prefixes(below) if not out else ():
                if name in at.earlier:
                    return at.earlier[name]
                forward = forward or name in at.every
            out -= bool(out) and at.written
            at = at.outer
        first = below.partition(".")[0]
        if first in self.inputs or first.isdigit():
            return None
        if forward:
            self.forward.append((path, span, user))
        else:
            help_text = self._meant(path, first, level) if not self.found.crowded else None
            self.found.error("unknown-node", f"there is nothing called `{first}` here", span, help=help_text)
        return None

    def _meant(self, path: str, first: str, level: _Level) -> str:
        levels = list(_levels(level))
        known = [*self.inputs, *(name for each in levels for name in each.every)]
        unnamed = {name for each in levels for name in each.unnamed}
        if first in unnamed:
            return (
                f"give the `{first}` that is meant an `id`, or write its position, `0` for the first item of its list"
            )
        return did_you_mean(path, known) or did_you_mean(first, known) or _seen_from_here(known, bool(unnamed))

    def _report_forward(self, top: _Level) -> None:
        steps = _all_steps(top)
        for path, span, user in self.forward:
            target = next((steps[name] for name in _prefixes(path) if name in steps), None)
            cycle = _path(target, user) if target is not None else None
            if cycle is not None:
                names = " -> ".join(step.label for step in [user, *reversed(cycle)])
                self.found.error(
                    "cycle",
                    f"`{user.label}` would depend on itself: {names}",
                    span,
                    help="a network has no cycles; read an earlier item",
                )
            else:
                labels = (Label(target.span, "defined here"),) if target is not None else ()
                self.found.error(
                    "forward-reference",
                    f"`{path}` comes later",
                    span,
                    labels=labels,
                    help="an item reads what stands before it; move one of the two",
                )


def _seen_from_here(known: list[str], some_unnamed: bool) -> str:
    names = ", ".join(f"`{name}`" for name in dict.fromkeys(known))[:200]
    return f"from here one sees: {names}" + ("; items without an `id` go by position: `0`, `1`" if some_unnamed else "")


def _levels(level: _Level | None) -> Iterator[_Level]:
    while level is not None:
        yield level
        level = level.outer


def _prefixes(path: str) -> Iterator[str]:
    """Ids may hold dots: `inner_blocks.0.conv` begins at `inner_blocks.0.conv`, `inner_blocks.0` or `inner_blocks`."""
    while path:
        yield path
        path = path.rpartition(".")[0]


def _ids(item: Item) -> list[str]:
    given = item.keys.id
    if isinstance(given, IdRange):
        return given.names()
    return [str(given)] if given is not None else []


def _span_of_id(item: Item) -> Span:
    return item.entries["id"].value.span if "id" in item.entries else item.span


def _names(items: list[Item]) -> Iterator[tuple[str, Span]]:
    """The ids that a list gives: its items', and those of unnamed branches, which add no level."""
    for item in items:
        for name in _ids(item):
            yield name, _span_of_id(item)
            yield from ((prefix, _span_of_id(item)) for prefix in _prefixes(name.rpartition(".")[0]))
        for branch in item.branches or ():
            if branch.name is not None:
                yield branch.name, branch.span
            else:
                yield from _names(branch.items)


def _all_steps(top: _Level) -> dict[str, _Step]:
    return dict(top.earlier)


def _path(start: _Step, goal: _Step) -> list[_Step] | None:
    """The items from `start` back to `goal` along what each depends on, or None when it does not."""
    came: dict[int, _Step | None] = {id(start): None}
    queue = [start]
    for step in queue:
        if step is goal:
            path = [step]
            while (before := came[id(path[-1])]) is not None:
                path.append(before)
            return path
        for need in step.needs:
            if id(need) not in came:
                came[id(need)] = step
                queue.append(need)
    return None
