"""The search of the explorer: by name, op or shape, from hit to hit."""

from __future__ import annotations

from typing import Any

import pytest

from tests.programs import needs
from tests.render.explored import Open

pytestmark = needs("chromium")

TURNS = "Mixed_5b..Mixed_5d"
LAYER = "Mixed_5b.branch5x5_2"


def test_search_goes_from_hit_to_hit_and_opens_what_hides_them(explore: Open, inception: dict[str, Any]) -> None:
    seen = explore(inception)
    seen.press("/")
    seen.page.keyboard.type("Branch5x5_2 conv")
    assert seen.text("#hit-count") == "3 parts found"
    assert "holds-hit" in (seen.box(TURNS).get_attribute("class") or "")
    seen.press("Enter")
    assert (seen.selected, seen.text("#hit-count")) == (LAYER, "1 of 3 parts")
    assert LAYER in seen.text("#hits [aria-current]")
    assert "hit" in (seen.box(LAYER).get_attribute("class") or "").split()
    seen.press("Enter")
    assert seen.selected == "Mixed_5c.branch5x5_2"
    seen.press("Shift+Enter")
    assert seen.selected == LAYER
    seen.page.locator("#hits a").last.click()
    seen.settle()
    assert seen.selected == "Mixed_5d.branch5x5_2"
    seen.press("/", "Escape")
    assert seen.page.locator("#hits").is_hidden()
    assert seen.selected == "Mixed_5d.branch5x5_2"
    seen.press("Escape")
    assert seen.selected == ""


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("5x5 conv branch5x5_2", 3),
        ("Mixed_5b.branch5x5_2", 1),  # and not what is in it
        ("branch5x5_2.bn", 3),
        ("1x7", 13),  # a layer is one with its convolution
        ("35x35x288", 3),
        ("[n, 768, 17, 17] concat", 5),
        ("7x1 relu", 13),
        ("7x1 pooling", 0),
        ("affine", 0),  # an attribute that no label tells of
        ("false", 0),
    ],
)
def test_names_ops_and_shapes_are_found(explore: Open, inception: dict[str, Any], query: str, count: int) -> None:
    seen = explore(inception)
    seen.page.fill("#search", query)
    assert seen.text("#hit-count") == f"{count} part{'s' if count != 1 else ''} found"


def test_what_is_in_an_open_layer_is_found_beside_it(explore: Open, inception: dict[str, Any]) -> None:
    seen = explore(inception, f"{LAYER}.conv")
    seen.page.fill("#search", "branch5x5_2 conv")
    assert seen.page.locator("#hits .link-path").all_inner_texts() == [
        LAYER, f"{LAYER}.conv", "Mixed_5c.branch5x5_2", "Mixed_5d.branch5x5_2",
    ]  # fmt: skip
