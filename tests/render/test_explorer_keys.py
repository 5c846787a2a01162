"""The explorer without a pointer."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from tests.programs import needs
from tests.render.explored import Open

pytestmark = needs("chromium")


def test_arrows_begin_with_the_input(explore: Open, inception: dict[str, Any]) -> None:
    seen = explore(inception)
    seen.press("ArrowDown")
    assert seen.selected == "image"
    seen.press("ArrowDown")
    assert seen.selected == "Conv2d_1a_3x3"
    seen.press("/", "Escape")  # out of the search, to the drawing
    assert seen.page.evaluate("document.activeElement.dataset.part") == str(seen.index("Conv2d_1a_3x3"))
    seen.press("Escape", "/", "x", "Escape", "ArrowUp")
    assert seen.selected == "image"


def test_everything_can_be_done_with_keys(explore: Open, inception: dict[str, Any]) -> None:
    seen = explore(inception)
    seen.box("input:image").focus()
    seen.press("ArrowDown", "ArrowDown")
    assert seen.selected == "Conv2d_2a_3x3"
    assert seen.page.evaluate("document.activeElement.dataset.part") == str(seen.index("Conv2d_2a_3x3"))
    seen.press("ArrowUp", "Enter", "ArrowDown")  # what opens keeps the focus
    assert seen.selected == "Conv2d_2a_3x3"
    seen.press("ArrowUp", "Backspace")
    assert (seen.selected, seen.is_open("Conv2d_1a_3x3")) == ("Conv2d_1a_3x3", True)
    seen.press("Enter")
    assert not seen.is_open("Conv2d_1a_3x3")
    seen.page.evaluate("location.hash = 'Mixed_5b.branch5x5_1'")
    expect(seen.path).to_have_text("Mixed_5b.branch5x5_1")
    seen.box("Mixed_5b.branch5x5_1").focus()
    seen.press("ArrowRight")
    right = seen.selected
    seen.press("ArrowLeft")
    assert right != seen.selected == "Mixed_5b.branch5x5_1"
    seen.press("?")
    assert seen.page.get_by_role("dialog", name="Exploring").is_visible()
    seen.press("Escape")
    assert seen.page.get_by_role("dialog").count() == 0
    assert seen.selected == "Mixed_5b.branch5x5_1"
    seen.press("Escape")
    assert seen.selected == ""


def test_the_outline_is_a_tree(explore: Open, inception: dict[str, Any]) -> None:
    seen = explore(inception)
    assert seen.page.get_by_role("treeitem").count() == len(inception["parts"][inception["root"]]["members"])
    seen.page.locator("#search").focus()
    seen.press("Tab", "End", "Home", "ArrowDown", "ArrowRight")
    first = seen.outline("Conv2d_1a_3x3")
    assert (first.get_attribute("aria-expanded"), first.get_attribute("aria-level")) == ("true", "1")
    seen.press("ArrowRight", "Enter")
    assert seen.selected == "Conv2d_1a_3x3.conv"
    assert seen.outline("Conv2d_1a_3x3.conv").get_attribute("aria-selected") == "true"
    seen.press("ArrowLeft", "ArrowLeft")
    assert first.get_attribute("aria-expanded") == "false"
    first.locator(".chevron").click()
    seen.settle()
    assert seen.is_open("Conv2d_1a_3x3")
