"""The laws of dims: arithmetic on them is arithmetic on whole numbers, and equal ones are one value."""

from __future__ import annotations

from collections.abc import Callable
from math import gcd
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from archspec.ir.dims import TOO_LONG, UNKNOWN, Dim, DimTooLarge, Size, are_equal, evaluate, product, symbol, symbols

Expression = tuple[Any, ...]
"""`("H",)`, `(3,)`, or an operation over expressions: the same tree is computed on dims and on numbers."""

SIZES = range(1, 201)


def compute(tree: Expression, leaf: Callable[[str], Size]) -> Size:
    match tree:
        case (str(name),):
            return leaf(name)
        case (int(number),):
            return number
        case ("+", left, right):
            return compute(left, leaf) + compute(right, leaf)
        case ("-", left, right):
            return compute(left, leaf) - compute(right, leaf)
        case ("*", left, right):
            return compute(left, leaf) * compute(right, leaf)
        case ("//", left, int(by)):
            return compute(left, leaf) // by
        case ("%", left, int(by)):
            return compute(left, leaf) % by
        case ("ceil", left, int(by)):
            return -(-compute(left, leaf) // by)
    raise AssertionError(tree)


def expressions(*names: str, products: bool) -> st.SearchStrategy[Expression]:
    leaves = st.tuples(st.sampled_from(names)) | st.tuples(st.integers(-9, 9))

    def grow(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
        divided = st.tuples(st.sampled_from(["//", "%", "ceil"]), inner, st.integers(1, 4))
        added = st.tuples(st.sampled_from(["+", "-"]), inner, inner)
        times = st.tuples(st.just("*"), inner, inner if products else st.tuples(st.integers(-4, 4)))
        return divided | added | times

    return st.recursive(leaves, grow, max_leaves=6)


def at(dim: Size, **sizes: int) -> int:
    value = evaluate(dim, sizes)
    assert isinstance(value, int)
    return value


@settings(max_examples=300, deadline=None)
@given(expressions("H", "W", products=True), st.integers(1, 60), st.integers(1, 60))
def test_arithmetic_on_dims_is_arithmetic_on_whole_numbers(tree: Expression, height: int, width: int) -> None:
    sizes = {"H": height, "W": width}
    assert evaluate(compute(tree, symbol), sizes) == compute(tree, sizes.__getitem__)


@settings(max_examples=300, deadline=None)
@given(expressions("H", "W", products=True), st.integers(1, 60), st.integers(1, 60))
def test_symbols_can_be_filled_in_one_after_the_other(tree: Expression, height: int, width: int) -> None:
    dim = compute(tree, symbol)
    half = evaluate(dim, {"H": height})
    assert symbols(half) <= {"W"}
    assert evaluate(half, {"W": width}) == evaluate(dim, {"H": height, "W": width})


@given(expressions("H", "W", products=True))
def test_the_sides_of_a_dim_are_equal_where_it_is_0(tree: Expression) -> None:
    dim = compute(tree, symbol)
    if not isinstance(dim, Dim):
        return
    left, right = dim.sides
    assert not any(count < 0 for side in (left, right) if isinstance(side, Dim) for _, count in side.terms)
    assert gcd(*(count for _, count in dim.terms)) * (left - right) in (dim, -dim)


@settings(max_examples=300, deadline=None)
@given(expressions("H", products=False), expressions("H", products=False))
def test_equality_over_one_symbol_is_what_trying_every_size_says(left: Expression, right: Expression) -> None:
    first, second = compute(left, symbol), compute(right, symbol)
    equal = [at(first, H=size) == at(second, H=size) for size in SIZES]
    found = are_equal(first, second)
    if all(equal):
        assert found is True
    elif any(equal):
        assert found is None
    else:
        assert found is False or _meets_beyond(first - second)


def _meets_beyond(difference: Size) -> bool:
    return any(at(difference, H=size) == 0 for size in range(SIZES.stop, 20_000))


@settings(max_examples=300, deadline=None)
@given(expressions("H", products=False), st.integers(1, 4), st.integers(-9, 9))
def test_what_is_one_function_is_one_value(tree: Expression, by: int, more: int) -> None:
    dim = compute(tree, symbol)
    assume(isinstance(dim, Dim))
    for same, other in [
        ((dim * by) // by, dim),
        ((dim + more * by) // by, dim // by + more),
        (dim - (dim - more), more),
    ]:
        assert same == other
        assert hash(same) == hash(other)
        assert str(same) == str(other)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(-7, 7), st.integers(1, 4)), max_size=8))
def test_a_chain_of_strides_is_one_floor(strides: list[tuple[int, int]]) -> None:
    chain: Size = symbol("H")
    modulus, offset = 1, 0
    for more, by in strides:
        chain = (chain + more) // by
        offset, modulus = offset + more * modulus, modulus * by
    assert chain == (symbol("H") + offset) // modulus


@pytest.mark.parametrize(
    ("dim", "text"),
    [
        (symbol("H"), "H"),
        ((symbol("H") - 3) // 2 + 1, "floor((H - 1)/2)"),
        (-(-symbol("H") // 2), "floor((H + 1)/2)"),
        (((symbol("H") - 1) // 2 - 1) // 2, "floor((H - 3)/4)"),
        (symbol("H") * symbol("W") * 64, "64*H*W"),
        (2 * symbol("H") - 1, "2*H - 1"),
        (5 - symbol("H"), "-H + 5"),
        (symbol("T") // 4, "floor(T/4)"),
    ],
)
def test_dims_read_as_they_are_written_in_papers(dim: Size, text: str) -> None:
    assert str(dim) == text


def test_a_dim_without_symbols_is_a_plain_number() -> None:
    height = symbol("H")
    for number in (height - height, height * 0, (height * 2 + 1) % 2):
        assert isinstance(number, int)
    assert product((2, 3, 4)) == 24
    assert product(()) == 1


def test_unknown_swallows_all_arithmetic() -> None:
    height = symbol("H")
    for dim in (UNKNOWN + 1, 2 - UNKNOWN, height * UNKNOWN, UNKNOWN // 2, -UNKNOWN, product((2, UNKNOWN, height))):
        assert dim is UNKNOWN
    assert are_equal(UNKNOWN, 3) is None
    assert evaluate(UNKNOWN, {"H": 1}) is UNKNOWN
    assert str(UNKNOWN) == "?"


def test_dims_of_several_symbols_are_compared_by_form_alone() -> None:
    height, width = symbol("H"), symbol("W")
    assert are_equal(height * width, width * height) is True
    assert are_equal(height, width) is None
    assert are_equal(height * width + 1, width * height) is False


def test_a_dim_is_divided_by_whole_numbers_only() -> None:
    with pytest.raises(DimTooLarge, match="only a whole number can divide a dim"):
        symbol("H") // symbol("W")
    with pytest.raises(ZeroDivisionError):
        symbol("H") // 0


def test_a_dim_of_too_many_terms_is_refused() -> None:
    total = product(tuple(sum((symbol(f"S{axis}_{index}") for index in range(8)), start=1) for axis in range(2)))
    with pytest.raises(DimTooLarge, match="256 terms"):
        product((total, total))


@given(expressions("H", "W", products=True))
def test_an_amount_too_long_to_tell_swallows_all_arithmetic(tree: Expression) -> None:
    dim = compute(tree, symbol)
    for made in (TOO_LONG + dim, dim + TOO_LONG, TOO_LONG - dim, dim - TOO_LONG, 3 * TOO_LONG, TOO_LONG // 2):
        assert made is TOO_LONG
    assert evaluate(TOO_LONG, {"H": 3}) is TOO_LONG
    assert are_equal(dim, TOO_LONG) is None
