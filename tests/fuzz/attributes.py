"""Random attributes of any op, from what its fields say they accept and from the values that its examples have."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from math import prod
from random import Random
from typing import Any

from pydantic.fields import FieldInfo

from archspec.ir.attributes import DIMS, Accepts
from archspec.ir.dims import Dim
from archspec.ir.op import Example, Op
from archspec.ir.own_sizes import at_inputs, own_size
from archspec.ir.types import TensorType

_KEPT = 0.5
"""How often an attribute of an example stays as it is: ops with many demands would be refused nearly always."""
_NUMBERS = (0, 1, 2, -1, 0.5, 0.1, 1e-5, 1.5, 3)


def random_attributes(
    op: type[Op], example: Example, inputs: Sequence[TensorType], random: Random, wild: float = 0.02
) -> dict[str, Any]:
    """Attributes like those of an example; a share `wild` of them has a value that may be none."""
    found: dict[str, Any] = {}
    for name, field in op.model_fields.items():
        if name in example.attributes and random.random() < _KEPT and _fits(example.attributes[name], inputs):
            found[name] = example.attributes[name]
        elif field.is_required() or random.random() < 0.4:
            found[name] = random.choice(_WILD) if random.random() < wild else _value(op, name, field, inputs, random)
    return deepcopy(found)  # what is drawn may be changed, and the examples are not


_WILD: tuple[Any, ...] = (0, -1, -3, True, "3", "x", [], [1], [0, 0], 1.5, None)


def accepts(field: FieldInfo) -> Accepts:
    """What a field accepts: the last that is said of it counts."""
    return next(each for each in reversed(field.metadata) if isinstance(each, Accepts))


def _fits(value: Any, inputs: Sequence[TensorType]) -> bool:
    """Whether the inputs have the sides that a value speaks of: a spec cannot speak of others."""
    if isinstance(value, list | tuple):
        return all(_fits(item, inputs) for item in value)
    try:
        return not isinstance(value, Dim) or at_inputs(value, inputs) is not None
    except IndexError:
        return False


def _value(op: type[Op], name: str, field: FieldInfo, inputs: Sequence[TensorType], random: Random) -> Any:
    values = [example.attributes[name] for example in op.examples if name in example.attributes]
    known = [value for value in values if _fits(value, inputs)]
    if known and random.random() < 0.3:
        return random.choice(known)
    schema = accepts(field).schema
    if DIMS in field.metadata and inputs and random.random() < 0.5:
        return [_dim(inputs, random) for _ in range(random.randint(1, 4))]
    return _of_schema(schema, known, inputs, random)


def _of_schema(schema: Mapping[str, Any], known: Sequence[Any], inputs: Sequence[TensorType], random: Random) -> Any:
    if "enum" in schema:
        return random.choice(schema["enum"])
    kinds = schema["type"]
    kind = kinds if isinstance(kinds, str) else random.choice(kinds)
    if kind == "boolean":
        return random.random() < 0.5
    if kind == "integer":
        return _whole(schema, inputs, random)
    if kind == "number":
        least, most = schema.get("minimum", -3), schema.get("maximum", 3)
        return min(max(random.choice(_NUMBERS), least), most)
    if kind == "array":
        fewest = schema.get("minItems", 1)
        length = random.choice([*_lengths(known), fewest, *(given.rank for given in inputs), random.randint(1, 4)])
        items = schema.get("items", {"type": "integer"})
        return [_of_schema(items, (), inputs, random) for _ in range(max(fewest, length))]
    return _word(schema, known, random)


def _lengths(known: Sequence[Any]) -> list[int]:
    return [len(value) for value in known if isinstance(value, list | tuple)]


def _whole(schema: Mapping[str, Any], inputs: Sequence[TensorType], random: Random) -> int:
    """Mostly a small number, or one that has to do with the sides of the inputs."""
    least: int = schema.get("minimum", 0)
    sides = [side for given in inputs for side in given.shape if isinstance(side, int)]
    if least < -8:
        return random.randint(-5, 5)
    if not sides or random.random() < 0.5:
        return random.randint(least, max(least, 1) + random.choice([1, 3, 8]))
    side = random.choice(sides)
    related = [side, side + 1, *(by for by in range(1, side) if side % by == 0), prod(random.choices(sides, k=2))]
    return max(least, random.choice(related))


def _dim(inputs: Sequence[TensorType], random: Random) -> Any:
    port = random.randrange(len(inputs))
    if not inputs[port].rank or random.random() < 0.4:
        return random.choice([-1, _whole({"minimum": 1}, inputs, random)])
    side: Any = own_size(random.randrange(inputs[port].rank), port)
    return random.choice([side, side, side, side * 2, side // 2, side + 1])


def _word(schema: Mapping[str, Any], known: Sequence[Any], random: Random) -> str:
    """One of the words of a pattern, a size such as `2x3`, or a text of an example with a character changed."""
    texts = [text for text in known if isinstance(text, str)]
    words: list[str] = re.findall(r"\|([a-z_]+)(?=[|)])", schema.get("pattern", ""))
    if words and random.random() < 0.7:
        return random.choice(words)
    if "x" in schema.get("pattern", "x"):
        return "x".join(str(random.randint(0, 3)) for _ in range(random.randint(2, 3)))
    return _changed(random.choice(texts), random) if texts else ""


def _changed(text: str, random: Random) -> str:
    place = random.randrange(len(text))
    return text[:place] + random.choice(["", text[place] * 2, random.choice(text)]) + text[place + 1 :]
