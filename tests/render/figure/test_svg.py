from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from archspec.render.engines import draw
from archspec.render.figure.dot import Dot, dot
from archspec.render.figure.entries import entries
from archspec.render.figure.markup import LONGEST, PLACES, shown
from archspec.render.figure.picture import picture
from archspec.render.figure.style import Mark, Style
from archspec.render.figure.svg import finished
from archspec.render.figure.view import Figure, figure
from archspec.source.sanitize import visible
from tests.graphs import Sketch
from tests.programs import needs
from tests.render.figure.networks import library

SVG = "{http://www.w3.org/2000/svg}"
EACH = pytest.mark.parametrize("engine", [pytest.param("pygraphviz"), pytest.param("dot", marks=needs("dot"))])

HOSTILE = [
    "quotes \" and ' and `",
    "<b>bold</b> & <script>alert(1)</script>",
    "</title></svg><script>alert(1)</script>",
    "<TABLE><TR><TD>",
    "&amp; &lt; &#x41; &copy;",
    "]]> --> <!-- -- <?xml?>",
    r"\N \G \E \T \H \L \n \l \r \\",
    "a back at the end\\",
    "%s %d {} ${x} $(x)",
    "one\ntwo\r\nthree\tfour",
    "\u202eback to front\u2066",
    "\U0001f600 漢字 é عربى",
    "\x1b[31mred\x00\x7f",
    "long " * 100,
    ">",
    "<>",
]


def drawn(of: Figure, engine: str, style: Style | None = None) -> ElementTree.Element:
    return ElementTree.fromstring(picture([(of, style or Style())], "svg", engine).data)


def texts(of: ElementTree.Element) -> list[str]:
    return ["".join(found.itertext()) for found in of.iter(f"{SVG}text")]


def groups(of: ElementTree.Element) -> dict[str, ElementTree.Element]:
    return {found.attrib["id"]: found for found in of.iter(f"{SVG}g")}


def hostile(depth: int) -> Figure:
    """A network that is called, and whose blocks are called, what would be syntax somewhere."""
    sketch, read = Sketch(x=("N", 4, 8, 8)), "x"
    for place, text in enumerate(HOSTILE):
        scope = sketch.scope(f"u{place}", block=f"b{place}", title=text)
        read = sketch.add(f"u{place}.a", "sigmoid", read, inside=scope)
        read = sketch.add(f"u{place}.b", "tanh", read, inside=scope)
    graph = sketch.graph(y=read)
    graph.title = HOSTILE[1]
    return figure(graph, depth)


@EACH
@pytest.mark.parametrize("depth", [1, 2])
def test_texts_of_specs_are_texts_in_the_drawing(engine: str, depth: int) -> None:
    marks = {f"u{place}": (Mark("error", text),) for place, text in enumerate(HOSTILE)}
    svg = drawn(hostile(depth), engine, Style(marks=marks))
    said = {re.sub(r"\s", "", text.replace("\xa0", " ")) for text in texts(svg)}
    for place, text in enumerate(HOSTILE):
        heading, _, _ = text.partition(", ")
        assert re.sub(r"\s", "", shown(heading)) in said
        title = groups(svg)[f"u{place}"].findtext(f"{SVG}title")
        assert title is not None
        assert visible(text) in title
    assert svg.findtext(f"{SVG}title") == HOSTILE[1]
    known = {f"{SVG}{tag}" for tag in ("svg", "g", "title", "desc", "text", "polygon", "path", "polyline", "ellipse")}
    assert {element.tag for element in svg.iter()} <= known


@EACH
def test_every_thing_has_its_path_as_id_and_a_title(engine: str) -> None:
    of = figure(library("inception_v3"), 2)
    svg = drawn(of, engine)
    found = groups(svg)
    ids = {thing.id for thing in of.things()} | {f"{arrow.source}-{arrow.target}" for arrow in of.arrows}
    for entry in entries(of):
        ids |= {entry.id, f"{entry.way.source}-{entry.way.target}"}
    assert set(found) == {"figure:", *ids}
    titles = dot([(of, Style())]).titles
    assert {id_: group.findtext(f"{SVG}title") for id_, group in found.items()} == {
        "figure:": "Inception v3", **titles
    }  # fmt: skip


@EACH
def test_the_whole_is_an_image_with_a_name_and_a_description(engine: str) -> None:
    svg = drawn(figure(library("googlenet"), 1), engine)
    assert svg.attrib["role"] == "img"
    named = [svg.find(f"*[@id='{id_}']") for id_ in svg.attrib["aria-labelledby"].split()]
    assert [element.tag.removeprefix(SVG) for element in named if element is not None] == ["title", "desc"]
    assert all(element is not None and element.text for element in named)


@EACH
def test_text_is_in_the_middle_of_its_box_in_whatever_font(engine: str) -> None:
    svg = drawn(figure(library("inception_v1"), 1), engine)
    box = groups(svg)["conv1"]
    points = [tuple(map(float, point.split(","))) for point in box.findall(f"{SVG}polygon")[0].attrib["points"].split()]
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    top, bottom = min(y for _, y in points), max(y for _, y in points)
    lines = box.findall(f"{SVG}text")
    assert [line.attrib["text-anchor"] for line in lines] == ["middle"] * len(lines)
    assert all(abs(float(line.attrib["x"]) - (left + right) / 2) < 1 for line in lines)
    middles = [float(line.attrib["y"]) - 0.35 * float(line.attrib["font-size"]) for line in lines]
    assert abs(sum(middles) / len(middles) - (top + bottom) / 2) < 2
    assert "#0102" not in ElementTree.tostring(svg, "unicode"), "the marks of places are gone"


@EACH
def test_the_bytes_are_the_same_without_fonts(engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of = [(hostile(1), Style())]
    with_fonts = picture(of, "svg", engine)
    assert picture(of, "svg", engine).data == with_fonts.data
    (tmp_path / "fonts.conf").write_text('<?xml version="1.0"?><fontconfig></fontconfig>')
    monkeypatch.setenv("FONTCONFIG_FILE", str(tmp_path / "fonts.conf"))
    assert picture(of, "svg", engine).data == with_fonts.data


def test_the_engine_is_named_in_a_comment_that_is_one() -> None:
    written = Dot("digraph { a [id=a] }", {"a": "a & b"}, "<whole>", "words")
    svg = finished(draw(written.text, "svg").data, written, "dot --> <x>").decode()
    assert svg.splitlines()[1] == "<!-- drawn by dot --> <x> -->".replace("-->", "->", 1)
    assert ElementTree.fromstring(svg).findtext(f"{SVG}title") == "<whole>"
    assert groups(ElementTree.fromstring(svg))["a"].findtext(f"{SVG}title") == "a & b"


def test_lines_are_not_longer_than_readers_read() -> None:
    assert len(shown("x" * 1000)) == LONGEST
    assert set(PLACES) == {"start", "middle"}
