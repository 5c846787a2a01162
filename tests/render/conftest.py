"""Pages of the explorer, open in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.render.explored import Explored, Open, chromium, data_of

V3 = Path(__file__).parents[2] / "specs" / "inception_v3.yaml"


@pytest.fixture(scope="session")
def inception() -> dict[str, Any]:
    """What the explorer tells of Inception v3."""
    return data_of(str(V3))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def explore(browser: Any, tmp_path: Path) -> Iterator[Open]:
    """`explore(data, path)`: a page that is open; at the end nothing was said on the console, and nothing asked for."""
    opened: list[Explored] = []

    def open_(data: dict[str, Any], path: str = "", **context: Any) -> Explored:
        page = browser.new_page(**{"viewport": {"width": 1440, "height": 900}, **context})
        opened.append(Explored(page, tmp_path / f"{len(opened)}.html", data))
        opened[-1].open(path)
        return opened[-1]

    yield open_
    for explored in opened:
        explored.page.close()
        assert explored.said == []
