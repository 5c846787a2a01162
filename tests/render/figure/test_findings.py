from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from archspec.compiler import load_spec
from archspec.ir.graph import Graph
from archspec.render.figure.boxes import marked_as
from archspec.render.figure.dot import dot
from archspec.render.figure.findings import marks_from, merged
from archspec.render.figure.style import Mark, Style
from archspec.render.figure.view import ALL, figure
from archspec.source.diagnostic import Diagnostics
from tests.render.figure.networks import EXAMPLES, networks
from tests.specs import load, spec

ERROR = Mark("error", "error[x]: wrong")


@EXAMPLES
@given(networks(), some.sampled_from([0, 1, 2, 3, ALL]), some.booleans(), some.data())
def test_what_is_marked_is_seen_at_every_depth(graph: Graph, depth: int, unfold: bool, data: some.DataObject) -> None:
    paths = [*(node.path for node in graph), *(scope.path for scope in graph.root.scopes() if any(scope.nodes()))]
    path = paths[data.draw(some.integers(0, len(paths) - 1), label="path")]
    style = Style(marks={path: (ERROR,)})
    drawn = figure(graph, depth, unfold)
    assert "error" in {marked_as(thing, style) for thing in drawn.things()}
    written = dot([(drawn, style)])
    assert f'color="{style.theme.marks["error"]}" fillcolor' in written.text
    assert any("error[x]: wrong" in title for title in written.titles.values())


@pytest.mark.parametrize(
    ("rows", "path", "said"),
    [
        ("layers: [{conv: {id: c, kernel: 9, channels: 4}}, relu]", "c", "error[side-not-positive]"),
        ("layers: [{conv: {id: c, kernal: 3, channels: 4}}, relu]", "c", "error[unknown-attribute]"),
        ("layers: [relu, {max_pool: {id: p, kernel: 2, input: 9x9x4}}]", "p", "error[shape-assertion]"),
        (
            "blocks: {b: {layers: [relu, tanh]}}\nlayers: [{b: {id: b, repeat: 2, output: 9x9x4}}]",
            "b.1",
            "error[shape-assertion]",
        ),
        ("layers: [{relu: {id: r}}, {tanh: {id: t, from: r}}]\noutputs: {y: r}", "t", "error[dead-node]"),
    ],
)
def test_an_error_marks_what_it_is_about(rows: str, path: str, said: str) -> None:
    graph = load_spec(spec(rows), found := Diagnostics())
    assert graph is not None
    (where, marks), *_ = marks_from(graph, found).items()
    assert where == path
    assert marks[0].kind == "error"
    assert marks[0].text.startswith(said)


def test_a_branch_is_marked_as_what_is_in_it() -> None:
    graph = load("layers: [{add: {branches: {a: [relu, tanh], b: [sigmoid]}}}]")
    style = Style(marks={"a": (ERROR,)})
    assert [box.id for box in figure(graph, 1).root.boxes() if marked_as(box, style)] == ["a.0", "a.1"]


def test_marks_of_several_kinds_are_kept_and_the_strongest_is_seen() -> None:
    graph = load("layers: [{relu: {id: a}}]")
    note = Mark("note", "note[y]: so so")
    style = Style(marks=merged({"a": (note,)}, {"a": (ERROR,)}))
    (box,) = figure(graph, 1).root.boxes()
    assert style.marks_of(["a"]) == [ERROR, note]
    assert marked_as(box, style) == "error"


@pytest.mark.parametrize(
    ("marked", "expected"), [(["n.a", "n.b"], "added"), (["n.a"], "changed")], ids=["all of it", "a part of it"]
)
def test_a_box_is_added_where_all_in_it_is(marked: list[str], expected: str) -> None:
    graph = load("layers: [{sequence: {id: n, layers: [{relu: {id: a}}, {tanh: {id: b}}]}}]")
    (box,) = figure(graph, 1).root.boxes()
    assert marked_as(box, Style(marks=dict.fromkeys(marked, (Mark("added", "added"),)))) == expected


def test_the_legend_tells_of_the_marks_that_are_there() -> None:
    drawn = figure(load("layers: [{relu: {id: a}}]"), ALL)
    style = Style()
    for marks, said in (({}, []), ({"x": (ERROR,)}, ["error"])):
        words = re.findall(r">([^<>]+)</FONT>", dot([(drawn, replace(style, marks=marks))]).text)
        assert [word for word in words if word in style.theme.marks] == said


def test_what_is_wrong_in_a_block_is_marked_in_every_use_of_it() -> None:
    rows = """
        blocks: {wide: {layers: [{conv: {id: c, channels: 4, kernel: 99}}]}}
        layers: [{wide: {id: one}}, {wide: {id: two, from: x}}]
        """
    graph = load_spec(spec(rows), found := Diagnostics())
    assert graph is not None
    errors = [one for one in found if one.name == "side-not-positive"]
    assert list(marks_from(graph, errors)) == ["one.c", "two.c"]
