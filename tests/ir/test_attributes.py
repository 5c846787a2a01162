"""A bad value of an attribute is one error that says what was expected; nothing is coerced."""

from __future__ import annotations

import math
from typing import Any

import jsonschema
import pytest
from pydantic import TypeAdapter, ValidationError

from archspec.ir import attributes

ACCEPTED: list[tuple[str, Any, Any]] = [
    ("Count", 64, 64),
    ("Count", 2**31 - 1, 2**31 - 1),
    ("Axis", -1, -1),
    ("Axes", [0, 2, -1], (0, 2, -1)),
    ("Sizes", 3, 3),
    ("Sizes", "3x3", (3, 3)),
    ("Sizes", "1x7x1", (1, 7, 1)),
    ("Sizes", [3, 5], (3, 5)),
    ("Padding", "same", "same"),
    ("Padding", "valid", "valid"),
    ("Padding", 0, 0),
    ("Padding", [0, 3], (0, 3)),
    ("Padding", "0x3", (0, 3)),
    ("Number", 2, 2.0),
    ("Number", -1e-3, -1e-3),
    ("PositiveNumber", 1e-5, 1e-5),
    ("NonNegativeNumber", 0, 0.0),
    ("Fraction", 1, 1.0),
    ("Flag", True, True),
    ("Shape", [1, 197, 768], (1, 197, 768)),
    ("Counts", [1, 2], (1, 2)),
    ("OptionalNumbers", [1, 2.5], (1.0, 2.5)),
    ("OptionalNumbers", 0.5, 0.5),
]
REFUSED: list[tuple[str, Any]] = [
    *(("Count", value) for value in ["64", 64.0, 64.5, True, 0, -1, None, 2**31, [64]]),
    *(("Sizes", value) for value in ["3", "0x3", "3x", "3x3 ", "03x3", 0, [], [3, 0], [3, "3"], {}, "same", None]),
    *(("Padding", value) for value in ["full", -1, [-1, 0], 1.0, True, None]),
    *(("Number", value) for value in ["1", True, math.inf, math.nan, 10**400, None]),
    *(("PositiveNumber", value) for value in [0, -1]),
    *(("NonNegativeNumber", value) for value in [-1e-9]),
    *(("Fraction", value) for value in [1.5, -0.1, "0.5"]),
    *(("Flag", value) for value in [1, 0, "true", None]),
    *(("Counts", value) for value in [[64], 64, [64, 0]]),
    *(("OptionalNumbers", value) for value in [[], ["1"], None]),
    *(("Axis", value) for value in [1.0, "1", True]),
]


def adapter(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(getattr(attributes, name))


@pytest.mark.parametrize(("name", "value", "normal"), ACCEPTED)
def test_a_good_value_comes_in_its_normal_form(name: str, value: object, normal: object) -> None:
    found = adapter(name).validate_python(value)
    assert found == normal
    assert type(found) is type(normal)


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_a_bad_value_is_one_error_that_says_what_was_expected(name: str, value: object) -> None:
    with pytest.raises(ValidationError) as refused:
        adapter(name).validate_python(value)
    (error,) = refused.value.errors()
    assert error["type"] == "expected"
    assert error["msg"].startswith("expected ")


def test_a_number_beyond_the_largest_is_told_the_largest() -> None:
    with pytest.raises(ValidationError, match="expected a number of at most 2147483647"):
        adapter("Count").validate_python(2**31)


@pytest.mark.parametrize(("name", "value", "_"), ACCEPTED)
def test_the_schema_accepts_what_is_accepted(name: str, value: object, _: object) -> None:
    jsonschema.validate(value, adapter(name).json_schema())


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_the_schema_refuses_what_is_refused_with_no_alternatives(name: str, value: object) -> None:
    schema = adapter(name).json_schema()
    assert "anyOf" not in schema
    if isinstance(value, float) and (value.is_integer() or not math.isfinite(value)):
        return  # JSON cannot write infinity, and 64.0 is a whole number to it
    assert list(jsonschema.Draft202012Validator(schema).iter_errors(value)) or value == 10**400
