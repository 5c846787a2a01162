"""From the paths of a network to the places of its text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from archspec import ops
from archspec.ir.graph import Graph
from archspec.language.reader import Limits, read
from archspec.language.values import Mapping, Scalar, Sequence, Value
from archspec.source.diagnostic import Diagnostics
from archspec.source.origin import Origin
from archspec.source.span import Source, Span
from archspec.tools.fix.edits import CannotFixError, Edit
from archspec.tools.fix.layout import is_flow

Step: TypeAlias = "tuple[Mapping | Sequence, str | int]"
_PARAMETER: Final = re.compile(r"\$([A-Za-z_]\w*)\Z")


@dataclass(frozen=True, slots=True)
class Place:
    """A value of the text, with every list and mapping around it and the key or index that leads on, outermost first.

    It is an item (`relu`, or a mapping of one key), or the mapping of the branches or heads of which one is meant.
    """

    value: Scalar | Mapping
    name: str
    """The op or block of an item; the name of a branch."""
    steps: tuple[Step, ...]

    @property
    def start(self) -> int:
        """Where the name begins."""
        return self.value.entries[self.name].start if isinstance(self.value, Mapping) else self.value.start

    @property
    def is_branch(self) -> bool:
        """Whether a named branch or head is meant, and not an item."""
        return bool(self.steps) and isinstance(self.value, Mapping) and self.steps[-1][1] in ("branches", "heads")

    @property
    def owner(self) -> Step:
        """The list that an item stands in, or the mapping of branches that it is one of."""
        return self.steps[-1]

    @property
    def stands_for_a_branch(self) -> bool:
        """Whether an item is all there is of a branch or head, and so in no list."""
        owner, _ = self.owner
        under = self.steps[-2][1] if len(self.steps) > 1 else None
        return under == "branches" or isinstance(owner, Mapping)

    @property
    def in_flow(self) -> bool:
        """Whether it stands in brackets."""
        return any(is_flow(container) for container, _ in self.steps)

    @property
    def attributes(self) -> Value | None:
        """What is written behind the name of an item."""
        return self.value.get(self.name) if isinstance(self.value, Mapping) else None

    def written(self, key: str) -> Value | None:
        """The value of an attribute or reserved key, where the item has it by name."""
        return self.attributes.get(key) if isinstance(self.attributes, Mapping) else None

    def value_of(self, attribute: str) -> Value | None:
        """The value of an attribute, by name or, of the one that needs none, without."""
        op = ops.find(self.name) if isinstance(self.attributes, Scalar) else None
        return self.attributes if op is not None and op.shorthand == attribute else self.written(attribute)


class Text:
    """The text of a spec and the network that was made of it."""

    def __init__(self, source: Source, graph: Graph, limits: Limits) -> None:
        self.source = source
        self._graph = graph
        self._limits = limits
        self._scopes = {scope.path: scope for scope in graph.root.scopes()}
        self._roots: dict[int, Value | None] = {}

    def item(self, path: str) -> Place:
        """Where the item of a node or scope is written.

        Raises:
            CannotFixError: when that is in another file, or nowhere.
        """
        return self._own(self._place(self._origin(path).span))

    def item_with(self, path: str, attribute: str) -> tuple[Place, str]:
        """Where a node's attribute is written, or would be, and what it is called there.

        That is at its item, or where a block passes it on (`$kernel`), at the use of the block.

        Raises:
            CannotFixError: when that is in another file, or the value is computed.
        """
        origin: Origin | None = self._origin(path)
        while origin is not None:
            place = self._place(origin.span)
            each = place.written("each")
            if isinstance(each, Mapping) and attribute in each.entries:
                raise CannotFixError(f"`{attribute}` differs by turn")
            value = place.value_of(attribute)
            if not isinstance(value, Scalar) or value.quoted or not value.text.startswith("$"):
                return self._own(place), attribute
            parameter = _PARAMETER.match(value.text)
            if parameter is None:
                raise CannotFixError(f"`{attribute}` is computed: {value.text}")
            attribute = parameter[1]
            origin = self._use_around(origin)
        raise CannotFixError(f"`{attribute}` is a parameter of the spec")

    def is_item_of(self, path: str, place: Place) -> bool:
        """Whether a place is where the item of a node itself is written, and not a use around it."""
        span = self._origin(path).span
        return span.source is self.source and span.start == place.start

    def uses(self, path: str, place: Place) -> Iterator[str]:
        """The paths of all that is written where a node or scope is, and used at a place or right there."""
        span = self._origin(path).span
        for member in (*self._graph, *self._scopes.values()):
            origin = member.origin
            if origin is not None and (origin.span.source, origin.span.start) == (span.source, span.start):
                around = (origin.span, *(use.span for use in origin.uses()))
                if any(each.source is self.source and each.start == place.start for each in around):
                    yield member.path

    def is_repeated(self, edit: Edit) -> bool:
        """Whether what an edit changes has an anchor, and aliases repeat it elsewhere."""
        root = read(self.source, Diagnostics(), self._limits)
        seen, waiting = dict[int, Value](), [root] if root is not None else []
        while waiting:
            value = waiting.pop()
            if id(value) in seen:
                if value.start <= edit.start <= value.end or edit.start < value.start < edit.end:
                    return True
                continue
            seen[id(value)] = value
            if isinstance(value, Mapping):
                waiting += (entry.value for entry in value.entries.values())
            elif isinstance(value, Sequence):
                waiting += value.items
        return False

    def input_count(self, path: str) -> int:
        """How many inputs a node has."""
        return len(self._graph[path].inputs)

    def _origin(self, path: str) -> Origin:
        origin = self._graph[path].origin if path in self._graph else None
        if origin is None and path in self._scopes:
            origin = self._scopes[path].origin
        if origin is None:
            raise CannotFixError(f"there is no `{path}`")
        return origin

    def _use_around(self, origin: Origin) -> Origin | None:
        """The use of the block that an item is written in; a sequence passes on what is around it."""
        return next((use for use in origin.uses() if self._place(use.span).name != "sequence"), None)

    def _own(self, place: Place) -> Place:
        if place.value.source is not self.source:
            raise CannotFixError(
                f"it is written in `{place.value.source.name}`, and only the file that is named is edited"
            )
        return place

    def _place(self, span: Span) -> Place:
        key = id(span.source)
        if key not in self._roots:
            self._roots[key] = read(span.source, Diagnostics(), self._limits)
        root = self._roots[key]
        place = _descend(root, span.start) if root is not None else None
        if place is None:
            raise CannotFixError("it is no item of a list")
        return place


def _descend(value: Value, offset: int) -> Place | None:
    """The item, or the branch, whose name begins at an offset."""
    steps: list[Step] = []
    while True:
        if isinstance(value, Scalar):
            return Place(value, value.text, tuple(steps)) if value.start == offset else None
        if isinstance(value, Mapping):
            named = next((entry for entry in value.entries.values() if entry.start == offset), None)
            if named is not None:
                return Place(value, named.key, tuple(steps)) if steps else None
        inside = _child(value, offset)
        if inside is None:
            return None
        steps.append((value, inside[0]))
        value = inside[1]


def _child(value: Mapping | Sequence, offset: int) -> tuple[str | int, Value] | None:
    """The part of a list or mapping that an offset is in; what an alias repeats is written elsewhere."""
    parts: list[tuple[str | int, Value]] = (
        list(enumerate(value.items))
        if isinstance(value, Sequence)
        else [(key, entry.value) for key, entry in value.entries.items()]
    )
    return next(((key, part) for key, part in parts if part.start <= offset < part.end), None)
