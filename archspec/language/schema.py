"""The structure of a spec: what keys a file, a block and an item may have, and the objects they are read into.

The pydantic models below say which keys there are and what each takes. What an item's own attributes may be is
the business of the op or block it names, and is checked where those are known.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from pydantic import BaseModel, ConfigDict, Field

from archspec.ir.op import Op
from archspec.language import fields
from archspec.language.expression import Expression
from archspec.language.values import Entry, Mapping, Value
from archspec.source.span import Source, Span


class Keys(BaseModel):
    """Base of the models of keys: closed, frozen, nothing coerced."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)
    required: ClassVar[tuple[str, ...]] = ()


class SpecKeys(Keys):
    """The top-level keys of a file."""

    archspec: fields.Version
    """The version of the language: 1."""
    name: fields.Name | None = None
    """What the network is called; the name of the block, when the file is included as one."""
    title: fields.Text | None = None
    """A line for people, shown in tables and figures."""
    source: fields.Text | None = None
    """Where the architecture was published."""
    include: fields.AnyList = Field(default_factory=list)
    """Files whose blocks may be used here, relative to this file."""
    extends: fields.Text | None = None
    """The spec that this one changes; `layers` is then a mapping from item path to item."""
    params: fields.AnyMapping = Field(default_factory=dict)
    """Names that `$name` stands for: a type word makes one required, a value is its default."""
    defaults: fields.AnyMapping = Field(default_factory=dict)
    """Attributes that ops and blocks written in this file have unless they say otherwise."""
    blocks: fields.AnyMapping = Field(default_factory=dict)
    """Named groups of layers that can be used like ops."""
    inputs: fields.AnyMapping = Field(default_factory=dict)
    """The tensors the network takes: `image: [N, 3, H=299, W=299]`."""
    layers: Any = None
    """The rows of the network, each feeding the next."""
    heads: fields.AnyMapping = Field(default_factory=dict)
    """Side paths that do not disturb the main path."""
    outputs: fields.PathMapping = Field(default_factory=dict)
    """What the network gives, by name; by default its last row."""
    expect: fields.AnyMapping = Field(default_factory=dict)
    """Contracts on the whole network: parameters, macs, outputs."""
    checks: fields.AnyMapping = Field(default_factory=dict)
    """Severities of rules in this file: error, warning, or off."""
    init: fields.AnyMapping = Field(default_factory=dict)
    """Initialisers by op and weight: `conv: {weight: he_normal}`."""
    training: Any = None
    weights: Any = None


class BlockKeys(Keys):
    """The keys of a block."""

    title: fields.Text | None = None
    """A line for people, shown in tables and figures."""
    source: fields.Text | None = None
    """Where the block was published."""
    params: fields.AnyMapping = Field(default_factory=dict)
    """What a use of the block may set: a type word makes one required, a value is its default."""
    in_: fields.Dims | None = Field(default=None, alias="in")
    """The dims of the only input, by names that attributes may use: `[N, C, H, W]`."""
    inputs: fields.AnyMapping = Field(default_factory=dict)
    """The inputs by name with their dims, where there are several."""
    layers: Any = None
    """The items of the block, each feeding the next."""
    heads: fields.AnyMapping = Field(default_factory=dict)
    """Side paths that do not disturb the main path."""
    outputs: fields.PathMapping = Field(default_factory=dict)
    """What the block gives, by name; by default its last item."""


class ItemKeys(Keys):
    """The keys that every item may have beside the attributes of its op or block."""

    id: fields.Id | None = None
    """Its name; by default its position in its list, as in `nn.Sequential`."""
    from_: fields.Paths | None = Field(default=None, alias="from")
    """What it reads; by default the item before it."""
    if_: fields.Switch | None = Field(default=None, alias="if")
    """Whether it is there at all, decided by parameters."""
    when: fields.Phase | None = None
    """The only phase it runs in; by default both."""
    repeat: fields.Count | None = None
    """How many times it stands in a row."""
    each: fields.Each | None = None
    """A repeat whose attributes differ by turn."""
    input: fields.Assertion | None = None
    """Asserts the shape of what it reads."""
    output: fields.Assertion | None = None
    """Asserts the shape of what it gives."""
    share: fields.Path | None = None
    """The node or block instance whose weights it uses again."""
    tie: fields.PathMapping | None = None
    """Weights that are one with another node's: `{weight: wte.weight}`."""
    init: Any = None
    """Initialisers of its weights."""
    allow: fields.TextMapping | None = None
    """Rules that are silenced here, each with the reason."""
    branches: Any = None
    """The branches that a joining op holds."""
    layers: Any = None
    """The items of a `sequence`."""
    block: fields.Name | None = None
    """On a `sequence`: the block it is a use of (canonical form)."""
    after: fields.Path | None = None
    """On a head: the item after which its weights are registered."""


class SequenceKeys(ItemKeys):
    """The keys of a `sequence`, which may also carry what a block's header has (canonical form)."""

    title: fields.Text | None = None
    """A line for people, shown in tables and figures."""
    in_: fields.Dims | None = Field(default=None, alias="in")
    """The dims of the only input, by names that attributes may use."""
    inputs: fields.AnyMapping = Field(default_factory=dict)
    """The inputs by name with their dims, where there are several."""
    outputs: fields.PathMapping = Field(default_factory=dict)
    """What it gives, by name; by default its last item."""


def keys_of(model: type[Keys]) -> tuple[str, ...]:
    """The keys of a model as they are written."""
    return tuple(field.alias or name for name, field in model.model_fields.items())


RESERVED: Final = frozenset(keys_of(ItemKeys))
"""Keys of items, and so no names of attributes or parameters."""
SEQUENCE_KEYS: Final = frozenset(keys_of(SequenceKeys))
NO_KEYS: Final = ItemKeys()
PARAMETER_TYPES: Final = ("int", "float", "bool", "str", "size", "padding", "list", "op", "dim", "any")
"""The type words of parameters."""


@dataclass(slots=True, eq=False)
class Parameter:
    """A parameter of a block or a file."""

    name: str
    type: str
    """One of `PARAMETER_TYPES`; `any` where only a default was given."""
    default: Value | None
    """None makes it required."""
    span: Span


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
    defaults: dict[str, Mapping] = field(default_factory=dict)
