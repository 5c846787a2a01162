"""The kinds of value that the structure of a spec is made of: names, paths, shapes, switches."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Final

from archspec.ir.expected import Expected
from archspec.language.expression import is_expression

_ID: Final = re.compile(r"[A-Za-z0-9_]{1,100}(\.[A-Za-z0-9_]{1,100}){0,8}\Z")
_RANGE: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]{0,90}?)(\d{1,6})\.\.(\d{1,6})\Z")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}\Z")
_IMAGE: Final = re.compile(r"(\d{1,10})x(\d{1,10})x(\d{1,10})\Z")

_DIM_SCHEMA: Final = {"type": ["integer", "string"], "minimum": 1}
_EXPRESSION_PATTERN: Final = r"^\$([A-Za-z_]\w*|\(.*\))$"


def is_name(text: object) -> bool:
    """Whether it can name a block, a parameter, an input, an output or a symbol."""
    return isinstance(text, str) and _NAME.match(text) is not None


@dataclass(frozen=True, slots=True)
class IdRange:
    """`denselayer1..6`: a name for each turn of a repeat."""

    stem: str
    first: int
    last: int

    def names(self) -> list[str]:
        """`denselayer1`, `denselayer2`, ..."""
        return [f"{self.stem}{number}" for number in range(self.first, self.last + 1)]


def _name(value: Any) -> str:
    if not is_name(value):
        raise ValueError
    return str(value)


def _id(value: Any) -> str | IdRange:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return str(value)
    if isinstance(value, str):
        if _ID.match(value):
            return value
        found = _RANGE.match(value)
        if found and int(found[2]) <= int(found[3]):
            return IdRange(found[1], int(found[2]), int(found[3]))
    raise ValueError


def _path(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return str(value)
    if isinstance(value, str) and _ID.match(value):
        return value
    raise ValueError


def _paths(value: Any) -> tuple[str, ...]:
    if isinstance(value, list):
        if not value:
            raise ValueError
        return tuple(_path(item) for item in value)
    return (_path(value),)


def _switch(value: Any) -> bool | str:
    if isinstance(value, bool) or is_expression(value):
        return value  # type: ignore[no-any-return]
    raise ValueError


def _count(value: Any) -> int | str:
    if is_expression(value) or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
        return value  # type: ignore[no-any-return]
    raise ValueError


def _each(value: Any) -> dict[str, list[Any] | str]:
    if not isinstance(value, dict) or not value:
        raise ValueError
    for name, turns in value.items():
        if not is_name(name) or not (is_expression(turns) or (isinstance(turns, list) and turns)):
            raise ValueError
    return value


def _dims(value: Any) -> tuple[int | str, ...]:
    """`[N, 288, 35, 35]`: numbers, symbols, or expressions over symbols."""
    if not isinstance(value, list) or not value:
        raise ValueError
    for dim in value:
        whole = isinstance(dim, int) and not isinstance(dim, bool) and dim >= 1
        if not whole and not (isinstance(dim, str) and dim):
            raise ValueError
    return tuple(value)


def _assertion(value: Any) -> tuple[tuple[int | str, ...], ...]:
    """One asserted shape an input: the paper's `35x35x288` (height x width x channels), or a list of dims."""
    if isinstance(value, str):
        return (_image(value),)
    if isinstance(value, list) and value and all(isinstance(item, list) or _is_image(item) for item in value):
        return tuple(_image(item) if isinstance(item, str) else _dims(item) for item in value)
    return (_dims(value),)


def _is_image(value: Any) -> bool:
    return isinstance(value, str) and _IMAGE.match(value) is not None


def _image(value: str) -> tuple[int | str, ...]:
    found = _IMAGE.match(value)
    if not found:
        raise ValueError
    height, width, channels = map(int, found.groups())
    return ("_", channels, height, width)


def _text_mapping(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(text, str) and text.strip() for text in value.values()):
        raise ValueError
    return value


def _path_mapping(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not value:
        raise ValueError
    return {name: _path(path) for name, path in value.items()}


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError
    return value


def _sequence(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError
    return value


def _count_contract(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError
    return value


def _version(value: Any) -> int:
    if value is True or value != 1:
        raise ValueError
    return 1


def _phase(value: Any) -> str:
    if value not in ("training", "eval"):
        raise ValueError
    return str(value)


_PATH_SCHEMA: Final = {"type": ["string", "integer"]}
Version = Annotated[int, Expected("1, the version of the language", _version, {"const": 1})]
Text = Annotated[str, Expected("text", _text, {"type": "string", "minLength": 1})]
Name = Annotated[
    str,
    Expected(
        "a name: letters, digits and `_`, not beginning with a digit",
        _name,
        {"type": "string", "pattern": _NAME.pattern[:-2] + "$"},
    ),
]
Id = Annotated[
    Any,
    Expected(
        "a name of letters, digits and `_` (or `name1..6` to name the turns of a repeat)",
        _id,
        {"type": ["string", "integer"]},
    ),
]
Path = Annotated[str, Expected("the path of a node, such as `mixed5.2`", _path, _PATH_SCHEMA)]
Paths = Annotated[
    tuple[str, ...],
    Expected(
        "the path of a node, or a list of them",
        _paths,
        {"type": ["string", "integer", "array"], "items": _PATH_SCHEMA, "minItems": 1},
    ),
]
Switch = Annotated[
    Any,
    Expected(
        "true, false, or an expression such as `$activate`",
        _switch,
        {"type": ["boolean", "string"], "pattern": _EXPRESSION_PATTERN},
    ),
]
Count = Annotated[
    Any,
    Expected(
        "a whole number of times, or an expression",
        _count,
        {"type": ["integer", "string"], "minimum": 0, "pattern": _EXPRESSION_PATTERN},
    ),
]
Each = Annotated[
    dict[str, Any],
    Expected(
        "an attribute with a list of its values, one for each turn, such as `{pool: [32, 64, 64]}`",
        _each,
        {"type": "object", "minProperties": 1, "additionalProperties": {"type": ["array", "string"], "minItems": 1}},
    ),
]
Phase = Annotated[str, Expected("`training` or `eval`", _phase, {"enum": ["training", "eval"]})]
Dims = Annotated[
    tuple[Any, ...],
    Expected(
        "a list of dims, such as `[N, 3, 299, 299]`", _dims, {"type": "array", "minItems": 1, "items": _DIM_SCHEMA}
    ),
]
Assertion = Annotated[
    tuple[Any, ...],
    Expected(
        "a shape: `35x35x288` (height x width x channels) or a list such as `[N, 288, 35, 35]`",
        _assertion,
        {"type": ["string", "array"], "pattern": _IMAGE.pattern[:-2] + "$", "minItems": 1},
    ),
]
TextMapping = Annotated[
    dict[str, str],
    Expected(
        'rules, each with the reason why, such as `{dead-node: "kept for its weights"}`',
        _text_mapping,
        {"type": "object", "additionalProperties": {"type": "string", "minLength": 1}},
    ),
]
PathMapping = Annotated[
    dict[str, str],
    Expected(
        "names, each with the path of a node",
        _path_mapping,
        {"type": "object", "minProperties": 1, "additionalProperties": _PATH_SCHEMA},
    ),
]
AnyMapping = Annotated[dict[str, Any], Expected("a mapping", _mapping, {"type": "object"})]
AnyList = Annotated[list[Any], Expected("a list", _sequence, {"type": "array"})]
WholeNumber = Annotated[int, Expected("a whole number", _count_contract, {"type": "integer", "minimum": 0})]
