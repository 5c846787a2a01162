"""What a notebook shows."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from archspec.compiler import load_graph
from archspec.ir.graph import Graph
from tests.specs import spec


@pytest.fixture
def graph() -> Graph:
    return load_graph(spec("layers: [{conv: {id: stem, kernel: 3, channels: 4}}, relu]"))


def test_a_graph_shows_its_figure(graph: Graph) -> None:
    shown = graph._repr_svg_()
    assert shown is not None
    assert ElementTree.fromstring(shown).tag == "{http://www.w3.org/2000/svg}svg"
    assert "3x3 conv V, 4" in shown


def test_as_html_the_figure_scrolls_and_is_named(graph: Graph) -> None:
    shown = graph._repr_html_()
    assert shown is not None
    region = ElementTree.fromstring(shown)
    assert (region.tag, region.get("role")) == ("div", "region")
    assert graph.name in str(region.get("aria-label"))
    assert str(graph._repr_svg_()).strip() in shown


def test_without_a_layout_engine_a_graph_shows_its_text(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archspec.render.engines.ENGINES", {})
    assert graph._repr_svg_() is None
    assert graph._repr_html_() is None
    assert repr(graph) == f"<Graph {graph.name}: {len(graph)} nodes>"
