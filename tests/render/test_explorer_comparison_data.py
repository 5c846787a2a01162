"""What the explorer tells of two networks that are compared: both, what differs, and which parts are the same."""

from __future__ import annotations

from typing import Any

from tests.render.explored import comparison_of
from tests.specs import spec

UNIT = """
blocks:
  unit:
    params: {channels: int, kernel: 3}
    layers: [{conv: {id: conv, channels: $channels, kernel: $kernel, padding: same}}, {tanh: {id: act}}]
"""


def _compared(before: str, after: str) -> dict[str, Any]:
    return comparison_of(spec(before), spec(after))


def _listed(data: dict[str, Any]) -> list[tuple[str, str, str, list[str]]]:
    return [(one["severity"], one["name"], one["message"], one["parts"]) for one in data["findings"]]


def _differs(data: dict[str, Any], id_: str) -> dict[str, str]:
    return dict(data["parts"][id_]["partner"]["differs"])


def test_both_networks_stand_side_by_side() -> None:
    data = _compared("layers: [{tanh: {id: t}}]", "layers: [{tanh: {id: t}}]")
    assert data["parts"][data["root"]]["members"] == ["a:", "b:"]
    assert data["parts"]["b:"]["members"] == ["b:input:x", "b:t", "b:output:output"]
    assert {"a:", "b:"} <= set(data["open"])
    assert [(source, target) for source, target, *_ in data["edges"]] == [
        ("a:input:x", "a:t"), ("a:t", "a:output:output"), ("b:input:x", "b:t"), ("b:t", "b:output:output"),
    ]  # fmt: skip
    assert data["findings"] == []


def test_what_differs_is_listed_in_the_order_of_the_networks() -> None:
    data = _compared(
        "layers: [{dropout: {id: gone}}, {conv: {id: c, channels: 4, kernel: 1}}, {tanh: {id: one}}, softmax]",
        "layers: [{conv: {id: c, channels: 4, kernel: 3}}, {tanh: {id: two}}, softmax, {sigmoid: {id: new}}]",
    )
    assert _listed(data) == [
        ("removed", "gone", "dropout", ["a:gone"]),
        ("changed", "c", "kernel 1 → 3", ["b:c", "a:c"]),
        ("renamed", "one → two", "tanh", ["b:two", "a:one"]),
        ("added", "new", "sigmoid", ["b:new"]),
    ]
    assert {one["severity"] for one in data["findings"]} == {one["name"] for one in data["severities"]}


def test_a_block_that_is_added_is_one_difference() -> None:
    data = _compared(
        f"{UNIT}layers: [{{unit: {{id: one, channels: 4}}}}]",
        f"{UNIT}layers: [{{unit: {{id: one, channels: 4}}}}, {{unit: {{id: two, channels: 8}}}}]",
    )
    assert _listed(data)[0] == ("added", "two", "3x3 conv, 8, tanh, 2 nodes", ["b:two"])
    assert data["parts"]["b:two.conv"]["partner"] is None


def test_a_branch_that_is_added_is_marked_on_what_is_drawn_of_it() -> None:
    begin = "layers: [{concat: {id: c, branches: {left: [{tanh: {id: t}}, {softmax: {id: s}}]"
    data = _compared(f"{begin}, mid: [{{dropout: {{id: d}}}}]}}}}}}]", f"{begin}, new: [{{tanh: {{id: t}}}}]}}}}}}]")
    assert [(severity, parts) for severity, _, _, parts in _listed(data)] == [
        ("removed", ["a:c.mid.d"]),
        ("added", ["b:c.new.t"]),
    ]


def test_what_is_alike_in_several_places_is_one_difference() -> None:
    rows = "{}layers: [{{unit: {{id: u, repeat: 3, channels: 4, kernel: {}}}}}]"
    data = _compared(rows.format(UNIT, 3), rows.format(UNIT, 5))
    assert _listed(data) == [
        (
            "changed",
            "u.0.conv",
            "kernel 3 → 5, in 3 places",
            ["b:u.0.conv", "b:u.1.conv", "b:u.2.conv", "a:u.0.conv", "a:u.1.conv", "a:u.2.conv"],
        )
    ]


