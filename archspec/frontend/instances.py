"""What expansion works with: instances of items, the names by which they are seen, and what is kept of them."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from archspec.ir.graph import Allowance, GraphInput, GraphOutput, Node, Phase, Scope, Value
from archspec.language import values as language_values
from archspec.language.schema import Body, Document, Item
from archspec.source.diagnostic import Diagnostics
from archspec.source.origin import Origin
from archspec.source.span import Span


@dataclass(slots=True, eq=False)
class Instance:
    """One instance of an item: what a name refers to."""

    path: str
    outputs: tuple[tuple[str, Value], ...] = ()
    """Its ports by name; a single one has the name `""`."""
    scope: Scope | None = None
    members: dict[str, Instance] | None = None
    """The instances inside of it, by name."""
    closed: bool = False
    """Whether it is a block: from outside, only its outputs are seen (and anything, from the file's own lists)."""
    unknown: bool = False
    """Whether an error was reported about it."""
    call: tuple[Item, Frame] | None = None
    """For a block: the item that used it and the values it was given."""

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition(".")[2]

    @classmethod
    def of(cls, value: Value | None) -> Instance:
        """A value as what a list begins with; one about which an error was reported, where there is none."""
        return cls("in", outputs=(("", value),)) if value is not None else cls("in", unknown=True)

    def descend(self, rest: str) -> tuple[Instance, str] | None:
        """The instance inside that the longest beginning of a path names, and what is left of the path."""
        for name in prefixes(rest):
            if self.members is not None and name in self.members:
                return self.members[name], rest[len(name) + 1 :]
        return None


class HasFindings(Protocol):
    """A stage that reports to a list of findings."""

    found: Diagnostics


class Names:
    """The names seen from a place in a list: its own list's, then those further out, up to the block's border."""

    __slots__ = ("outer", "own", "removed", "written")

    def __init__(self, outer: Names | None, *, written: bool = True) -> None:
        self.outer = outer
        self.written = written
        """Whether it is a list of the file, so that a leading `.` steps out of it; the turns of a repeat are none."""
        self.own: dict[str, Instance] = {}
        self.removed: set[str] = set()

    def define(self, name: str, instance: Instance) -> None:
        """From here on, `name` is the instance."""
        self.own[name] = instance

    def get(self, name: str) -> Instance | None:
        """What a whole name refers to."""
        return next((level.own[name] for level in self._levels() if name in level.own), None)

    def find(self, path: str) -> tuple[Instance | None, str]:
        """What a path begins at, nearest list first and longest name first, and what is left of it.

        Each leading `.` leaves out the nearest list: `.proj` is the `proj` around this list, whatever is inside it.
        """
        below = path.lstrip(".")
        out = len(path) - len(below)
        for level in self._levels():
            if out:
                out -= level.written
                continue
            for name in prefixes(below):
                if name in level.own:
                    return level.own[name], below[len(name) + 1 :]
        return None, below

    def known(self) -> list[str]:
        """Every name seen from here."""
        return [name for level in self._levels() for name in level.own]

    def is_removed(self, path: str) -> bool:
        """Whether a path begins at an item whose `if` is false, so that what it gives is not there either."""
        return self.find(path)[0] is None and path.partition(".")[0] in self.all_removed()

    def all_removed(self) -> set[str]:
        """The ids of items whose `if` is false."""
        return {name for level in self._levels() for name in level.removed}

    def _levels(self) -> Iterator[Names]:
        level: Names | None = self
        while level is not None:
            yield level
            level = level.outer


@dataclass(slots=True, eq=False)
class Frame:
    """One use of a body: the values of its parameters and the names of its dims."""

    body: Body
    params: dict[str, Any]
    dims: dict[str, str]
    """Each dim as the body calls it, to its name that is unique among the frames around."""
    parent: Frame | None
    use: Origin | None
    """Where it is used; None for the network itself."""
    init: Mapping[str, Any] | None = None
    """What `Expansion.file_init` gives here, once it was asked for."""

    def taken_dims(self) -> set[str]:
        """The unique names of the dims of this frame and those around it."""
        taken: set[str] = set()
        frame: Frame | None = self
        while frame is not None:
            taken.update(frame.dims.values())
            frame = frame.parent
        return taken


@dataclass(slots=True, eq=False)
class ListContext:
    """Where a list of items stands while it is expanded."""

    scope: Scope
    prefix: str
    """What the positions of items are prefixed with: empty, or a hidden name for an unnamed branch."""
    names: Names
    frame: Frame
    variables: dict[str, Any]
    """The values of this turn of an `each` on a sequence."""
    phase: Phase | None
    origin: Origin | None = None
    """The use of the block or sequence that the list is written in."""
    multiplicity: int = 1
    """How many times over the repeats around it expand this list."""
    hidden: bool = False
    """Whether it is an unnamed branch, in which weights need a name of their own."""
    init: Mapping[str, Any] = field(default_factory=dict)
    allow: Mapping[str, Allowance] = field(default_factory=dict)
    count: int = 0
    _values: Mapping[str, Any] | None = None

    @property
    def sees_inside(self) -> bool:
        """Whether any node inside of a block can be read from here: only from the lists of the file itself."""
        return self.frame.use is None

    def position(self) -> str:
        """The name of the item at hand, when it has none of its own."""
        return f"{self.prefix}{self.count}"

    def path_of(self, name: str) -> str:
        """The path of something called `name` in this list."""
        return f"{self.scope.path}.{name}" if self.scope.path else name

    def values(self) -> Mapping[str, Any]:
        """What each name in an expression means here."""
        if self._values is None:
            from archspec.frontend.closures import DimName

            dims = {name: DimName(unique) for name, unique in self.frame.dims.items()}
            self._values = ChainMap(self.variables, self.frame.params, dims)
        return self._values

    def inside(self, scope: Scope | None = None, **changes: Any) -> ListContext:
        """A list inside this one: in another scope, or in the same one."""
        given = {"names": Names(self.names), "count": 0, "_values": None, "prefix": "", "hidden": False, **changes}
        return replace(self, scope=scope or self.scope, **given)


@dataclass(frozen=True, slots=True)
class Assertion:
    """What a row says of the shapes it reads or gives."""

    side: str
    """`input` or `output`."""
    shapes: tuple[tuple[Any, ...], ...]
    """One list of dims for each tensor; `_` stands for the batch."""
    span: Span
    frame: Frame
    origin: Origin | None
    sources: tuple[Value, ...] = ()
    """For `input`: what is read."""


@dataclass(slots=True, eq=False)
class Expansion:
    """The expanded spec: the parts of the graph, and for each path what it came from."""

    name: str
    params: dict[str, Any] = field(default_factory=dict)
    root: Scope = field(default_factory=lambda: Scope("", "network", None, None))
    inputs: list[GraphInput] = field(default_factory=list)
    outputs: list[GraphOutput] = field(default_factory=list)
    nodes: dict[str, Node] = field(default_factory=dict)
    scopes: dict[str, Scope] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)
    assertions: dict[str, list[Assertion]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    """Paths of nodes about which an error was reported."""
    paths: dict[str, Origin] = field(default_factory=dict)
    """Every path that is taken, and by what."""
    branch_spans: dict[str, list[Span]] = field(default_factory=dict)
    """For a join with branches: where each of them is written, in the order of its inputs."""
    hidden: dict[str, Origin] = field(default_factory=dict)
    """Paths that an unnamed branch made up."""
    dim_names: dict[str, Mapping[str, str]] = field(default_factory=dict)
    """For a use of a block: each of its dims, by the name that is unique among the blocks around, as it is written."""
    _init: dict[int, Mapping[str, Any]] = field(default_factory=dict)

    def file_init(self, frame: Frame, found: Diagnostics) -> Mapping[str, Any]:
        """The initialisers at the top of the file of a body and of the files that use it, by op; the nearest wins."""
        if frame.init is None:
            outer = self.file_init(frame.parent, found) if frame.parent is not None else {}
            frame.init = {**outer, **self._own_init(frame.body.document, found)}
        return frame.init

    def _own_init(self, document: Document, found: Diagnostics) -> Mapping[str, Any]:
        if id(document) not in self._init:
            given = document.mapping.get("init")
            self._init[id(document)] = self._read_init(given, found) if given is not None else {}
        return self._init[id(document)]

    def _read_init(self, given: language_values.Value, found: Diagnostics) -> Mapping[str, Any]:
        from archspec.frontend.initializers import read_by_op  # most specs have none

        return read_by_op(given, found)


def prefixes(path: str) -> Iterator[str]:
    """A path and its beginnings, longest first: ids may hold dots."""
    while path:
        yield path
        path = path.rpartition(".")[0]
