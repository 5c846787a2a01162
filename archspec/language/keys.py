"""The keys that a file, a block and an item may have, and what each takes.

What an item's own attributes may be is the business of the op or block it names, and is checked where those are known.
"""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

from typing import Any, ClassVar, Final

from pydantic import BaseModel, ConfigDict, Field

from archspec.language import fields


class Keys(BaseModel):
    """Base of the models of keys: closed, frozen, nothing coerced."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
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
    include: fields.AnyList = []
    """Files whose blocks may be used here, relative to this file."""
    extends: fields.Text | None = None
    """The spec that this one changes; `layers` is then a mapping from item path to item."""
    params: fields.AnyMapping = {}
    """Names that `$name` stands for: a type word makes one required, a value is its default."""
    defaults: fields.AnyMapping = {}
    """Attributes that ops and blocks written in this file have unless they say otherwise."""
    blocks: fields.AnyMapping = {}
    """Named groups of layers that can be used like ops."""
    inputs: fields.AnyMapping = {}
    """The tensors the network takes: `image: [N, 3, H=299, W=299]`."""
    layers: Any = None
    """The rows of the network, each feeding the next."""
    heads: fields.AnyMapping = {}
    """Side paths that do not disturb the main path."""
    outputs: fields.PathMapping = {}
    """What the network gives, by name; by default its last row."""
    expect: fields.AnyMapping = {}
    """Contracts on the whole network: parameters, macs, outputs."""
    checks: fields.AnyMapping = {}
    """Severities of rules in this file: error, warning, or off."""
    init: fields.AnyMapping = {}
    """Initialisers by op and weight: `conv: {weight: he_normal}`."""
    training: fields.AnyMapping = {}
    """How the network is trained: losses, optimiser, schedule."""
    weights: fields.AnyMapping = {}
    """Named key maps: how the names in published files of weights become the keys here."""


class BlockKeys(Keys):
    """The keys of a block."""

    title: fields.Text | None = None
    """A line for people, shown in tables and figures."""
    source: fields.Text | None = None
    """Where the block was published."""
    params: fields.AnyMapping = {}
    """What a use of the block may set: a type word makes one required, a value is its default."""
    in_: fields.Dims | None = Field(default=None, alias="in")
    """The dims of the only input, by names that attributes may use: `[N, C, H, W]`."""
    inputs: fields.AnyMapping = {}
    """The inputs by name with their dims, where there are several."""
    layers: Any = None
    """The items of the block, each feeding the next."""
    heads: fields.AnyMapping = {}
    """Side paths that do not disturb the main path."""
    outputs: fields.PathMapping = {}
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
    inputs: fields.AnyMapping = {}
    """The inputs by name with their dims, where there are several."""
    outputs: fields.PathMapping = {}
    """What it gives, by name; by default its last item."""


def keys_of(model: type[Keys]) -> tuple[str, ...]:
    """The keys of a model as they are written."""
    return tuple(field.alias or name for name, field in model.model_fields.items())


RESERVED: Final = frozenset(keys_of(ItemKeys))
"""Keys of items, and so no names of attributes or parameters."""
BESIDE_ATTRIBUTES: Final = tuple(
    key for key in keys_of(ItemKeys) if key not in ("branches", "layers", "block", "after")
)
"""The keys that may be meant by a name that is no attribute: those that fit on any item."""
SEQUENCE_KEYS: Final = frozenset(keys_of(SequenceKeys))
NO_KEYS: Final = ItemKeys()
PARAMETER_TYPES: Final = ("int", "float", "bool", "str", "size", "padding", "list", "op", "dim", "any")
"""The type words of parameters."""
