"""Random rows of specs, as data: uses of all ops, joins with branches, sequences, repeats and blocks."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from math import prod
from random import Random
from typing import Any, TypeAlias

from archspec.ir.dims import Dim
from archspec.ir.op import Op
from archspec.ir.types import TensorType
from archspec.ops import find, names
from tests.fuzz.attributes import random_attributes
from tests.fuzz.partial import type_after
from tests.ops.runner import infer

Row: TypeAlias = dict[str, Any]
Rows: TypeAlias = tuple[list[Row], TensorType]
"""Rows, and the type that the last of them gives."""

_Maker: TypeAlias = "Callable[[TensorType, Sequence[Named], int], Rows | None]"

_TRIES = 6
_MOST_ELEMENTS = 20_000
_RANKS = range(2, 6)


@dataclass(slots=True)
class Named:
    """A row of a list that later ones can read."""

    name: str
    type: TensorType
    op: str = ""
    given: TensorType | None = None


@dataclass(slots=True)
class Writer:
    """Writes rows that the shape rules of their ops accept; what is around them is for the laws to judge."""

    random: Random
    blocks: dict[str, Any] = field(default_factory=dict)
    """The definitions of blocks that rows may use."""
    numbers: Iterator[int] = field(default_factory=count)

    def rows(
        self, given: TensorType, most: int, depth: int, inputs: Sequence[str] = ()
    ) -> tuple[list[Row], TensorType, list[Named]]:
        """A list of rows, the type that it ends with, and what has a name in it besides inputs of the type given."""
        rows: list[Row] = []
        named = [Named(name, given) for name in inputs]
        current = given
        for _ in range(self.random.randint(1, most)):
            more, after = self._next(current, named, depth)
            if after == current and self.random.random() < 0.05:
                more = [_conditional(row, self.random) for row in more]
            self._remember(more[-1], current, after, named)
            rows += more
            current = after
        return rows, current, named[len(inputs) :]

    def _next(self, given: TensorType, named: Sequence[Named], depth: int) -> Rows:
        for _ in range(_TRIES):
            found = self.random.choice(self._makers(depth))(given, named, depth)
            if found is not None and self._is_wanted(found[1], given):
                return found
        return [self._row("identity", {})], given

    def _makers(self, depth: int) -> Sequence[_Maker]:
        """Ops most of the time."""
        composite = [self._join, self._sequence] if depth else []
        uses = [self._use] if self.blocks else []
        return [*[self._op] * 6, *composite, *uses, self._shared]

    def _kinds(self) -> Sequence[Sequence[type[Op]]]:
        """The ops that rows use, in lists that are drawn equally often."""
        return _by_category()

    def _is_wanted(self, after: TensorType, given: TensorType) -> bool:
        """Whether rows do not end what there is to draw: small space and few axes come late."""
        sides = [side for side in after.shape if isinstance(side, int)]
        if after.rank not in _RANKS or prod(sides) > _MOST_ELEMENTS:
            return False
        shrinks = after.rank < given.rank or not after.is_floating or max(sides[2:], default=3) < 3
        return not shrinks or self.random.random() < 0.2

    def _row(self, name: str, attributes: Mapping[str, Any], named: float = 0.6) -> Row:
        own = {"id": f"n{next(self.numbers)}"} if self.random.random() < named else {}
        return {name: own | dict(attributes)}

    def _op(self, given: TensorType, named: Sequence[Named], depth: int) -> Rows | None:
        kind = self.random.choice(self.random.choice(self._kinds()))
        reads = self._reads(kind, given, named)
        if reads is None:
            return None
        types = [read.type for read in reads] if reads else [given]
        attributes = random_attributes(kind, self.random.choice(kind.examples), types, self.random, wild=0)
        after = _types_after(kind, attributes, types)
        if after is None:
            return None
        wiring = {"from": [read.name for read in reads]} if reads else {}
        return self._with_ports(kind, wiring | attributes, given, after)

    def _reads(self, kind: type[Op], given: TensorType, named: Sequence[Named]) -> Sequence[Named] | None:
        """What an op of several inputs reads, of what has a name; `()` for the row before; None where it cannot."""
        if len(kind.inputs) == 1 and not kind.variadic:
            return ()
        number = self.random.randint(2, 3) if kind.variadic else len(kind.inputs)
        fitting = [one for one in named if one.type == given or self.random.random() < 0.3]
        return self.random.choices(fitting, k=number) if fitting else None

    def _with_ports(
        self, kind: type[Op], attributes: Mapping[str, Any], given: TensorType, after: Sequence[TensorType]
    ) -> Rows:
        """The row of an op, and one that picks an output where there are several."""
        ports = kind.model_validate(_own(attributes)).output_names()
        row = _spoken(self._row(kind.name, attributes, named=0.6 if len(ports) == 1 else 1), given)
        if len(ports) == 1:
            return [row], after[0]
        port = self.random.randrange(len(ports))
        return [row, self._row("identity", {"from": f"{_id(row)}.{ports[port]}"})], after[port]

    def _join(self, given: TensorType, named: Sequence[Named], depth: int) -> Rows | None:
        kind = self.random.choice([kind for kind in _catalogue() if kind.variadic])
        first, *_ = self.rows(given, 3, depth - 1)
        branches = [first]
        for _ in range(self.random.randint(1, 2)):
            roll = self.random.random()
            branches.append(
                [] if roll < 0.3 else self._again(first) if roll < 0.7 else self.rows(given, 2, depth - 1)[0]
            )
        self.random.shuffle(branches)
        return self._typed([self._row(kind.name, {"branches": self._branches(branches)})], given)

    def _again(self, rows: list[Row]) -> list[Row]:
        """Other rows that do the same, so that branches agree."""
        copy = deepcopy(rows)
        renamed = {name: f"n{next(self.numbers)}" for name in _ids(copy)}
        again: list[Row] = _renamed(copy, renamed)
        return again

    def _branches(self, branches: list[list[Row]]) -> Any:
        if self.random.random() < 0.7:
            return {f"b{next(self.numbers)}": rows for rows in branches}
        return [[{"sequence": {"id": f"n{next(self.numbers)}", "layers": rows}}] if rows else [] for rows in branches]

    def _sequence(self, given: TensorType, named: Sequence[Named], depth: int) -> Rows | None:
        rows, after, _ = self.rows(given, 3, depth - 1)
        turns = {"repeat": self.random.randint(1, 3)} if after == given else {}
        return self._typed([self._row("sequence", turns | {"layers": rows})], given)

    def _use(self, given: TensorType, named: Sequence[Named], depth: int) -> Rows | None:
        name = self.random.choice([*self.blocks])
        params = {
            param: self.random.choice([value, value * 2, self.random.randint(1, 9)])
            for param, value in self.blocks[name].get("params", {}).items()
            if self.random.random() < 0.5
        }
        turns = self._turns(params)
        kept = {} if "each" in turns else params
        return self._typed([self._row(name, kept | turns)], given)

    def _turns(self, params: Mapping[str, int]) -> Row:
        """How often a block is used in a row, and with what each time."""
        turns = self.random.randint(1, 3)
        if self.random.random() < 0.7:
            return {}
        each = {name: [self.random.choice([value, value + 1]) for _ in range(turns)] for name, value in params.items()}
        return {"each": each} if each and self.random.random() < 0.5 else {"repeat": turns}

    def _shared(self, given: TensorType, named: Sequence[Named], depth: int) -> Rows | None:
        """Another use of a row's weights."""
        owners = [one for one in named if one.op and one.given == given]
        if not owners:
            return None
        owner = self.random.choice(owners)
        return [self._row(owner.op, {"share": owner.name})], owner.type

    def _typed(self, rows: list[Row], given: TensorType) -> Rows | None:
        after = type_after(rows, given, self.blocks)
        return (rows, after) if after is not None else None

    def _remember(self, row: Row, given: TensorType, after: TensorType, named: list[Named]) -> None:
        ((name, attributes),) = row.items()
        if "id" in attributes and "repeat" not in attributes and "each" not in attributes:
            own = "from" not in attributes and "share" not in attributes and "branches" not in attributes
            is_op = find(name) is not None and own
            named.append(Named(attributes["id"], after, name if is_op else "", given if is_op else None))


