"""Numbers that are short, bars, and text that stays within its columns."""

from __future__ import annotations

import pytest

from archspec.ir.dims import Size, symbol
from archspec.render.layout import WIDTH, bar, from_the_end, labelled, percent, short, value_text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, ""),
        (None, ""),
        (999, "999"),
        (1000, "1.00k"),
        (81_920, "81.9k"),
        (999_499, "999k"),
        (999_500, "1.00M"),
        (23_834_568, "23.8M"),
        (5_713_216_096, "5.71G"),
        (10**18, "1.00e+18"),
        (symbol("H") * 4, "4*H"),
        (symbol("H") * symbol("W") * 102400, "102400..."),
    ],
)
def test_numbers_have_three_digits(number: Size | None, text: str) -> None:
    assert short(number) == text


@pytest.mark.parametrize(
    ("share", "text"), [(0.0, "0%"), (0.004, "0.4%"), (0.0995, "10%"), (0.62, "62%"), (1.0, "100%")]
)
def test_shares_are_percents(share: float, text: str) -> None:
    assert percent(share) == text


def test_bars_are_as_long_as_what_they_show() -> None:
    full = "\u2588"
    assert [bar(share, 4, ascii_only=False) for share in (0.0, 1 / 32, 0.5, 1.0)] == ["", "\u258f", full * 2, full * 4]
    assert [bar(share, 4, ascii_only=True) for share in (0.0, 0.5, 1.0)] == ["", "##", "####"]


def test_long_paths_keep_their_end() -> None:
    assert from_the_end("features.3.branch1", 18, ascii_only=False) == "features.3.branch1"
    assert from_the_end("features.3.branch1", 10, ascii_only=False) == "\u20263.branch1"
    assert from_the_end("features.3.branch1", 10, ascii_only=True) == "...branch1"


def test_long_facts_go_on_below_their_beginning() -> None:
    first, second = labelled([("fact", "word " * 25), ("other", "")], indent="  ").splitlines()[:2]
    assert first.startswith("  fact   word word")
    assert second.startswith("         word")
    assert len(first) <= WIDTH


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "none"),
        (True, "true"),
        ((1, 7), "1x7"),
        ((0, 3), "[0, 3]"),
        ((0, 2, 3, 1), "[0, 2, 3, 1]"),
        ((), "[]"),
        (1.0, "1"),
        (0.1234567, "0.1234567"),
        (["a\x1b", None, 0.5], "[a\\x1b, none, 0.5]"),
    ],
)
def test_values_are_written_as_specs_write_them_and_cannot_move_the_cursor(value: object, text: str) -> None:
    assert value_text(value) == text


def test_a_fact_has_room_beside_a_label_of_any_length() -> None:
    fact = "a side that is as long as what is read"
    assert labelled([("T" * (2 * WIDTH), fact)]) == f"{'T' * (2 * WIDTH)}  {fact}\n"
