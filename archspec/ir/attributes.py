"""What an attribute of an op may be: one check, one sentence for what is wrong, one schema a type.

Each type is an `Annotated` alias over one `Accepts`, so that a bad value is one pydantic error whose message reads
`expected ...`, and so that its JSON Schema has no alternatives that an editor would complain about one by one.
Nothing is coerced: `"64"` is not 64, `true` is not 1, `64.0` is not a whole number. Whole numbers stay below 2**31.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

from pydantic_core import PydanticCustomError, core_schema

from archspec.ir.dims import LIMIT, MAX_AXES, Dim, Size

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

_LARGEST: Final = LIMIT - 1
_SIDE: Final = "(0|[1-9][0-9]{0,9})"
SIDE: Final = re.compile(r"x(\d*)\[(\d+)\]")
"""The symbol for a side of an input: see `archspec.ir.own_sizes`."""
_BY: Final = re.compile(f"{_SIDE}(x{_SIDE})+")


@dataclass(frozen=True, slots=True, eq=False)
class Accepts:
    """The values an attribute accepts, for use in `Annotated[type, Accepts(...)]`."""

    read: Callable[[Any], Any]
    """Gives the value in its normal form; `None` when it is not accepted."""
    expected: str
    """What is accepted, as the end of the sentence `expected ...`."""
    schema: dict[str, Any]
    """The same as JSON Schema."""
    by_axis: bool = False
    """Whether a list has an item for an axis of a tensor."""

    def validate(self, value: Any) -> Any:
        """The value in its normal form; raises `PydanticCustomError` of type `expected`."""
        accepted = self.read(value)
        if accepted is not None:
            return accepted
        if _is_whole(value) and abs(value) > _LARGEST:
            raise PydanticCustomError("expected", f"expected a number of at most {_LARGEST}")
        if self.by_axis and isinstance(value, list | tuple) and len(value) > MAX_AXES:
            raise PydanticCustomError("expected", f"expected a list of at most {MAX_AXES}: a tensor has no more axes")
        raise PydanticCustomError("expected", f"expected {self.expected}")

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.validate)

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return dict(self.schema)


def wrong_value(attribute: str, expected: str) -> PydanticCustomError:
    """The error of a check over several attributes: `attribute` is the one to change, `expected` what it should be."""
    return PydanticCustomError("expected", f"expected {expected}", {"attribute": attribute})


def whole(least: int, expected: str) -> Accepts:
    """Whole numbers from `least`."""
    schema = {"type": "integer", "minimum": least, "maximum": _LARGEST}
    return Accepts(lambda value: value if _is_whole(value) and least <= value <= _LARGEST else None, expected, schema)


def number(expected: str, *, least: float = -math.inf, most: float = math.inf, above: float = -math.inf) -> Accepts:
    """Finite numbers from `least` to `most` and greater than `above`; whole ones become floats."""

    def read(value: Any) -> float | None:
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _LARGEST_FLOAT:
            return None
        return float(value) if least <= value <= most and value > above else None

    limits = {"minimum": least, "maximum": most, "exclusiveMinimum": above}
    return Accepts(read, expected, {"type": "number"} | {key: by for key, by in limits.items() if math.isfinite(by)})


def one_of(*words: str) -> Accepts:
    """One of some words."""
    *most, last = (f"`{word}`" for word in words)
    return Accepts(
        lambda value: value if isinstance(value, str) and value in words else None,
        f"{', '.join(most)} or {last}",
        {"type": "string", "enum": list(words)},
    )


def sizes(least: int, expected: str, words: tuple[str, ...] = ()) -> Accepts:
    """A number for every spatial axis, or one for all: `3`, `3x3`, `[3, 3]`, or one of `words`."""

    def read(value: Any) -> int | str | tuple[int, ...] | None:
        if isinstance(value, str):
            if value in words:
                return value
            value = [int(side) for side in value.split("x")] if _BY.fullmatch(value) else None
        if isinstance(value, list | tuple):
            fits = value and all(_is_whole(side) and least <= side <= _LARGEST for side in value)
            return tuple(value) if fits else None
        return value if _is_whole(value) and least <= value <= _LARGEST else None

    side = _SIDE.replace("0|", "") if least else _SIDE
    item = {"type": "integer", "minimum": least, "maximum": _LARGEST}
    pattern = f"^({'|'.join([f'{side}(x{side})+', *words])})$"
    schema = item | {"type": ["integer", "string", "array"], "pattern": pattern, "items": item, "minItems": 1}
    return Accepts(read, expected, schema)


def wholes(least: int, expected: str, *, fewest: int = 1) -> Accepts:
    """A list of whole numbers from `least`."""

    def read(value: Any) -> tuple[int, ...] | None:
        if not isinstance(value, list | tuple) or len(value) < fewest:
            return None
        return tuple(value) if all(_is_whole(item) and least <= item <= _LARGEST for item in value) else None

    item = {"type": "integer", "minimum": least, "maximum": _LARGEST}
    return Accepts(read, expected, {"type": "array", "items": item, "minItems": fewest})


def of_axes(many: Accepts) -> Accepts:
    """The same for lists that have an item for an axis of a tensor, which has no more than `MAX_AXES`."""

    def read(value: Any) -> Any:
        return None if isinstance(value, list | tuple) and len(value) > MAX_AXES else many.read(value)

    return Accepts(read, many.expected, many.schema | {"maxItems": MAX_AXES}, by_axis=True)


def _read_numbers(value: Any) -> float | tuple[float, ...] | None:
    read = NUMBER.read
    if not isinstance(value, list | tuple):
        found: float | None = read(value)
        return found
    numbers = [read(item) for item in value]
    return None if not numbers or None in numbers else tuple(numbers)


def _read_dims(value: Any) -> tuple[Size, ...] | None:
    if not isinstance(value, list | tuple) or not value:
        return None
    fits = ((_is_whole(item) and (item == -1 or 1 <= item <= _LARGEST)) or _is_of_sides(item) for item in value)
    return tuple(value) if all(fits) else None


def _is_of_sides(value: Any) -> bool:
    return isinstance(value, Dim) and all(map(SIDE.fullmatch, value.symbols))


def _read_flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_LARGEST_FLOAT: Final = 3.4028235e38
"""Weights and activations are float32, so a larger number would be infinite."""

NUMBER: Final = number("a number")
SIZE: Final = sizes(1, "a positive whole number, a size such as `3x3`, or a list such as [3, 3]")
NUMBERS: Final = Accepts(
    _read_numbers,
    "a number, or a list with one for each channel",
    {"type": ["number", "array"], "items": {"type": "number"}, "minItems": 1},
)
COUNT: Final = whole(1, "a positive whole number")
AXIS: Final = whole(-_LARGEST, "a whole number, the number of an axis: 1, or -1 for the last")
COUNTS: Final = wholes(1, "a list of positive whole numbers such as [64, 64]", fewest=2)

DIMS: Final = of_axes(
    Accepts(
        _read_dims,
        "a list of sizes such as [$N, 12, -1]",
        {"type": "array", "items": {"type": ["integer", "string"], "minimum": -1, "pattern": "^\\$"}, "minItems": 1},
    )
)
"""What marks an attribute whose sizes may follow the sides of inputs: see `archspec.ir.own_sizes`."""

Count: TypeAlias = Annotated[int, COUNT]
"""How many: channels, groups."""
OptionalCount: TypeAlias = Annotated[int | None, COUNT]
"""A `Count` that may be left out (but not written as `null`)."""
Counts: TypeAlias = Annotated[tuple[int, ...], COUNTS]
"""Several counts."""
OptionalCounts: TypeAlias = Annotated[tuple[int, ...] | None, COUNTS]
"""`Counts` that may be left out."""
Shape: TypeAlias = Annotated[tuple[int, ...], of_axes(wholes(1, "a list of positive whole numbers such as [1, 768]"))]
"""The sides of a tensor."""
Dims: TypeAlias = Annotated[tuple[Size, ...], DIMS]
"""Sizes that may be sides of inputs, or computed of them; -1 where the op says what that means."""
Axis: TypeAlias = Annotated[int, AXIS]
"""An axis, counted from 0, or from -1 backwards."""
OptionalAxis: TypeAlias = Annotated[int | None, AXIS]
"""An `Axis` that may be left out."""
Axes: TypeAlias = Annotated[tuple[int, ...], of_axes(wholes(-_LARGEST, "a list of axes such as [0, 2, 3, 1]"))]
"""Several axes."""
Sizes: TypeAlias = Annotated[int | tuple[int, ...], SIZE]
"""A size in space: a kernel, a stride."""
OptionalSizes: TypeAlias = Annotated[int | tuple[int, ...] | None, SIZE]
"""A size that may be left out."""
Distances: TypeAlias = Annotated[
    int | tuple[int, ...], sizes(0, "a whole number of 0 or more, a size such as `0x1`, or a list such as [0, 1]")
]
"""How far along every spatial axis: a margin, a shift."""
Padding: TypeAlias = Annotated[
    int | str | tuple[int, ...],
    sizes(0, "`valid`, `same`, a whole number of 0 or more, or a list such as [1, 1]", ("valid", "same")),
]
"""What is added on each side of every spatial axis."""
Number: TypeAlias = Annotated[float, NUMBER]
"""A finite number."""
OptionalNumber: TypeAlias = Annotated[float | None, NUMBER]
"""A number that may be left out."""
PositiveNumber: TypeAlias = Annotated[float, number("a number above 0", above=0)]
"""A finite number above 0."""
NonNegativeNumber: TypeAlias = Annotated[float, number("a number of 0 or more", least=0)]
"""A finite number from 0."""
Fraction: TypeAlias = Annotated[float, number("a number from 0 to 1", least=0, most=1)]
"""A probability or a share."""
OptionalNumbers: TypeAlias = Annotated[float | tuple[float, ...] | None, NUMBERS]
"""One number, or one for each channel; may be left out."""
Flag: TypeAlias = Annotated[bool, Accepts(_read_flag, "true or false", {"type": "boolean"})]
"""Yes or no."""
