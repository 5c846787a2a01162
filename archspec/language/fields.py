"""The kinds of value that the structure of a spec is made of: names, paths, shapes, switches."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final

from archspec.ir.attributes import Accepts, one_of
from archspec.language.expression import is_expression

_WORD: Final = "[A-Za-z0-9_][A-Za-z0-9_-]{0,99}"
_ID: Final = re.compile(rf"{_WORD}(\.{_WORD}){{0,8}}\Z")
_PATH: Final = re.compile(r"\.{0,48}" + _ID.pattern)
_RANGE: Final = re.compile(
    rf"((?:{_WORD}\.){{1,8}}(?:[A-Za-z_][A-Za-z0-9_-]{{0,90}}?)?|[A-Za-z_][A-Za-z0-9_-]{{0,90}}?)"
    r"(\d{1,6})\.\.(\d{1,6})\Z"
)
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}\Z")
_MOST_TURNS_NAMED: Final = 1000
_IMAGE: Final = re.compile(r"(\d{1,10})x(\d{1,10})x(\d{1,10})\Z")

_DIM_SCHEMA: Final = {"type": ["integer", "string"], "minimum": 1}
_EXPRESSION_PATTERN: Final = r"^\$([A-Za-z_]\w*|\(.*\))$"


def is_name(text: object) -> bool:
    """Whether it can name a block, a parameter, an input, an output or a symbol."""
    return isinstance(text, str) and _NAME.match(text) is not None


@dataclass(frozen=True, slots=True)
class IdRange:
    """`denselayer1..6` or `features.6..9`: a name for each turn of a repeat."""

    stem: str
    first: int
    last: int

    def names(self) -> list[str]:
        """`denselayer1`, `denselayer2`, ..."""
        return [f"{self.stem}{number}" for number in range(self.first, self.last + 1)]


def _name(value: Any) -> str | None:
    return value if is_name(value) else None


def _is_whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _id(value: Any) -> str | IdRange | None:
    if _is_whole(value, 0):
        return str(value)
    if not isinstance(value, str):
        return None
    found = _RANGE.match(value)
    if found and int(found[2]) <= int(found[3]) < int(found[2]) + _MOST_TURNS_NAMED:
        return IdRange(found[1], int(found[2]), int(found[3]))
    return value if _ID.match(value) else None


def _path(value: Any) -> str | None:
    if _is_whole(value, 0):
        return str(value)
    return value if isinstance(value, str) and _PATH.match(value) else None


def is_path(value: object) -> bool:
    """Whether it can be the path of a node."""
    return _path(value) is not None


def _all_read(values: list[Any], read: Callable[[Any], Any]) -> tuple[Any, ...] | None:
    """Every value read, or None where one cannot be, or there is none."""
    every = tuple(read(value) for value in values)
    return every if every and None not in every else None


def _paths(value: Any) -> tuple[str, ...] | None:
    return _all_read(value if isinstance(value, list) else [value], _path)


def _switch(value: Any) -> bool | str | None:
    return value if isinstance(value, bool) or is_expression(value) else None


def _count(value: Any) -> int | str | None:
    return value if is_expression(value) or _is_whole(value, 0) else None


def _each(value: Any) -> dict[str, Any] | None:
    if not isinstance(value, dict) or not value:
        return None
    fits = all(
        is_name(name) and (is_expression(turns) or (isinstance(turns, list) and turns)) for name, turns in value.items()
    )
    return value if fits else None


def _dim(value: Any) -> int | str | None:
    return value if _is_whole(value, 1) or (isinstance(value, str) and value) else None


def _dims(value: Any) -> tuple[int | str, ...] | None:
    """`[N, 288, 35, 35]`: numbers, symbols, or expressions over symbols."""
    return _all_read(value, _dim) if isinstance(value, list) else None


def _image(value: Any) -> tuple[int | str, ...] | None:
    """The paper's `35x35x288`, height x width x channels, as dims; `_` stands for the batch."""
    found = _IMAGE.match(value) if isinstance(value, str) else None
    if found is None:
        return None
    height, width, channels = map(int, found.groups())
    return ("_", channels, height, width)


