"""The page of the explorer, as a reader has it: in a browser, from a file, without a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from archspec.compiler import load_graph
from archspec.render.figure.view import figure
from archspec.source.span import Source
from tests.programs import needs
from tests.render.explored import Explored, Open, data_of

pytestmark = needs("chromium")

V3 = Path(__file__).parents[2] / "specs" / "inception_v3.yaml"
TURNS = "Mixed_5b..Mixed_5d"
BLOCK = "Mixed_5b"
LAYER = "Mixed_5b.branch5x5_2"


def test_a_network_is_drawn_with_its_blocks_closed(explore: Open, inception: dict[str, Any]) -> None:
    seen = explore(inception)
    assert seen.text("#title") == "Inception v3"
    assert "23,834,568" in seen.text("#facts")
    assert seen.page.locator("#figure .node").count() == len(inception["parts"][inception["root"]]["members"])
    assert "Inception × 3" in seen.drawn_text(TURNS)
    assert seen.text("#panel h2") == "Inception v3"
    assert seen.page.locator("#figure .edge text", has_text="35x35x288").count() == 1
    seen.keep_screenshot("explorer")


def test_blocks_open_and_close_in_place(explore: Open, inception: dict[str, Any]) -> None:
    seen = explore(inception)
    before = seen.edge(TURNS)
    seen.box(TURNS).locator("text").first.dblclick()
    seen.settle()
    assert seen.is_open(TURNS)
    assert seen.edge(TURNS) == pytest.approx(before, abs=1)
    seen.toggle(BLOCK)
    assert seen.has(LAYER)
    sign = seen.box(BLOCK).locator(".sign")
    at = sign.bounding_box()
    seen.toggle(BLOCK)
    assert not seen.has(LAYER)
    assert sign.bounding_box() == pytest.approx(at, abs=1)  # the sign stays under the pointer
    seen.toggle(TURNS)
    assert not seen.has(BLOCK)


def test_levels_open_at_once(explore: Open, inception: dict[str, Any]) -> None:
    seen = explore(inception)
    levels = seen.page.get_by_role("group", name="Levels that are open")
    levels.get_by_role("button", name="All").click()
    seen.settle()
    assert seen.has("Mixed_7c.branch_pool.conv")
    assert seen.page.locator("#figure .node:not(.entry)").count() == 324 + 3
    assert levels.get_by_role("button", name="All").get_attribute("aria-pressed") == "true"
    seen.keep_screenshot("explorer-all")
    levels.get_by_role("button", name="2").click()
    seen.settle()
    assert seen.has("Mixed_7b.branch_pool")  # blocks are open, and layers are not
    levels.get_by_role("button", name="1").click()
    seen.settle()
    assert not seen.has(BLOCK)


@pytest.mark.parametrize("depth", [1, 2])
def test_levels_are_those_of_figures(explore: Open, inception: dict[str, Any], depth: int) -> None:
    seen = explore(inception)
    seen.page.get_by_role("group", name="Levels that are open").get_by_role("button", name=str(depth)).click()
    seen.settle()
    boxes = figure(load_graph(str(V3)), depth).root.boxes()
    assert [box.id for box in boxes if not seen.has(box.id) or seen.is_open(box.id)] == []
    later = ["Mixed_5c", "Mixed_5d"]  # turns that figures do not draw
    assert [turn for turn in later if seen.has(turn) and not seen.is_open(turn)] == (later if depth == 2 else [])


def test_the_panel_tells_all_of_what_is_selected(explore: Open, inception: dict[str, Any]) -> None:
    seen = explore(inception, LAYER)
    told = seen.text("#panel")
    for text in (
        "5x5 conv, 64", "[N, 48, 35, 35]", "[N, 64, 35, 35]", "76,928", "94,080,000 (1.6%)", "63x63 pixels, 8 apart",
        "kernel", "large-kernel", "specs/inception_v3.yaml:108", "conv_bn: {id: branch5x5_2,",
    ):  # fmt: skip
        assert text in told
    seen.page.get_by_role("link", name="Mixed_5b.branch5x5_1").click()
    seen.settle()
    assert seen.selected == seen.hash == "Mixed_5b.branch5x5_1"
    seen.page.get_by_role("button", name="Open", exact=True).click()
    seen.settle()
    assert seen.has("Mixed_5b.branch5x5_1.conv")
    seen.keep_screenshot("explorer-panel")


MIDDLE = "{ const { x, y, width, height } = shape.getBBox(); return [x + width / 2, y + height / 2]; }"


def test_text_stands_in_the_middle_of_its_box_in_any_font(explore: Open, inception: dict[str, Any]) -> None:
    seen = explore(inception)
    text, outline = (seen.box("Conv2d_3b_1x1").locator(part) for part in ("text", ".outline"))
    for font in ("Helvetica", "monospace"):
        text.evaluate("(text, font) => { text.style.fontFamily = font; }", font)
        assert text.evaluate(f"shape => {MIDDLE}") == pytest.approx(outline.evaluate(f"shape => {MIDDLE}"), abs=1.5)


LEFT = "all => all.map(one => one.getBoundingClientRect().left)"


def test_what_runs_in_one_phase_is_hidden_in_the_other(explore: Open, inception: dict[str, Any]) -> None:
    seen = explore(inception)
    assert (seen.has("AuxLogits"), seen.has("output:aux_logits")) == (True, True)
    seen.page.get_by_text("Inference", exact=True).click()
    seen.settle()
    assert (seen.has("AuxLogits"), seen.has("output:aux_logits"), seen.has("fc")) == (False, False, True)
    assert "23,834,568" in seen.text("#facts")
    places = seen.page.locator("#facts dt").evaluate_all(LEFT)
    seen.page.get_by_text("Training", exact=True).click()
    seen.settle()
    assert (seen.has("AuxLogits"), seen.has("fc")) == (True, True)
    assert "27,161,264" in seen.text("#facts")
    assert seen.page.locator("#facts dt").evaluate_all(LEFT) == places
    seen.page.get_by_text("Inference", exact=True).click()
    seen.settle()
    seen.page.evaluate("location.hash = 'AuxLogits'")  # what is asked for is shown
    expect(seen.path).to_have_text("AuxLogits")
    assert seen.has("AuxLogits")
    assert seen.page.locator("#phases input[value=both]").is_checked()


def test_boxes_are_coloured_by_what_they_cost(explore: Open, inception: dict[str, Any]) -> None:
    seen = explore(inception)
    assert "convolution" in seen.text("#legend")
    plain = _fill(seen, "Conv2d_4a_3x3")
    seen.page.select_option("#heat", label="MACs")
    most = max(inception["parts"], key=lambda id_: _macs_of_box(seen, inception, id_))
    assert seen.box(most).get_attribute("data-heat") == str(inception["steps"] - 1)
    assert inception["heat"]["macs"]["texts"][most] in seen.text("#legend")
    assert seen.box("dropout").get_attribute("data-heat") == "0"
    assert _fill(seen, "Conv2d_4a_3x3") != plain
    seen.keep_screenshot("explorer-heat")
    seen.page.select_option("#heat", "")
    assert _fill(seen, "Conv2d_4a_3x3") == plain


def _fill(seen: Explored, id_: str) -> str:
    return str(seen.box(id_).locator(".outline").evaluate("outline => getComputedStyle(outline).fill"))


def _macs_of_box(seen: Explored, data: dict[str, Any], id_: str) -> int:
    return int(data["heat"]["macs"]["values"].get(id_, 0)) if id_ != data["root"] and seen.has(id_) else -1


def test_addresses_lead_to_parts_and_back(explore: Open, inception: dict[str, Any]) -> None:
    seen = explore(inception, LAYER)
    message = seen.page.locator("#message")
    assert (seen.selected, seen.is_open(BLOCK)) == (LAYER, True)
    seen.outline("Mixed_6a").click()
    seen.settle()
    assert seen.hash == "Mixed_6a"
    seen.page.go_back()
    expect(seen.path).to_have_text(LAYER)
    seen.page.go_forward()
    expect(seen.path).to_have_text("Mixed_6a")
    seen.press("Escape")
    assert (seen.selected, seen.hash) == ("", "")
    seen.page.evaluate("location.hash = '%E0%A4%A'")  # no text at all
    expect(message).to_have_text("Nothing is called `%E0%A4%A`.")
    seen.page.evaluate("location.hash = 'no.such.part'")
    expect(message).to_have_text("Nothing is called `no.such.part`.")
    assert seen.selected == ""
    seen.outline("Mixed_6a").click()
    expect(message).to_be_empty()
    assert explore(inception, "no.such.part").text("#message") == "Nothing is called `no.such.part`."


def test_findings_lead_to_what_they_are_about(explore: Open, inception: dict[str, Any]) -> None:
    seen = explore(inception)
    assert seen.text("#findings-title") == "2 findings"
    assert seen.box(TURNS).locator(".mark.note").count() == 1  # a closed block shows that it holds one
    assert "1 finding" in (seen.box(TURNS).get_attribute("aria-label") or "")
    seen.page.get_by_role("button", name="large-kernel").click()
    seen.settle()
    assert seen.selected.startswith(LAYER)
    assert "note[large-kernel]" in seen.text("#panel .finding pre")
    assert seen.page.locator("#findings svg[role=img]").first.get_attribute("aria-label") == "note"


def test_errors_are_marked_on_as_much_as_there_is(explore: Open) -> None:
    broken = """\