def test_partners_say_what_differs_from_what_to_what() -> None:
    data = _compared(
        "layers: [{conv: {id: c, channels: 4, kernel: 1}}, {tanh: {id: one}}]",
        "layers: [{conv: {id: c, channels: 6, kernel: 1}}, {tanh: {id: two}}]",
    )
    assert data["parts"]["a:one"]["partner"]["id"] == "b:two"
    assert data["parts"]["b:two"]["partner"]["id"] == "a:one"
    assert _differs(data, "b:c") == {
        "channels": "4 → 6",
        "output": "[N, 4, 8, 8] → [N, 6, 8, 8]",
        "parameters": "20 → 30",
        "MACs per sample": "1,024 → 1,536",
    }
    assert _differs(data, "a:one") == {
        "path": "one → two",
        "input": "[N, 4, 8, 8] → [N, 6, 8, 8]",
        "output": "[N, 4, 8, 8] → [N, 6, 8, 8]",
    }
    assert _differs(data, "a:input:x") == {}


def test_layers_and_repeats_that_are_no_scopes_have_partners_too() -> None:
    rows = (
        "{}layers: [{{conv: {{id: c, channels: 4, kernel: {}}}}}, {{relu: {{id: r}}}},"
        " {{unit: {{channels: 4, repeat: {}}}}}]"
    )
    data = _compared(rows.format(UNIT, 1, 4), rows.format(UNIT, 3, 5))
    assert data["parts"]["a:c+r"]["partner"]["id"] == "b:c+r"
    assert _differs(data, "a:c+r")["parameters"] == "20 → 148"
    assert data["parts"]["a:2..5"]["partner"]["id"] == "b:2..6"


def test_colours_stand_for_the_same_in_both() -> None:
    data = _compared(
        "layers: [{conv: {id: c, channels: 4, kernel: 1}}]", "layers: [{conv: {id: c, channels: 4, kernel: 3}}]"
    )
    assert data["heat"]["macs"]["values"] == {"a:c": 1024, "b:c": 5184}
    assert data["heat"]["macs"]["texts"]["b:c"] == "5.18k"


def test_totals_are_told_as_they_were_and_as_they_are() -> None:
    data = _compared(
        "layers: [{conv: {id: c, channels: 4, kernel: 1}}]", "layers: [{conv: {id: c, channels: 4, kernel: 3}}]"
    )
    facts = dict(data["facts"]["eval"])
    assert facts["parameters"] == "20 → 148 (+640%)"
    assert facts["receptive field"] == "1 px → 3 px (+200%)"
    assert list(facts) == ["parameters", "MACs", "peak memory", "receptive field"]
    details = dict(data["parts"][data["root"]]["details"])
    assert details["MACs"] == "1,024 → 5,184 (+406%)"
    assert (details["keys that carry over"], details["reshaped keys"]) == ("1 of 2", "1")


def test_what_is_seen_of_a_sequence_has_no_pixels() -> None:
    rows = "inputs: {{x: [N, 4, T=32]}}\nlayers: [{{conv: {{id: c, channels: 4, kernel: {}}}}}]"
    data = _compared(rows.format(1), rows.format(3))
    assert dict(data["facts"]["eval"])["receptive field"] == "1 → 3 (+200%)"
    assert data["heat"]["receptive_field"]["texts"]["b:c"] == "3"


def test_symbols_that_begin_at_the_same_sizes_are_one() -> None:
    rows = "inputs: {{x: [N, 4, H=32, W=32]}}\nlayers: [{{conv: {{id: c, channels: 4, kernel: {}}}}}]"
    assert dict(_compared(rows.format(5), rows.format(4))["facts"]["eval"])["smallest H, W"] == "5 → 4 (−20%)"


def test_other_values_of_parameters_are_told() -> None:
    rows = "params: {width: 4, name: 1}\nlayers: [{conv: {id: c, channels: $width, kernel: $name}}]"
    assert comparison_of(spec(rows), spec(rows), width=6)["subtitle"] == "width 4 → 6"
