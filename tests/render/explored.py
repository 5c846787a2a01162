"""Pages of the explorer as tests open them, in the Chromium that is installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Browser, Locator, Page, sync_playwright

from archspec.analysis.diff.networks import diff
from archspec.compiler import load_spec
from archspec.frontend.load import Spec
from archspec.ir.graph import Graph
from archspec.render.explorer.comparison import comparison_data
from archspec.render.explorer.data import explorer_data
from archspec.render.explorer.page import page as page_text
from archspec.source.diagnostic import Diagnostics

CHROMIUM = which("chromium")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"

HOSTILE = (
    '</script><script>alert(1)</script>"\'><img src=x onerror=alert(2)><!-- --> {{style}} \\ \\N \\" &lt;b&gt; &#60;'
    " `code` \u202eRTL\u202c \u05d0\u05d1 \U0001f600 \u2028 line\nbreak \x00\x1b[31m %s $& javascript:alert(3)"
)
"""A name that nobody would give."""


def data_of(spec: Spec, **params: Any) -> dict[str, Any]:
    """What the explorer tells of a spec, with what there is to say about it."""
    found = Diagnostics()
    graph = load_spec(spec, found, params)
    assert graph is not None, str(found)
    return explorer_data(graph, found)


def comparison_of(before: Spec, after: Spec, **params: Any) -> dict[str, Any]:
    """What the explorer tells of a spec and another one, or the same with other values of its parameters."""
    return comparison_data(diff(_graph(before, {}), _graph(after, params)))


def _graph(spec: Spec, params: dict[str, Any]) -> Graph:
    graph = load_spec(spec, found := Diagnostics(), params, rules=())
    assert graph is not None, str(found)
    return graph


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Explored:
    """A page that is open: what a reader does on it, and what is there then."""

    def __init__(self, page: Page, file: Path, data: dict[str, Any]) -> None:
        self.page, self.file, self.data = page, file, data
        self.said: list[str] = []
        """What the console has, and what the page asked of anybody but its own file."""
        page.set_default_timeout(10_000)
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("dialog", lambda dialog: self.said.append(dialog.message))
        page.on("request", lambda request: self.said.extend([request.url] if not _is_own(request.url) else []))

    def open(self, path: str = "") -> None:
        self.file.write_text(page_text(self.data), encoding="utf-8")
        self.page.goto(f"{self.file.as_uri()}{'#' + quote(path) if path else ''}")
        self.settle()

    def settle(self) -> None:
        """Wait until what was asked for is drawn."""
        self.page.wait_for_selector('#stage[aria-busy="false"]')

    def index(self, id_: str) -> int:
        order: list[str] = []

        def walk(part: str) -> None:
            order.append(part)
            for member in self.data["parts"][part]["members"]:
                walk(member)

        walk(self.data["root"])
        return order.index(id_)

    def box(self, id_: str) -> Locator:
        """The box or frame of a part."""
        return self.page.locator(f'#figure [data-part="{self.index(id_)}"]')

    def outline(self, id_: str) -> Locator:
        """The label in the bar at the side."""
        return self.page.locator(f'#outline [data-part="{self.index(id_)}"]')

    def has(self, id_: str) -> bool:
        return self.box(id_).count() == 1

    def is_open(self, id_: str) -> bool:
        return self.box(id_).get_attribute("aria-expanded") == "true"

    def toggle(self, id_: str) -> None:
        """Click the sign that opens and closes a part."""
        self.box(id_).locator(".sign").click()
        self.settle()

    def edge(self, id_: str) -> tuple[float, float]:
        """The middle of the upper edge of a part, on the screen; lines have no width."""
        point = (
            self.box(id_)
            .locator(".outline")
            .evaluate(
                "shape => { const { x, y, width } = shape.getBBox();"
                " return new DOMPoint(x + width / 2, y).matrixTransform(shape.getScreenCTM()); }"
            )
        )
        return point["x"], point["y"]

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.settle()

    @property
    def selected(self) -> str:
        """The path that the panel is about; empty where it is about the network."""
        return self.path.inner_text() if self.path.count() else ""

    @property
    def path(self) -> Locator:
        """Where the panel says what it is about."""
        return self.page.locator("#panel .path")

    @property
    def hash(self) -> str:
        return str(self.page.evaluate("decodeURIComponent(location.hash.slice(1))"))

    def drawn_text(self, id_: str = "") -> str:
        """All text in the box or frame of a part, or in the whole drawing."""
        return (self.box(id_) if id_ else self.page.locator("#figure")).text_content() or ""

    def text(self, selector: str) -> str:
        return self.page.locator(selector).inner_text()

    def keep_screenshot(self, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")


Open = Callable[..., Explored]


def _is_own(url: str) -> bool:
    return url.startswith(("file:", "blob:"))
