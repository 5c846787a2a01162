from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archspec.source.sanitize import brief, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("conv_bn é 日本", "conv_bn é 日本"),
        ("a\x1b[2J", "a\\x1b[2J"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\x9b31m", "\\x9b31m"),
        ("safe\u202etxt", "safe\\u202etxt"),
        ("a\u2028b", "a\\u2028b"),
        ("\ud800", "\\ud800"),
    ],
)
def test_characters_that_a_terminal_acts_on_are_shown_as_escapes(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(st.characters()))
def test_visible_text_is_one_line_that_can_be_encoded_and_stays_as_it_is(text: str) -> None:
    shown = visible(text)
    assert shown.encode("utf-8").decode("utf-8") == shown
    assert len(shown.splitlines()) <= 1
    assert visible(shown) == shown


def test_long_names_are_cut_off() -> None:
    assert brief("x" * 60) == "x" * 60
    assert brief("x" * 61) == "x" * 57 + "..."
