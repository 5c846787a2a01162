"""Expressions: a closed little language over numbers, text and flags."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archspec.ir.dims import UNKNOWN, Dim, symbol
from archspec.language.expression import (
    MAX_LENGTH,
    MAX_NUMBER,
    MAX_RANGE,
    ExpressionError,
    is_expression,
    make_divisible,
    parse,
    parse_bare,
)

VALUES = {"a": 7, "b": 2, "half": 0.5, "word": "max", "flag": True, "sizes": [3, 1]}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$a", 7),
        ("$word", "max"),
        ("$sizes", [3, 1]),
        ("$(a + b * 3 - 1)", 12),
        ("$(a // b)", 3),
        ("$(a / b)", 3.5),
        ("$(a % b)", 1),
        ("$(-a // b)", -4),
        ("$((a + 1) * half)", 4.0),
        ("$(min(a, b, 5))", 2),
        ("$(max(a, b))", 7),
        ("$(round(a * half))", 4),
        ("$(ceil(a / b))", 4),
        ("$(floor(a / b))", 3),
        ("$(make_divisible(a * 3, 8))", 24),
        ("$(range(b, a - 1))", [2, 3, 4, 5]),
        ("$(range(a, b))", []),
        ("$(a > b)", True),
        ("$(1 < b < a)", True),
        ("$(a == 7 and not flag)", False),
        ("$(flag or a > 100)", True),
        ("$(word == 'max')", True),
        ("$(word != 'max')", False),
        ("$(flag == true)", True),
        ("$([a, b + 1])", [7, 3]),
        ("$( a )", 7),
    ],
)
def test_it_is_what_python_would_make_of_it(text: str, value: Any) -> None:
    result = parse(text).evaluate(VALUES)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "$(a ** b)", "$(a << 3)", "$(a if flag else b)", "$(lambda: 1)", "$(a.real)", "$(sizes[0])", "$(print(a))",
        "$(min(*sizes))", "$(round(a, ndigits=1))", "$(__import__('os'))", "$(f'{a}')", "$({1: 2})", "$((1, 2))",
        "$(a in sizes)", "$(~a)", "$(None)", "$(...)", "$(1j)", "$(b'x')", "$(x := 1)", "$([i for i in sizes])", "$()",
        "$(a +)", "$(a", "$a + 1", "$", "$1", "$(a) + 1", "$(é)", "$(a\\n)", "$(True)",
    ],
)  # fmt: skip
def test_nothing_else_can_be_said(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text).evaluate(VALUES)


@pytest.mark.parametrize(
    "text",
    [
        "$(a // 0)",
        "$(a % 0)",
        "$(a / 0)",
        "$(word + 1)",
        "$(flag + 1)",
        "$(word < 'n')",
        "$(-word)",
        "$(a * sizes)",
        "$(1 and 2)",
        "$(range(0, 2.5))",
        "$(range(0))",
        "$(min(range(0, 2)))",
    ],
)
def test_values_that_do_not_fit_are_reported(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text).evaluate(VALUES)


def test_size_and_depth_and_numbers_are_bounded() -> None:
    for text in (
        f"$({'1+' * MAX_LENGTH}1)",
        f"$({'(' * 60}1{')' * 60} + {'-' * 60}1)",
        "$(9999999999 * 9999999999)",
        f"$({MAX_NUMBER} + 1)",
        f"$(range(0, {MAX_RANGE} + 1))",
    ):
        with pytest.raises(ExpressionError):
            parse(text).evaluate({})


def test_dims_stay_dims() -> None:
    c = symbol("C")
    value = parse("$((C + 1) // 2 * 4)").evaluate({"C": c})
    assert isinstance(value, Dim)
    assert str(value) == str((c + 1) // 2 * 4)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("$(C / 2)", "`C / 2`: `/` does not divide dims; `//` does"),
        ("$(6 / C)", "`6 / C`: `/` does not divide dims; `//` does"),
        ("$(C > 2)", "`C > 2`: `C` is not a number at every size"),
        ("$(min(C + 1, 2))", "`min(C + 1, 2)`: `C + 1` is not a number at every size"),
        ("$(range(0, C))", "`range(0, C)`: `C` is not a number at every size"),
        *(
            (f"$({sum})", f"`{sum}`: dims are calculated with whole numbers only, and `0.5` is none; `//` divides")
            for sum in ("C * 0.5", "0.5 * C", "C + 0.5", "0.5 - C", "C // 0.5", "C % 0.5")
        ),
        ("$(C * 2.0)", "`C * 2.0`: dims are calculated with whole numbers only, and `2.0` is none; `//` divides"),
    ],
)
def test_what_cannot_be_done_with_dims_is_said(text: str, reason: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text).evaluate({"C": symbol("C")})
    assert str(caught.value) == reason


@pytest.mark.parametrize("text", ["$(C / 2)", "$(C * 0.5)", "$(2 % C)", "$(max(C, 3))", "$(round(C * 0.5) + 1)"])
def test_nothing_is_said_again_of_a_dim_that_an_error_was_reported_about(text: str) -> None:
    assert parse(text).evaluate({"C": UNKNOWN}) is UNKNOWN


def test_names_are_listed_in_order_each_once() -> None:
    assert parse("$(b + a * b + max(c, 1) + true)").names == ("b", "a", "c")
    assert parse("$(b + a)").place_of("a") == 6


def test_an_error_says_where_it_is() -> None:
    with pytest.raises(ExpressionError) as caught:
        parse("$(a + b ** 2)")
    assert "$(a + b ** 2)"[caught.value.offset : caught.value.offset + caught.value.length] == "b ** 2"


def test_a_bare_expression_stands_without_its_dollar() -> None:
    assert parse_bare("H // 2").evaluate({"H": 9}) == 4


@pytest.mark.parametrize(("value", "expected"), [("$a", True), ("a", False), (3, False), (None, False)])
def test_what_begins_with_a_dollar_is_an_expression(value: object, expected: bool) -> None:
    assert is_expression(value) is expected


@pytest.mark.parametrize(
    ("value", "divisor", "expected"), [(16 * 0.75, 8, 16), (32 * 0.35, 8, 16), (3, 8, 8), (58.5, 4, 60), (88, 8, 88)]
)
def test_make_divisible_is_that_of_mobilenet(value: float, divisor: int, expected: int) -> None:
    from torchvision.models._utils import _make_divisible

    assert make_divisible(value, divisor) == expected == _make_divisible(value, divisor)


def test_a_function_is_meant_only_where_it_is_called() -> None:
    expression = parse("$(floor(floor / 2))")
    assert expression.names == ("floor",)
    assert expression.place_of("floor") == len("$(floor(")
    assert expression.evaluate({"floor": 7}) == 3
    assert parse("$ceil").names == ("ceil",)


@given(st.text(max_size=40))
def test_whatever_is_written_is_a_value_or_an_error_with_a_place_inside(text: str) -> None:
    whole = f"$({text})"
    place = 0
    try:
        expression = parse(whole)
        expression.evaluate(VALUES | dict.fromkeys(expression.names, 3))
    except ExpressionError as error:
        place = error.offset
    assert 0 <= place <= len(whole)
