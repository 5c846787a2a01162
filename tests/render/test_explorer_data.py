"""What the explorer tells of networks: parts, how they are joined, what they cost, and where they are written."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from archspec.render.explorer.data import explorer_data
from archspec.render.explorer.network import ROOT
from archspec.source.diagnostic import Diagnostics
from tests.graphs import Sketch
from tests.render.explored import data_of
from tests.specs import spec


@cache
def _inception() -> dict[str, Any]:
    return data_of(str(Path(__file__).parents[2] / "specs" / "inception_v3.yaml"))


def _told(rows: str, **params: Any) -> dict[str, Any]:
    return data_of(spec(rows), **params)


def _details(data: dict[str, Any], id_: str) -> dict[str, str]:
    return dict(data["parts"][id_]["details"])


def test_every_part_is_a_member_of_one_other() -> None:
    members = [member for part in _inception()["parts"].values() for member in part["members"]]
    assert sorted([ROOT, *members]) == sorted(_inception()["parts"])


def test_edges_join_what_does_not_open() -> None:
    parts = _inception()["parts"]
    ends = {end for source, target, _, _ in _inception()["edges"] for end in (source, target)}
    assert ends == {id_ for id_, part in parts.items() if not part["members"]}
    assert ("Mixed_5b.0", "Mixed_5c.branch1x1.conv", "35x35x256", None) in _inception()["edges"]
    assert {phase for _, target, _, phase in _inception()["edges"] if target.startswith("AuxLogits")} == {"training"}


def test_branches_are_no_parts_of_their_own() -> None:
    rows = """
        layers:
          - concat:
              branches:
                left: [{tanh: {id: one}}, {softmax: {id: two}}]
                right: [{dropout: {id: one}}]
    """
    data = _told(rows)
    assert data["parts"][ROOT]["members"] == ["input:x", "left.one", "left.two", "right.one", "0", "output:output"]


def test_what_two_parts_have_in_common_is_told_once() -> None:
    rows = """
        blocks: {act: {layers: [{softmax: {id: s}}, {tanh: {id: t}}]}}
        layers: [{act: {id: a}}, {dropout: {id: d}}, {act: {id: b}}]
    """
    data = _told(rows)
    one, other = data["parts"]["a.s"], data["parts"]["b.s"]
    assert (one["box"], one["attributes"], one["source"]) == (other["box"], other["attributes"], other["source"])
    assert data["attributes"][one["attributes"]] == [("axis", "1")]


def test_details_are_those_of_all_that_is_inside() -> None:
    assert _details(_inception(), "Mixed_5b.branch5x5_2") == {
        "operations": "conv, batch_norm, relu",
        "input": "[N, 48, 35, 35]",
        "output": "[N, 64, 35, 35]",
        "parameters": "76,928 (0.3%)",
        "buffers": "129",
        "MACs per sample": "94,080,000 (1.6%)",
        "saved for the backward pass": "628kB",
        "receptive field": "63x63 pixels, 8 apart",
    }
    assert _details(_inception(), ROOT)["output aux_logits"] == "[N, 1000]"
    assert _details(_inception(), "Mixed_6b..Mixed_6e")["operations"] == "128"


def test_what_a_layer_sees_of_a_sequence_are_places() -> None:
    data = data_of(spec("layers: [{conv: {id: c, channels: 4, kernel: 3, stride: 2}}]", "{x: [N, 4, 9]}"))
    assert _details(data, "c")["receptive field"] == "3 places, 2 apart"


def test_an_op_has_its_attributes_as_a_spec_writes_them() -> None:
    data = _told("layers: [{conv: {id: c, channels: 4, kernel: [1, 3], bias: false}}]")
    attributes = dict(data["attributes"][data["parts"]["c"]["attributes"]])
    assert attributes["kernel"] == "1x3"
    assert attributes["bias"] == "false"


def test_shared_weights_are_told_of() -> None:
    data = _told(
        "layers: [{conv: {id: one, channels: 4, kernel: 1}}, {dropout: {id: d}}, {conv: {id: two, share: one}}]"
    )
    assert _details(data, "two")["weights of"] == "one"
    assert "parameters" not in _details(data, "two")


def test_a_block_has_the_weights_of_a_block() -> None:
    rows = """
        blocks: {tower: {layers: [{conv: {id: c1, channels: 4, kernel: 1}}, {tanh: {id: t}}]}}
        layers: [{tower: {id: tower}}, {dropout: {id: d}}, {tower: {id: tower2, share: tower}}]
    """
    data = _told(rows)
    assert _details(data, "tower2")["weights of"] == "tower"
    assert "weights of" not in _details(data, "tower")


def test_a_block_whose_first_layer_is_shared_has_weights_of_its_own() -> None:
    rows = """
        layers:
          - conv: {id: c, channels: 4, kernel: 1}
          - sequence: {id: s, layers: [{conv: {id: d, share: c}}, {linear: {id: l, features: 2}}]}
    """
    data = _told(rows)
    assert _details(data, "s.d")["weights of"] == "c"
    assert "weights of" not in _details(data, "s")


def test_a_network_costs_what_runs_in_a_phase() -> None:
    facts = {phase: dict(pairs) for phase, pairs in _inception()["facts"].items()}
    assert facts["eval"] == {"parameters": "23,834,568", "MACs per sample": "5,713,216,096", "operations": "314"}
    assert facts["training"] == {"parameters": "27,161,264", "MACs per sample": "5,718,899,296", "operations": "324"}
    assert _details(_inception(), ROOT)["parameters in training mode only"] == "3,326,696"


def test_an_excerpt_is_all_lines_of_an_item() -> None:
    rows = """
        layers:
          - add:
              id: sum
              branches: [[], [{tanh: {id: t}}]]

          - softmax: {id: s}
    """
    data = _told(rows)
    lines = data["sources"][data["parts"]["sum"]["source"]]
    assert lines["text"] == "- add:\n    id: sum\n    branches: [[], [{tanh: {id: t}}]]"
    assert data["sources"][data["parts"]["s"]["source"]]["text"] == "- softmax: {id: s}"
    assert (lines["file"], lines["line"]) == ("spec.yaml", 6)


def test_long_excerpts_are_cut_off() -> None:
    rows = "layers:\n  - sequence:\n      id: long\n      layers:\n" + "        - tanh\n" * 30
    data = _told(rows)
    text = data["sources"][data["parts"]["long"]["source"]]["text"]
    assert (text.count("\n"), text[-4:]) == (16, "\n...")


def test_findings_are_on_the_parts_they_are_about() -> None:
    homes = {finding["name"]: finding["parts"] for finding in _inception()["findings"]}
    assert homes == {
        "expensive-reduction": ["Conv2d_4a_3x3"],
        "large-kernel": [f"Mixed_{block}.branch5x5_2" for block in ("5b", "5c", "5d")],
    }
    assert _inception()["findings"][1]["text"].startswith("note[large-kernel]: two 3x3")


def test_what_is_wrong_in_a_block_is_on_every_use_of_it() -> None:
    rows = """
        blocks: {wide: {layers: [{conv: {id: c, channels: 4, kernel: 9}}]}}
        layers: [{wide: {id: one}}, {wide: {id: two, from: x}}]
    """
    assert [finding["parts"] for finding in _told(rows)["findings"]] == [["one.c", "two.c"]]


def test_a_spec_with_errors_is_told_of_as_far_as_it_goes() -> None:
    data = _told("layers: [{conv: {id: c, channels: 4, kernel: 9}}, {tanh: {id: t}}, {no_such_op: {id: n}}]")
    assert [finding["parts"] for finding in data["findings"] if finding["severity"] == "error"] == [["c"], ["n"]]
    assert data["heat"] == {}
    assert [word for word, _ in data["facts"]["eval"]] == ["operations"]  # what is not known of a part makes no total
    assert {"parameters", "MACs per sample"}.isdisjoint({*_details(data, ROOT), *_details(data, "c")})
    assert _details(data, "t")["output"] == "[N, 4, ?, ?]"


@pytest.mark.parametrize(
    ("name", "id_", "value", "text"),
    [
        ("macs", "fc", 2_048_000, "2.05M"),
        ("params", "Mixed_5b.branch5x5_2", 76_928, "76.9k"),
        ("receptive_field", "Mixed_5b.branch5x5_2", 63, "63 px"),
    ],
)
def test_boxes_have_what_they_can_be_coloured_by(name: str, id_: str, value: int, text: str) -> None:
    heat = _inception()["heat"][name]
    assert (heat["values"][id_], heat["texts"][id_]) == (value, text)


def test_a_network_of_few_parts_opens_further() -> None:
    sketch = Sketch(x=("N", 4, 8, 8))
    stage = sketch.scope("stage")
    last = "x"
    for place in range(3):
        block = sketch.scope(f"stage.b{place}", inside=stage)
        inner = sketch.add(f"stage.b{place}.s", ("softmax", "tanh", "sigmoid")[place], last, inside=block)
        last = sketch.add(f"stage.b{place}.d", "dropout", inner, inside=block)
    assert explorer_data(sketch.graph(y=last), Diagnostics())["open"] == [
        ROOT, "stage", "stage.b0", "stage.b1", "stage.b2",
    ]  # fmt: skip
    assert _inception()["open"] == [ROOT]
