"""The page of two networks that are compared, as a reader has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from archspec.analysis.diff.networks import diff
from archspec.ir.graph import Graph
from archspec.render.explorer.comparison import comparison_data
from tests.graphs import Sketch
from tests.programs import needs
from tests.render.explored import HOSTILE, Open, comparison_of

pytestmark = needs("chromium")

SPECS = Path(__file__).parents[2] / "specs"
BLOCK = "b:inception3a"
TURNS = "b:inception3a..inception3b"
GONE = "a:inception3a.branch2.0"


@pytest.fixture(scope="module")
def naive() -> dict[str, Any]:
    return comparison_of(str(SPECS / "inception_v1.yaml"), str(SPECS / "inception_v1_naive.yaml"))


@pytest.fixture(scope="module")
def residual() -> dict[str, Any]:
    return comparison_of(str(SPECS / "inception_resnet_v1.yaml"), str(SPECS / "inception_resnet_v2.yaml"))


def test_both_networks_are_open_beside_each_other(explore: Open, residual: dict[str, Any]) -> None:
    seen = explore(residual)
    assert seen.text("#title") == "Inception-ResNet-v1 → Inception-ResNet-v2, as released"
    assert "22.8M → 55.8M (+145%)" in seen.text("#facts")
    before, after = (seen.box(side).locator(".outline").bounding_box() for side in ("a:", "b:"))
    assert before is not None
    assert after is not None
    assert before["x"] + before["width"] < after["x"]
    assert "Before: Inception-ResNet-v1" in seen.drawn_text("a:")
    assert seen.edge("a:input:image")[1] == pytest.approx(seen.edge("b:input:image")[1], abs=1)
    assert seen.page.get_by_role("button", name="1", exact=True).get_attribute("aria-pressed") == "true"
    assert seen.outline("b:conv2d_1a").get_attribute("aria-level") == "2"
    seen.keep_screenshot("comparison")


def test_each_kind_of_difference_has_its_own_mark(explore: Open, residual: dict[str, Any]) -> None:
    seen = explore(residual)
    assert seen.box("a:conv2d_4b").locator(".mark.removed").text_content() == "−"
    assert seen.box("b:maxpool_5a").locator(".mark.added").text_content() == "+"
    assert seen.box("b:mixed_6a").locator(".mark.changed").text_content() == "2"  # a closed block shows what it holds
    assert seen.box("b:repeat").locator(".mark").count() == 3
    assert seen.box("b:conv2d_1a").locator(".mark").count() == 0
    shapes = seen.page.locator("#legend .mark path").evaluate_all("all => all.map(path => path.getAttribute('d'))")
    colours = seen.page.locator("#legend .mark path").evaluate_all(
        "all => all.map(path => getComputedStyle(path).fill)"
    )
    assert len(set(shapes)) == len(set(colours)) == 4
    outline = seen.box("b:maxpool_5a").locator(".outline")
    assert outline.evaluate("outline => getComputedStyle(outline).stroke") == colours[1]


def test_a_difference_leads_to_where_it_is_and_to_the_next_place_of_it(explore: Open, residual: dict[str, Any]) -> None:
    seen = explore(residual)
    assert seen.text("#findings-title") == "25 differences"
    row = seen.page.get_by_role("button", name="channels 32 → 48, in 5 places")
    row.click()
    seen.settle()
    assert seen.selected == seen.hash == "b:repeat.0.branch2.1.conv"
    assert "32 → 48" in seen.text("#panel")
    assert seen.has("a:repeat_1.0.branch2.1.conv")  # where it was is to be seen, too
    row.click()
    seen.settle()
    assert seen.selected == "b:repeat.1.branch2.1.conv"
    assert row.get_attribute("aria-current") == "true"
    seen.keep_screenshot("comparison-difference")


def test_a_part_leads_to_its_partner(explore: Open, residual: dict[str, Any]) -> None:
    seen = explore(residual, "b:repeat_1.0.branch0.conv")
    assert "channels\n128 → 192" in seen.text("#panel")
    assert "partner" in (seen.box("a:repeat_2.0.branch0.conv").get_attribute("class") or "")
    seen.page.get_by_role("link", name="a:repeat_2.0.branch0.conv").click()
    seen.settle()
    assert seen.selected == "a:repeat_2.0.branch0.conv"
    assert "After: Inception-ResNet-v2" in seen.text("#panel")
    seen.page.go_back()
    expect(seen.path).to_have_text("b:repeat_1.0.branch0.conv")


def test_partners_open_and_close_together(explore: Open, naive: dict[str, Any]) -> None:
    seen = explore(naive)
    sign = seen.box(TURNS).locator(".sign")
    at = sign.bounding_box()
    seen.toggle(TURNS)
    assert sign.bounding_box() == pytest.approx(at, abs=1)
    seen.toggle(BLOCK)
    assert (seen.is_open("a:inception3a"), seen.has(GONE)) == (True, True)
    seen.toggle("a:inception3a..inception3b")
    assert not seen.is_open(TURNS)


def test_what_is_in_a_closed_block_is_outlined_on_that(explore: Open, naive: dict[str, Any]) -> None:
    seen = explore(naive | {"open": [*naive["open"], TURNS]})
    seen.box(BLOCK).click()
    assert seen.selected == BLOCK
    assert "partner" in (seen.box("a:inception3a..inception3b").get_attribute("class") or "")


def test_both_are_searched_and_coloured_on_one_scale(explore: Open, residual: dict[str, Any]) -> None:
    seen = explore(residual)
    seen.page.fill("#search", "reduction-a")
    assert [seen.text(f"#hits li:nth-child({place}) .link-path") for place in (1, 2)] == ["a:mixed_6a", "b:mixed_6a"]
    seen.press("Escape")
    seen.page.select_option("#heat", "macs")
    hottest = seen.page.locator(f'#figure [data-heat="{residual["steps"] - 1}"]')
    assert hottest.count() == 1
    assert "Inception-ResNet-B × 20" in (hottest.text_content() or "")
    assert residual["heat"]["macs"]["texts"]["b:repeat_1"] in seen.text("#legend")
    seen.keep_screenshot("comparison-heat")


def test_what_runs_in_one_phase_is_hidden_on_both_sides(explore: Open) -> None:
    v3 = str(SPECS / "inception_v3.yaml")
    seen = explore(comparison_of(v3, v3, classes=10), color_scheme="dark")
    assert seen.text("#subtitle") == "classes 1000 → 10"
    assert (seen.has("a:AuxLogits"), seen.has("b:AuxLogits")) == (True, True)
    seen.page.get_by_text("Inference", exact=True).click()
    seen.settle()
    assert (seen.has("a:AuxLogits"), seen.has("b:AuxLogits"), seen.has("b:fc")) == (False, False, True)
    seen.keep_screenshot("comparison-dark")


def test_two_networks_that_are_the_same_have_no_differences(explore: Open) -> None:
    v4 = str(SPECS / "inception_v4.yaml")
    seen = explore(comparison_of(v4, v4))
    assert seen.text("#findings-title") == "No differences"
    assert seen.page.locator("#figure .mark").count() == 0
    assert "42.7M" in seen.text("#facts")


def test_text_of_specs_is_text_everywhere(explore: Open) -> None:
    data = comparison_data(diff(_hostile("conv", kernel=1), _hostile("conv", kernel=1, bias=False)))
    seen = explore(data)
    for block in (id_ for id_ in data["parts"] if id_ == f"b:a{HOSTILE}"):
        seen.toggle(block)
    for button in seen.page.locator("#findings button").all():
        button.click()
        seen.settle()
        assert "onerror" in seen.selected
    assert "<img src=x onerror=alert(2)>" in seen.drawn_text("a:")
    assert seen.page.locator("img, a[href^=javascript], [onerror], #figure a, #figure image").count() == 0
    assert seen.page.locator("script").count() == 3
    assert "\u202e" not in seen.page.locator("body").inner_text()


def _hostile(op: str, **attributes: Any) -> Graph:
    sketch = Sketch(**{HOSTILE: ("N", 4, 8, 8)})
    block = sketch.scope(f"a{HOSTILE}", block=HOSTILE, title=HOSTILE)
    inner = sketch.add(f"a{HOSTILE}.b", op, HOSTILE, inside=block, channels=4, **attributes)
    sketch.add(f"a{HOSTILE}.c", "softmax", inner, inside=block)
    graph = sketch.graph(**{HOSTILE: f"a{HOSTILE}.c"})
    graph.title = HOSTILE
    return graph