def _assertion(value: Any) -> tuple[tuple[int | str, ...], ...] | None:
    """One asserted shape an input."""
    if isinstance(value, list) and any(isinstance(item, list) or _image(item) for item in value):
        return _all_read(value, lambda item: _image(item) or _dims(item))
    one = _image(value) or _dims(value)
    return (one,) if one is not None else None


def _text_mapping(value: Any) -> dict[str, str] | None:
    fits = isinstance(value, dict) and all(isinstance(text, str) and text.strip() for text in value.values())
    return value if fits else None


def _path_mapping(value: Any) -> dict[str, str] | None:
    if not isinstance(value, dict):
        return None
    paths = _all_read(list(value.values()), _path)
    return dict(zip(value, paths, strict=True)) if paths is not None else None


def _mapping(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


def _sequence(value: Any) -> list[Any] | None:
    return value if isinstance(value, list) else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _version(value: Any) -> int | None:
    return 1 if _is_whole(value, 1) and value == 1 else None


_PATH_SCHEMA: Final = {"type": ["string", "integer"]}
Version = Annotated[int, Accepts(_version, "1, the version of the language", {"const": 1})]
Text = Annotated[str, Accepts(_text, "text", {"type": "string", "minLength": 1})]
Name = Annotated[
    str,
    Accepts(
        _name,
        "a name: letters, digits and `_`, not beginning with a digit",
        {"type": "string", "pattern": _NAME.pattern[:-2] + "$"},
    ),
]
Id = Annotated[
    Any,
    Accepts(
        _id,
        "a name of letters, digits, `_` and `-` (or `name1..6` to name the turns of a repeat, a thousand at most)",
        {"type": ["string", "integer"]},
    ),
]
Path = Annotated[str, Accepts(_path, "the path of a node, such as `mixed5.2`", _PATH_SCHEMA)]
Paths = Annotated[
    tuple[str, ...],
    Accepts(
        _paths,
        "the path of a node, or a list of them",
        {"type": ["string", "integer", "array"], "items": _PATH_SCHEMA, "minItems": 1},
    ),
]
Switch = Annotated[
    Any,
    Accepts(
        _switch,
        "true, false, or an expression such as `$activate`",
        {"type": ["boolean", "string"], "pattern": _EXPRESSION_PATTERN},
    ),
]
Count = Annotated[
    Any,
    Accepts(
        _count,
        "a whole number of times, or an expression",
        {"type": ["integer", "string"], "minimum": 0, "pattern": _EXPRESSION_PATTERN},
    ),
]
Each = Annotated[
    dict[str, Any],
    Accepts(
        _each,
        "an attribute with a list of its values, one for each turn, such as `{pool: [32, 64, 64]}`",
        {"type": "object", "minProperties": 1, "additionalProperties": {"type": ["array", "string"], "minItems": 1}},
    ),
]
Phase = Annotated[str, one_of("training", "eval")]
Dims = Annotated[
    tuple[Any, ...],
    Accepts(
        _dims, "a list of dims, such as `[N, 3, 299, 299]`", {"type": "array", "minItems": 1, "items": _DIM_SCHEMA}
    ),
]
Assertion = Annotated[
    tuple[Any, ...],
    Accepts(
        _assertion,
        "a shape: `35x35x288` (height x width x channels) or a list such as `[N, 288, 35, 35]`",
        {"type": ["string", "array"], "pattern": _IMAGE.pattern[:-2] + "$", "minItems": 1},
    ),
]
TextMapping = Annotated[
    dict[str, str],
    Accepts(
        _text_mapping,
        'rules, each with the reason why, such as `{dead-node: "kept for its weights"}`',
        {"type": "object", "additionalProperties": {"type": "string", "minLength": 1}},
    ),
]
PathMapping = Annotated[
    dict[str, str],
    Accepts(
        _path_mapping,
        "names, each with the path of a node",
        {"type": "object", "minProperties": 1, "additionalProperties": _PATH_SCHEMA},
    ),
]
AnyMapping = Annotated[dict[str, Any], Accepts(_mapping, "a mapping", {"type": "object"})]
AnyList = Annotated[list[Any], Accepts(_sequence, "a list", {"type": "array"})]
