"""The page of the explorer with what nobody would write: markup in every text, too much to draw, no layout at all."""

from __future__ import annotations

from random import Random
from typing import Any

from archspec.render.explorer.data import explorer_data
from archspec.source.diagnostic import Diagnostics, Severity
from archspec.source.span import Source, Span
from tests.graphs import Sketch
from tests.programs import needs
from tests.render.explored import HOSTILE, Open

pytestmark = needs("chromium")


def _hostile() -> dict[str, Any]:
    sketch = Sketch(**{HOSTILE: ("N", 4, 8, 8)})
    block = sketch.scope(f"a{HOSTILE}", block=HOSTILE, title=HOSTILE)
    inner = sketch.add(f"a{HOSTILE}.b", "conv", HOSTILE, inside=block, channels=4, kernel=1)
    sketch.add(f"a{HOSTILE}.c", "softmax", inner, inside=block)
    graph = sketch.graph(**{HOSTILE: f"a{HOSTILE}.c"})
    graph.title = HOSTILE
    found = Diagnostics()
    source = Source(HOSTILE, HOSTILE)
    found.error("some-rule", HOSTILE, Span(source, 0, 9), help=HOSTILE, origin=graph[inner].origin)
    found.error("other-rule", HOSTILE, None, severity=Severity.WARNING)
    return explorer_data(graph, found)


def test_text_of_a_spec_is_text_everywhere(explore: Open) -> None:
    data = _hostile()
    seen = explore(data)
    block = next(id_ for id_, part in data["parts"].items() if part["members"] and id_ != data["root"])
    seen.toggle(block)
    for member in data["parts"][block]["members"]:
        seen.box(member).click()
        seen.settle()
        assert "onerror" in seen.selected
    for button in seen.page.locator("#findings button").all():
        button.click()
        seen.settle()
    seen.page.fill("#search", "onerror")
    seen.page.keyboard.press("Enter")
    seen.settle()
    assert seen.page.locator("#hits a").count() == 3  # the input, the block and the output: no name of what is in it
    assert "<img src=x onerror=alert(2)>" in seen.text("#title")
    assert "<img src=x onerror=alert(2)>" in seen.drawn_text()
    assert seen.page.locator("img, a[href^=javascript], [onerror], #figure a, #figure image").count() == 0
    assert seen.page.locator("script").count() == 3
    assert "\u202e" not in seen.page.locator("body").inner_text()


def test_only_known_elements_come_out_of_a_layout(explore: Open) -> None:
    data = _small()
    data["looks"][data["parts"]["a"]["box"]] |= {
        "URL": "javascript:alert(1)",
        "tooltip": "<b>",
        "image": "https://example.org/x.png",
        "fontname": '"><script>alert(1)</script>',
        "stylesheet": "https://example.org/x.css",
    }
    seen = explore(data)
    names = seen.page.locator("#figure *").evaluate_all("all => [...new Set(all.map(one => one.localName))].sort()")
    assert set(names) <= {"g", "path", "polygon", "ellipse", "text", "circle"}
    assert seen.has("a")


def _small() -> dict[str, Any]:
    sketch = Sketch(x=("N", 4, 8, 8))
    last = sketch.add("a", "softmax", "x")
    for name in ("b", "e"):
        block = sketch.scope(name, block=name)
        inner = sketch.add(f"{name}.c", "softmax", last, inside=block)
        last = sketch.add(f"{name}.d", "dropout", inner, inside=block)
    return explorer_data(sketch.graph(y=last), Diagnostics())


def test_what_cannot_be_laid_out_leaves_what_is_drawn(explore: Open) -> None:
    data = _small()
    data["open"] = [data["root"]]
    data["parts"]["b.c"]["box"] = len(data["looks"])
    data["looks"].append({"label": "<<>"})
    seen = explore(data)
    seen.toggle("b")
    assert "cannot be laid out" in seen.text("#message")
    assert seen.has("b")
    assert not seen.is_open("b")
    seen.toggle("e")
    assert seen.is_open("e")  # the engine is well again
    assert seen.text("#message") == ""