@cache
def _catalogue() -> tuple[type[Op], ...]:
    return tuple(kind for name in names() if (kind := find(name)) is not None)


@cache
def _by_category() -> tuple[tuple[type[Op], ...], ...]:
    found: dict[str, list[type[Op]]] = defaultdict(list)
    for kind in _catalogue():
        if kind.inputs:
            found[kind.category].append(kind)
    return tuple(map(tuple, found.values()))


def _types_after(
    kind: type[Op], attributes: Mapping[str, Any], given: Sequence[TensorType]
) -> tuple[TensorType, ...] | None:
    try:
        op = kind.model_validate(dict(attributes))
    except ValueError:
        return None
    types, must = infer(op, *given)
    return types if not (must.failures or must.skipped or must.doubts) else None


def _own(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if name not in ("from", "id")}


def _conditional(row: Row, random: Random) -> Row:
    """A row that may not be there; it has no name, as it could not be read then."""
    ((name, attributes),) = row.items()
    unnamed = {key: value for key, value in attributes.items() if key != "id"}
    return {name: {"if": random.choice([True, False, "$(1 > 2)"])} | unnamed}


def _id(row: Row) -> str:
    ((_, attributes),) = row.items()
    found: str = attributes["id"]
    return found


def _ids(data: Any) -> list[str]:
    if isinstance(data, dict):
        own = [data["id"]] if isinstance(data.get("id"), str) else []
        return own + [name for value in data.values() for name in _ids(value)]
    return [name for item in data for name in _ids(item)] if isinstance(data, list) else []


def _renamed(data: Any, names: Mapping[str, str]) -> Any:
    if isinstance(data, dict):
        return {key: _renamed(value, names) for key, value in data.items()}
    if isinstance(data, list):
        return [_renamed(item, names) for item in data]
    if isinstance(data, str):
        stem, dot, rest = data.partition(".")
        return names.get(stem, stem) + dot + rest
    return data


def _spoken(row: Row, given: TensorType) -> Row:
    """A row with attributes that follow its input, inside of a sequence that gives the sides of that names."""
    ((name, attributes),) = row.items()
    if not any(_follows(value) for value in attributes.values()):
        return row
    named = [f"S{axis}" for axis in range(given.rank)]
    return {"sequence": {"id": attributes.pop("id", "s"), "in": named, "layers": [{name: _written(attributes)}]}}


def _follows(value: Any) -> bool:
    return any(map(_follows, value)) if isinstance(value, list | tuple) else isinstance(value, Dim)


def _written(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _written(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_written(item) for item in value]
    if not isinstance(value, Dim):
        return value
    divided = re.sub(r"floor\((.*)/(\d+)\)", r"((\1) // \2)", str(value))
    return "$(" + re.sub(r"x\[(\d+)\]", r"S\1", divided) + ")"
