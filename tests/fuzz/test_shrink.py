"""Cases are made as small as they can be."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.shrink import shrink, smaller

DATA = st.recursive(
    st.integers(0, 50) | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


def size(data: Any) -> int:
    if isinstance(data, dict):
        return 100 + sum(100 + size(value) for value in data.values())
    return 100 + sum(map(size, data)) if isinstance(data, list) else 1 + data if isinstance(data, int) else 1


@given(DATA)
@settings(max_examples=30)
def test_what_is_smaller_is_smaller(data: Any) -> None:
    assert all(size(less) < size(data) for less in smaller(data))


def test_only_what_shows_it_is_left() -> None:
    data = {"a": [3, {"b": 40, "c": [1, 2]}], "d": "text"}

    def shows(found: Any) -> bool:
        return any(isinstance(item, dict) and item.get("b", 0) > 12 for item in found.get("a", ()))

    assert shrink(data, shows) == {"a": [{"b": 13}]}