def test_a_network_that_cannot_be_laid_out_is_told_of_nevertheless(explore: Open) -> None:
    data = _small()
    data["looks"][data["parts"]["a"]["box"]] = {"label": "<<>"}
    seen = explore(data)
    assert "cannot be laid out" in seen.text("#message")
    seen.outline("a").click()
    assert seen.selected == "a"
    assert "softmax" in seen.text("#panel")


def _chain(length: int) -> dict[str, Any]:
    """A block of softmaxes of different axes, so that they are no repeat."""
    sketch = Sketch(x=("N", 4, 8, 8))
    block, last = sketch.scope("block"), "x"
    for place in range(length):
        last = sketch.add(f"block.n{place}", ("softmax", "dropout", "sigmoid")[place % 3], last, inside=block)
    data = explorer_data(sketch.graph(y=last), Diagnostics())
    return data | {"open": [data["root"]]}


def test_many_boxes_are_drawn_only_when_one_insists(explore: Open) -> None:
    seen = explore(_chain(1501))
    seen.box("block").locator(".sign").click()
    dialog = seen.page.get_by_role("dialog")
    assert "1,503 boxes" in dialog.inner_text()
    dialog.get_by_role("button", name="Leave it closed").click()
    assert not seen.is_open("block")
    seen.box("block").locator(".sign").click()
    dialog.get_by_role("button", name="Draw it").click()
    seen.page.wait_for_selector(f'#figure [data-part="{seen.index("block.n1500")}"]')
    assert seen.is_open("block")


def test_a_layout_that_takes_too_long_is_stopped(explore: Open) -> None:
    data = _chain(300)
    random = Random(7)
    ids = [f"block.n{place}" for place in range(300)]
    data["edges"] += [[*sorted(random.sample(ids, 2), key=ids.index), "", None] for _ in range(6000)]
    seen = explore(data)
    seen.page.clock.install()
    seen.box("block").locator(".sign").click()
    seen.page.wait_for_selector('#stage[aria-busy="true"]')
    seen.page.clock.fast_forward(11_000)
    seen.settle()
    assert "more than 10 seconds" in seen.text("#message")
    assert not seen.is_open("block")
    seen.page.get_by_role("button", name="Levels").or_(seen.box("input:x")).first.click()
    assert seen.selected == "x"


def test_ten_thousand_operations_open_folded(explore: Open) -> None:
    data = _chain(10_000)
    seen = explore(data)
    assert seen.page.locator("#figure .node").count() == 3
    assert seen.text("#facts dd") == "10,000"
    seen.page.fill("#search", "n9999")
    assert seen.text("#hit-count") == "1 part found"


def test_as_many_operations_as_a_spec_may_have_open_folded(explore: Open) -> None:
    data = _chain(1)
    names = [f"block.n{place}" for place in range(150_000)]
    part = data["parts"].pop("block.n0")
    data["parts"] |= {name: {**part, "path": name, "details": []} for name in names}
    data["parts"]["block"]["members"] = names
    data["edges"] = [["input:x", names[0], "", None], [names[-1], "output:y", "", None]]
    assert explore(data).page.locator("#figure .node").count() == 3


def test_what_is_called_as_things_of_the_language_are_is_no_such_thing(explore: Open) -> None:
    sketch = Sketch(x=("N", 4, 8, 8))
    last = sketch.add("constructor", "softmax", sketch.add("__proto__", "sigmoid", "x"))
    data = explorer_data(sketch.graph(y=last), Diagnostics())
    data["heat"] = {"macs": {"label": "MACs", "values": {"__proto__": 3}, "texts": {"__proto__": "3"}}}
    seen = explore(data)
    seen.page.select_option("#heat", "macs")
    heats = [seen.box(id_).get_attribute("data-heat") for id_ in ("__proto__", "constructor")]
    assert heats == [str(data["steps"] - 1), None]
