"""The structure of a spec: the objects that its text is read into."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from archspec.ir.op import Op
from archspec.language import fields
from archspec.language.expression import Expression
from archspec.language.keys import NO_KEYS, ItemKeys, SpecKeys
from archspec.language.values import Entry, Mapping, Value
from archspec.source.span import Source, Span


@dataclass(slots=True, eq=False)
class Parameter:
    """A parameter of a block or a file."""

    name: str
    type: str
    """One of `PARAMETER_TYPES`; `any` where only a default was given."""
    default: Value | None
    """None makes it required."""
    span: Span
    broken: bool = False
    """Whether an error was reported about it, so that its missing value is not reported too."""


@dataclass(slots=True, eq=False)
class InputDeclaration:
    """An input of a block or a file."""

    name: str
    dims: tuple[Any, ...] | None
    """Numbers, symbols, `H=299`, or expressions; None where a block declares none."""
    span: Span
    dims_value: Value | None = None
    dtype: str = "float32"
    below: Any = None
    constraints: tuple[tuple[str, Span], ...] = ()
    broken: bool = False
    """Whether an error was reported about its dims."""


@dataclass(slots=True, eq=False)
class Branch:
    """A branch of a joining op, or a head."""

    name: str | None
    span: Span
    items: list[Item]
    single: bool
    """Written as one item (`b0: {conv: ...}`), which then stands at the branch's own path."""
    from_: tuple[str, Span] | None = None
    condition: Entry | None = None


@dataclass(slots=True, eq=False)
class Item:
    """One row: the use of an op, a block or a structure."""

    name: str
    """What it is a use of."""
    span: Span
    """Where that name is written."""
    document: Document
    attributes: dict[str, Entry]
    shorthand: Value | None = None
    keys: ItemKeys = NO_KEYS
    entries: dict[str, Entry] = field(default_factory=dict)
    """Where its reserved keys are written."""
    branches: list[Branch] | None = None
    layers: list[Item] | None = None
    body: Body | None = None
    """For a `sequence` with a header of its own: that header."""
    target: Any = None
    """What its name means, once resolved: an op class, a `Body`, or one of the structures."""
    arguments: dict[str, Argument] = field(default_factory=dict)
    """Its attributes with defaults, once resolved."""
    op: Op | None = None
    """The op itself, when nothing in it depends on parameters or dims."""
    broken: bool = False
    """Whether an error was reported about it, so that nothing more is said of what follows from it."""
    init: dict[str, Any] = field(default_factory=dict)
    """Its initialisers, once resolved: by weight, or on a block or sequence by op and weight."""


@dataclass(frozen=True, slots=True)
class Argument:
    """The value of an attribute: plain, or an expression still to be evaluated."""

    value: Any
    entry: Entry | None
    expressions: tuple[Expression, ...] = ()
    """What stands in it, at any depth; empty for a plain value."""


@dataclass(slots=True, eq=False)
class Body:
    """What a file and a block have in common: parameters, inputs, layers, heads and outputs."""

    name: str
    span: Span
    """Where its name is written."""
    document: Document
    params: dict[str, Parameter] = field(default_factory=dict)
    inputs: list[InputDeclaration] = field(default_factory=list)
    """Empty where a block declares none: then it has one, called `in`."""
    layers: list[Item] = field(default_factory=list)
    heads: list[Branch] = field(default_factory=list)
    outputs: dict[str, tuple[str, Span]] = field(default_factory=dict)
    """Name to path and where it is written; empty for the last item."""
    title: str | None = None
    is_file: bool = False

    @property
    def dim_names(self) -> frozenset[str]:
        """The symbols that its inputs bind."""
        return frozenset(
            dim.partition("=")[0].strip()
            for declaration in self.inputs
            for dim in declaration.dims or ()
            if isinstance(dim, str) and fields.is_name(dim.partition("=")[0].strip())
        )


@dataclass(slots=True, eq=False)
class Document:
    """One file."""

    source: Source
    mapping: Mapping
    keys: SpecKeys
    body: Body | None = None
    """The network it describes; None for a file of blocks."""
    blocks: dict[str, Body] = field(default_factory=dict)
    """The blocks written in it."""
    visible: dict[str, Body] = field(default_factory=dict)
    """The blocks that its items may use: its own and the included ones."""
    is_complete: bool = True
    """Whether every file that it includes could be read."""
    defaults: dict[str, Mapping] = field(default_factory=dict)