archspec: 1
name: broken
inputs: {x: [N, 3, 8, 8]}
layers:
  - conv: {id: first, channels: 4, kernel: 3}
  - conv: {id: second, channels: 4, kernel: 9}
  - relu
"""
    seen = explore(data_of(Source("broken.yaml", broken)))
    assert seen.page.locator("#figure .mark.error").count() == 1
    assert seen.page.locator("#heat-choice").is_hidden()  # nothing is measured of it
    seen.page.get_by_role("button", name="window-exceeds-input").or_(
        seen.page.locator("#findings button")
    ).first.click()
    seen.settle()
    assert "second" in seen.selected


def test_a_page_with_errors_begins_with_the_first(explore: Open) -> None:
    rows = "".join(f"  - conv: {{id: c{place}, channels: {4 + place}, kernel: 1}}\n" for place in range(40))
    broken = f"""\
archspec: 1
name: broken
inputs: {{x: [N, 3, 8, 8]}}
blocks:
  wide:
    layers: [{{conv: {{id: right, channels: 4, kernel: 1}}}}, {{conv: {{id: wrong, channels: 4, kernel: 9}}}}]
layers:
{rows}  - wide: {{id: block}}
"""
    seen = explore(data_of(Source("broken.yaml", broken)))
    stage, box = seen.page.locator("#figure").bounding_box(), seen.box("block.wrong").bounding_box()
    assert stage is not None
    assert box is not None
    assert stage["y"] <= box["y"] < box["y"] + box["height"] <= stage["y"] + stage["height"]
    assert seen.selected == ""
    seen.keep_screenshot("explorer-error")


def test_what_is_selected_is_not_like_what_is_marked(explore: Open, inception: dict[str, Any]) -> None:
    seen = explore(inception, LAYER)
    looks = "outline => [getComputedStyle(outline).stroke, parseFloat(getComputedStyle(outline).strokeWidth)]"
    selected, marked = (seen.box(id_).locator(".outline").evaluate(looks) for id_ in (LAYER, "Conv2d_4a_3x3"))
    assert selected[0] != marked[0]
    assert selected[1] > 1.5 * marked[1]


def test_the_drawing_moves_grows_and_fits(explore: Open, inception: dict[str, Any]) -> None:
    seen = explore(inception)
    x, y = seen.edge("Conv2d_2a_3x3")
    seen.page.mouse.move(500, 400)
    seen.page.mouse.down()
    seen.page.mouse.move(540, 430)
    seen.page.mouse.up()
    assert seen.edge("Conv2d_2a_3x3") == pytest.approx((x + 40, y + 30), abs=1)
    assert seen.selected == ""  # a drag is no click
    transform = seen.page.locator("#figure > g").get_attribute("transform") or ""
    seen.page.mouse.wheel(0, -300)
    expect(seen.page.locator("#figure > g")).not_to_have_attribute("transform", transform)
    assert _scale(seen) > _scale_in(transform)
    seen.press("f")
    stage, last = seen.page.locator("#stage").bounding_box(), seen.box("output:logits").bounding_box()
    assert stage is not None
    assert last is not None
    assert last["y"] + last["height"] <= stage["y"] + stage["height"]
    seen.page.get_by_role("button", name="Zoom in").click()
    seen.page.get_by_role("button", name="Fit to the window").click()
    assert seen.box("output:logits").bounding_box() == pytest.approx(last, abs=1)


def _scale(seen: Explored) -> float:
    return _scale_in(seen.page.locator("#figure > g").get_attribute("transform") or "")


def _scale_in(transform: str) -> float:
    return float(transform.partition("scale(")[2].rstrip(")"))


def test_colours_are_dark_where_the_system_is_and_where_one_switches(explore: Open, inception: dict[str, Any]) -> None:
    dark = explore(inception, color_scheme="dark")
    light = explore(inception)
    switch = light.page.get_by_role("button", name="Dark colours")
    fills = _fill(light, "Conv2d_4a_3x3"), _fill(dark, "Conv2d_4a_3x3")
    assert fills[0] != fills[1]
    assert switch.get_attribute("aria-pressed") == "false"
    switch.click()
    assert _fill(light, "Conv2d_4a_3x3") == fills[1]
    assert switch.get_attribute("aria-pressed") == "true"
    dark.keep_screenshot("explorer-dark")


def test_narrow_screens_have_one_column(explore: Open, inception: dict[str, Any]) -> None:
    seen = explore(inception, LAYER, viewport={"width": 390, "height": 800})
    stage, panel = (seen.page.locator(part).bounding_box() for part in ("#stage", "#panel"))
    assert stage is not None
    assert panel is not None
    assert panel["y"] >= stage["y"] + stage["height"]
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= 390
    seen.keep_screenshot("explorer-narrow")


@pytest.mark.parametrize("width", [1440, 1000])
def test_the_drawing_has_most_of_the_window_and_nothing_on_it(
    explore: Open, inception: dict[str, Any], width: int
) -> None:
    seen = explore(inception, viewport={"width": width, "height": 800})
    drawing, legend = (seen.page.locator(part).bounding_box() for part in ("#figure", "#legend"))
    assert drawing is not None
    assert legend is not None
    assert legend["y"] >= drawing["y"] + drawing["height"]
    assert drawing["width"] * drawing["height"] >= width * 800 / 2
    seen.keep_screenshot(f"explorer-{width}")


def test_on_paper_the_whole_drawing_is_seen(explore: Open, inception: dict[str, Any]) -> None:
    seen = explore(inception)
    seen.page.emulate_media(media="print")
    seen.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert seen.page.locator("#figure").get_attribute("viewBox")
    assert seen.page.locator("#side").is_hidden()
    seen.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert seen.page.locator("#figure").get_attribute("viewBox") is None
