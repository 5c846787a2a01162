"""Random specs, as data: inputs, blocks with parameters, layers, heads for one phase, outputs; and mistakes in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from random import Random
from typing import Any, TypeAlias

from archspec.ir.dims import symbol
from archspec.ir.types import TensorType
from tests.fuzz.rows import Named, Row, Writer

Spec: TypeAlias = dict[str, Any]

_KEYS = ("id", "from", "repeat", "each", "if", "when", "share", "in", "archspec", "branches", "layers")
"""What is no attribute of an op."""
_MISTAKEN = 0.4
"""The share of specs that something is changed in."""


def random_spec(random: Random) -> Spec:
    """A spec that ought to be accepted, or one in which something was changed."""
    spec = random_sound_spec(random)
    for _ in range(random.randint(1, 2) if random.random() < _MISTAKEN else 0):
        _change(spec, random)
    return spec


def random_sound_spec(random: Random, kind: type[Writer] = Writer) -> Spec:
    """A spec that ought to be accepted, its rows written by a kind of writer."""
    declared, given = _input(random)
    writer = kind(random)
    for number in range(random.randint(0, 2)):
        writer.blocks[f"block{number}"] = _block(writer, given)
    inputs = ["x", "y"] if random.random() < 0.15 else ["x"]
    rows, last, named = writer.rows(given, random.choice([4, 8, 16, 24]), depth=2, inputs=inputs)
    rows = [{"add": {"from": inputs}}, *rows] if len(inputs) > 1 else rows
    params = _with_parameters(rows, random, "p") if random.random() < 0.5 else {}
    spec: Spec = {"archspec": 1, "name": "random"} | ({"params": params} if params else {})
    spec |= {"inputs": dict.fromkeys(inputs, declared)} | ({"blocks": writer.blocks} if writer.blocks else {})
    ending: list[Row] = [{"global_avg_pool": {"keep": False}}, {"linear": {"features": 3}}]
    pooled = last.rank in (3, 4, 5) and last.dtype == "float32" and isinstance(last.shape[1], int)
    rows += ending if pooled and random.random() < 0.3 else []
    spec["layers"] = [*rows, {"identity": {"id": "last"}}]
    outputs = {"last": "last"} | {
        one.name: one.name for one in random.sample(named, min(len(named), random.randint(0, 2)))
    }
    if named and random.random() < 0.4:
        spec["heads"] = {"aux": _head(writer, random.choice(named))}
        outputs["aux"] = "aux"
    return spec | {"outputs": outputs, "checks": {"dead-node": "off"}}


def _input(random: Random) -> tuple[Any, TensorType]:
    """The declaration of an input, and its type: a sequence, an image, a volume, vectors or words."""
    batch = symbol("N")
    if random.random() < 0.15:
        length = random.randint(2, 9)
        return {"shape": ["N", f"T={length}"], "dtype": "int64", "below": 8}, TensorType((batch, length), "int64")
    axes = random.choice([0, 1, 2, 2, 2, 2, 3])
    channels = random.choice([2, 3, 4, 4, 6, 8])
    sides = [random.randint(4, 16 if axes < 3 else 9) for _ in range(axes)]
    if axes == 2 and random.random() < 0.4:
        sides = [sides[0]] * 2
    free = random.random()
    names = "LHWD"[:1] if axes == 1 else "HWD"[:axes]
    if free < 0.1:
        return ["N", channels, *names], TensorType((batch, channels, *map(symbol, names)))
    declared = sides if free < 0.2 else [f"{name}={side}" for name, side in zip(names, sides, strict=True)]
    dtype = random.choice(["float64", "float16", "bfloat16"]) if random.random() < 0.1 else "float32"
    shape = ["N", channels, *declared]
    return {"shape": shape, "dtype": dtype}, TensorType((batch, channels, *sides), dtype)


def _block(writer: Writer, given: TensorType) -> Spec:
    rows, *_ = writer.rows(given, 4, depth=1)
    params = _with_parameters(rows, writer.random, "width")
    block: Spec = {"params": params} if params else {}
    if writer.random.random() < 0.6 and given.rank > 1 and isinstance(given.shape[1], int):
        block["in"] = [f"B{axis}" for axis in range(given.rank)]
        _follow(rows, given.shape[1], writer.random)
    return block | {"layers": rows}


def _head(writer: Writer, read: Named) -> Spec:
    rows, *_ = writer.rows(read.type, 3, depth=1)
    if writer.random.random() < 0.5:
        phase = writer.random.choice(["training", "training", "eval"])
        rows = [{"sequence": {"when": phase, "layers": rows}}]
    return {"from": read.name, "layers": rows}


def _numbers(data: Any) -> list[tuple[Any, Any]]:
    """The places of whole numbers among the attributes of rows."""
    return [(holder, key) for holder, key in _places(data) if key not in _KEYS and _is_count(holder[key])]


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _with_parameters(rows: list[Row], random: Random, name: str) -> dict[str, int]:
    """Let one number of some rows be a parameter, with it as the default."""
    places = _numbers(rows)
    if not places:
        return {}
    holder, key = random.choice(places)
    value = holder[key]
    holder[key] = random.choice([f"${name}", f"$({name} * 1)", f"$({name} + 1 - 1)"])
    return {name: value}


def _follow(rows: list[Row], channels: int, random: Random) -> None:
    """Let a number of some rows that equals the channels of a block's input be that."""
    places = [(holder, key) for holder, key in _numbers(rows) if holder[key] == channels]
    if places:
        holder, key = random.choice(places)
        holder[key] = random.choice(["$B1", "$(B1 // 1)", "$(2 * B1 - B1)"])


def _change(spec: Spec, random: Random) -> None:
    """Change something: a number, a name, a row that is twice there, missing, or where another was."""
    anywhere = [*_places(spec)]
    leaves = [(holder, key) for holder, key in _places(spec.get("layers")) if not isinstance(holder[key], dict | list)]
    holder, key = random.choice(leaves if leaves and random.random() < 0.7 else anywhere)
    roll = random.random()
    if roll < 0.2:
        del holder[key]
    elif roll < 0.5 and isinstance(holder, list):
        holder.insert(key, deepcopy(random.choice(holder)))
    elif roll < 0.6 and isinstance(holder, list):
        random.shuffle(holder)
    else:
        holder[key] = _other(holder[key], _names(spec), random)


def _places(data: Any) -> Iterator[tuple[Any, Any]]:
    """The mapping or list that each value stands in, and its key there."""
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in pairs:
        yield data, key
        yield from _places(value)


def _names(spec: Spec) -> list[str]:
    return ["in", "x", "last", *(holder[key] for holder, key in _places(spec) if key == "id")]


def _other(value: Any, names: Sequence[Any], random: Random) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return random.choice([0, 1, 2, 3, 4, value + 1, value * 2, max(value - 1, 0)])
    if isinstance(value, float):
        return random.choice([0.0, 1.0, -value, 2])
    if isinstance(value, str):
        return random.choice([random.choice(names), "same", "valid", "$p", "$B1", "$N", "3x3", "training"])
    return random.choice([1, "x", [], {}])
