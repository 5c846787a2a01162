"""What differs between two networks: parts are recognised, and what is told of them is all that there is."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archspec.analysis.diff.alignment import align
from archspec.analysis.diff.networks import Diff, diff
from archspec.compiler import load_graph, load_spec
from archspec.ir.graph import Graph
from archspec.source.diagnostic import Diagnostics
from tests.doc_blocks import ROOT
from tests.specs import spec

ITEMS = (
    "relu",
    "batch_norm",
    "dropout: 0.2",
    "conv: {channels: 4, kernel: 1}",
    "conv: {channels: 4, kernel: 3, padding: same}",
    "conv: {channels: 8, kernel: 1}",
    "unit: {channels: 4}",
    "pair: {channels: 8}",
)
LISTS = st.lists(st.sampled_from(ITEMS), min_size=1, max_size=12)
BLOCKS = """\
blocks:
  unit:
    params: {channels: int, kernel: 3}
    layers:
      - conv: {id: conv, channels: $channels, kernel: $kernel, padding: same}
      - relu
  pair:
    in: [N, C, H, W]
    params: {channels: int}
    layers:
      - add:
          branches:
            - []
            - [{unit: {id: one, channels: $channels}}, {conv: {id: two, channels: $C, kernel: 1}}]
"""


def network(items: Sequence[str], outputs: str = "end") -> Graph:
    """A list of items without names, and one with a name behind them."""
    rows = "".join(f"  - {item}\n" if ":" not in item else f"  - {{{item}}}\n" for item in items)
    return load(f"{BLOCKS}layers:\n{rows}  - global_avg_pool: {{id: end}}\noutputs: {{y: {outputs}}}\n")


def load(text: str, inputs: str = "{x: [N, 4, 8, 8]}") -> Graph:
    """The graph of a spec, whatever rules are against in it."""
    graph = load_spec(spec(text, inputs), found := Diagnostics(), rules=())
    assert graph is not None
    assert not found.failed
    return graph


def between(one: Sequence[str], other: Sequence[str]) -> Diff:
    return diff(network(one), network(other))


def told(found: Diff) -> dict[str, list[str]]:
    """All that is different, consequences apart, in short; empty where nothing is."""
    every = {
        "removed": [member.path for member in found.removed],
        "added": [member.path for member in found.added],
        "renamed": [f"{pair.before.path} {pair.after.path}" for pair in found.renamed],
        "changed": [
            f"{change.pair.after.path}: {detail.what} {detail.before} {detail.after}"
            for change in found.changes
            for detail in change.details
        ],
        "outputs": [output.name for output in found.outputs],
    }
    return {name: paths for name, paths in every.items() if paths}


@given(LISTS)
def test_a_network_does_not_differ_from_itself(items: list[str]) -> None:
    assert between(items, items).is_same


@pytest.mark.parametrize("name", ["inception_v3", "inception_resnet_v2"])
def test_a_published_network_does_not_differ_from_itself(name: str) -> None:
    graphs = [load_graph(str(ROOT / f"specs/{name}.yaml")) for _ in range(2)]
    found = diff(*graphs)
    assert found.is_same
    assert found.kinds_before == found.kinds_after == {}
    assert len(found.matching.nodes) == len(graphs[0])
    assert all(total.before == total.after for total in found.totals)


@given(LISTS, st.data())
def test_an_item_less_in_a_list_without_names_is_just_that(items: list[str], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(items) - 1))
    found = between(items, [*items[:place], *items[place + 1 :]])
    assert [*told(found)] == ["removed"]
    (removed,) = found.removed
    assert items[int(removed.path)] == items[place]
    assert all(int(pair.before.path) - 1 == int(pair.after.path) for pair in found.shifted)


@given(LISTS, st.data())
def test_an_item_more_is_an_item_less_the_other_way_round(items: list[str], data: st.DataObject) -> None:
    place, item = data.draw(st.integers(0, len(items))), data.draw(st.sampled_from(ITEMS))
    more = [*items[:place], item, *items[place:]]
    there, back = between(items, more), between(more, items)
    assert [*told(there)] == ["added"]
    assert [member.path for member in there.added] == [member.path for member in back.removed]
    assert there.matching.nodes == back.matching.nodes_back


@given(LISTS, LISTS)
def test_the_other_way_round_it_is_the_same_difference(ones: list[str], others: list[str]) -> None:
    there, back = between(ones, others), between(others, ones)
    assert there.matching.nodes == back.matching.nodes_back
    assert [member.path for member in there.added] == [member.path for member in back.removed]
    assert [member.path for member in there.removed] == [member.path for member in back.added]
    assert there.is_same == back.is_same == (ones == others)


@given(st.lists(st.sampled_from(ITEMS), min_size=1, max_size=8), st.data())
def test_another_id_is_another_name_and_nothing_else(items: list[str], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(items) - 1))
    named = [with_id(item, f"item_{at}") for at, item in enumerate(items)]
    found = between(named, [*named[:place], with_id(items[place], "other"), *named[place + 1 :]])
    assert told(found) == {"renamed": [f"item_{place} other"]}
    assert found.kinds_before == {f"item_{place}": "renamed"}
    assert found.kinds_after == {"other": "renamed"}


def with_id(item: str, name: str) -> str:
    op, _, attributes = item.partition(": ")
    inside = f", {attributes.strip('{}')}" if attributes.startswith("{") else f", p: {attributes}" if attributes else ""
    return f"{op}: {{id: {name}{inside}}}"


@pytest.mark.parametrize(
    ("ones", "others", "expected"),
    [
        (["conv: {channels: 8, kernel: 1}"], ["conv: {channels: 4, kernel: 1}"], {"changed": ["0: channels 8 4"]}),
        (["relu: {id: act}"], ["gelu: {id: act}"], {"changed": ["act: op relu gelu"]}),
        (["batch_norm", "relu"], ["conv: {channels: 4, kernel: 1}", "batch_norm", "gelu"],
         {"added": ["0"], "changed": ["2: op relu gelu"]}),
        (["relu", "unit: {channels: 4}"], ["relu"], {"removed": ["1"]}),
        (["unit: {channels: 4}", "relu"], ["relu", "unit: {channels: 4}", "pair: {channels: 8}"],
         {"removed": ["1"], "added": ["0", "2"]}),
        (["unit: {id: a, channels: 4}"], ["unit: {id: b, channels: 8}"],
         {"renamed": ["a b"], "changed": ["b.conv: channels 4 8"]}),
        (["unit: {id: a, channels: 4, repeat: 2}"], ["unit: {id: a, channels: 8, repeat: 4}"],
         {"added": ["a.2", "a.3"], "changed": ["a.0.conv: channels 4 8", "a.1.conv: channels 4 8"]}),
        (["unit: {id: a, channels: 4, repeat: 2}", "pair: {id: b, channels: 4, repeat: 2}"],
         ["relu: {id: s}", "unit: {id: b, channels: 4, repeat: 2}", "pair: {id: c, channels: 4, repeat: 2}"],
         {"added": ["s"], "renamed": ["a b", "b c"]}),
    ],
)  # fmt: skip
def test_what_is_the_same_is_found_by_name_order_and_kind(
    ones: list[str], others: list[str], expected: dict[str, list[str]]
) -> None:
    assert told(between(ones, others)) == expected


def test_what_moves_into_a_sequence_is_called_otherwise() -> None:
    flat = ["unit: {id: one, channels: 8}", "unit: {id: two, channels: 6}"]
    nested = "sequence: {id: features, layers: [{unit: {id: one, channels: 8}}, {unit: {id: two, channels: 7}}]}"
    assert told(between(flat, [nested])) == {
        "renamed": ["one features.one", "two features.two"],
        "changed": ["features.two.conv: channels 6 7"],
    }


def test_a_branch_less_is_not_told_of_what_joins() -> None:
    branches = ["a: [{conv: {channels: 4, kernel: 1}}]", "b: [relu]", "c: [{unit: {channels: 2}}]"]
    joins = [f"concat: {{id: join, branches: {{{', '.join(some)}}}}}" for some in (branches, branches[:2])]
    found = between(joins[:1], joins[1:])
    assert told(found) == {"removed": ["join.c"]}
    removed = dict.fromkeys(["join.c", "join.c.0", "join.c.0.conv", "join.c.0.1"], "removed")
    assert found.kinds_before == {"end": "reshaped", "join": "changed", "join.join": "reshaped"} | removed
    assert found.kinds_after == {"end": "reshaped", "join": "changed", "join.join": "reshaped"}


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("conv: {id: c, from: b, channels: 4, kernel: 1}", "conv: {id: c, from: a, channels: 4, kernel: 1}",
         "c: inputs ['b'] ['a']"),
        ("conv: {id: c, channels: 4, kernel: 1}", "conv: {id: c, share: a}", "c: share None a"),
        ("add: {id: c, from: [a, b]}", "add: {id: c, from: [b, a]}", "c: order of inputs ['a', 'b'] ['b', 'a']"),
        ("add: {id: c, from: [a, b]}", "add: {id: c, from: [a, a]}", "c: inputs ['b'] ['a']"),
    ],
)  # fmt: skip
def test_wires_and_shared_weights_are_told(one: str, other: str, expected: str) -> None:
    begin = [f"conv: {{id: {name}, channels: 4, kernel: 1}}" for name in "ab"]
    assert told(between([*begin, one], [*begin, other])) == {"changed": [expected]}


def test_a_phase_is_told_once_for_all_that_is_inside() -> None:
    heads = [f"heads: {{aux: {{unit: {{from: 0, channels: 4{when}}}}}}}" for when in ("", ", when: training")]
    text = "layers: [relu, {relu: {id: end}}]\noutputs: {y: end, aux: aux}\n"
    graphs = [load(f"{BLOCKS}{text}{head}\n") for head in heads]
    assert told(diff(*graphs)) == {"changed": ["aux: phase None training"]}


def test_an_attribute_that_depends_on_the_input_only_follows_from_it() -> None:
    convs = [f"conv: {{channels: {channels}, kernel: 1}}" for channels in (4, 8)]
    ones, others = ([conv, "pair: {id: p, channels: 8}"] for conv in convs)
    assert told(between(ones, others)) == {"changed": ["0: channels 4 8"]}


def test_outputs_that_come_from_elsewhere_are_told() -> None:
    items = ["relu: {id: a}", "relu: {id: b}"]
    assert told(diff(network(items, "a"), network(items, "b"))) == {"outputs": ["y"]}
    assert told(diff(network(items[:1], "a"), network(["gelu", *items[:1]], "a"))) == {"added": ["0"]}


def test_inputs_and_outputs_in_another_order_are_a_difference() -> None:
    text = "layers: [{relu: {id: a, from: x}}, {relu: {id: b, from: z}}]\noutputs: {%s}\n"
    inputs = "x: [N, 4]", "z: [N, 4]"
    graphs = [
        load(text % "a: a, b: b", f"{{{', '.join(inputs)}}}"),
        load(text % "b: b, a: a", f"{{{', '.join(inputs[::-1])}}}"),
    ]
    assert diff(*graphs).reordered == ("inputs", "outputs")
    assert not diff(*graphs).is_same


def test_a_batch_by_another_name_is_no_difference_of_shapes() -> None:
    graphs = [load("layers: [relu]\noutputs: {y: 0}\n", f"{{x: [{name}, 4]}}") for name in "NB"]
    found = diff(*graphs)
    assert told(found) == {"changed": ["x: dims ['N', '4'] ['B', '4']"]}
    assert found.reshaped == ()


def test_weights_are_sorted_by_what_becomes_of_them() -> None:
    conv = "conv: {channels: 4, kernel: 1, bias: false}"
    ones = [conv, "batch_norm: {id: a}", "conv: {id: same, channels: 4, kernel: 1}", conv]
    others = [
        conv.replace("kernel: 1", "kernel: 1, groups: 2"),
        conv,
        "batch_norm: {id: b}",
        *ones[2:3],
        conv.replace("4", "5"),
    ]
    found = between(ones, others).weights
    keys = {name: [(key.before, key.after, key.elements) for key in getattr(found, name)] for name in found.__slots__}
    parts = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    assert keys == {
        "same": [("same.weight", "same.weight", 16), ("same.bias", "same.bias", 4)],
        "renamed": [("0.weight", "1.weight", 16)]
        + [(f"a.{part}", f"b.{part}", 4) for part in parts[:-1]]
        + [(f"a.{parts[-1]}", f"b.{parts[-1]}", 1)],
        "reshaped": [("3.weight", "4.weight", 20)],
        "new": [(None, "0.weight", 8)],
        "left_over": [],
        "misplaced": [],
    }


def test_tied_and_shared_weights_count_where_they_are_owned() -> None:
    conv = "conv: {id: %s, channels: 4, kernel: 1, bias: false%s}"
    items = [conv % ("a", ""), conv % ("b", ", tie: {weight: a.weight}"), "conv: {id: c, share: a}"]
    found = between(items, items).weights
    assert [(key.after, key.elements) for key in found.same] == [("a.weight", 16), ("b.weight", 0)]
    tied = between([conv % ("z", ""), conv % ("b", ", tie: {weight: z.weight}"), "conv: {id: c, share: z}"], items)
    assert told(tied) == {"renamed": ["z a"]}


def test_a_key_that_another_weight_has_now_is_misplaced() -> None:
    convs = [f"conv: {{channels: 4, kernel: 1, bias: false, stride: {stride}}}" for stride in (1, 2, 3)]
    found = between(convs[:2], [convs[2], *convs[:2]]).weights
    assert [(key.before, key.after) for key in found.renamed] == [("0.weight", "1.weight"), ("1.weight", "2.weight")]
    assert [key.after for key in found.new] == ["0.weight"]
    assert [key.after for key in found.misplaced] == ["0.weight", "1.weight"]
    assert found.same == ()


def test_what_cannot_be_known_of_a_total_is_none() -> None:
    text = "layers: [{conv: {channels: 4, kernel: 1}}]\noutputs: {y: 0}\n"
    graphs = [load(text, f"{{x: [N, 4, {side}, 8]}}") for side in ("8", "T")]
    totals = {total.name: (total.before, str(total.after), str(total.difference)) for total in diff(*graphs).totals}
    assert totals["MACs"] == (1024, "128*T", "128*T - 1024")
    assert totals["peak memory"] == (2048, "None", "None")
    assert totals["smallest T"] == (None, "1", "None")


@given(st.lists(st.integers(0, 4), max_size=30), st.lists(st.integers(0, 4), max_size=30))
def test_lists_are_aligned_in_order_and_leave_nothing_that_fits(ones: list[int], others: list[int]) -> None:
    places = align(ones, others)
    assert all(ones[one] == others[other] for one, other in places)
    assert all(one < another and other < last for (one, other), (another, last) in pairwise(places))
    for (one, other), (another, last) in pairwise([(-1, -1), *places, (len(ones), len(others))]):
        assert not set(ones[one + 1 : another]) & set(others[other + 1 : last])


def test_of_lists_with_little_in_common_only_that_is_looked_at() -> None:
    start = time.perf_counter()
    for _ in range(100):
        assert align([*range(250), "same"], ["same", *range(250, 500)]) == [(250, 0)]
    assert time.perf_counter() - start < 2


def test_one_item_in_a_chain_of_10_000_is_found_at_once() -> None:
    chain = [ITEMS[4], "relu"] * 5000
    graphs = [network(chain), network([*chain[:2500], "gelu", *chain[2500:]])]
    start = time.perf_counter()
    assert told(diff(*graphs)) == {"added": ["2500"]}
    assert time.perf_counter() - start < 9
