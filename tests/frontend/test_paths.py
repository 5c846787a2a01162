"""Names and paths: the path of a node is the path of its module and the prefix of its keys."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from archspec.compiler import compile_spec
from archspec.frontend.nested_ids import TAKEN_BY_LAYERS
from tests.specs import errors, keys, load, paths, reads, spec

CONV = "conv: {kernel: 1, channels: 4, bias: false}"


def test_items_without_an_id_are_counted_as_nn_sequential_counts() -> None:
    text = f"layers: [{{{CONV}}}, batch_norm, relu, {{{CONV}}}]"
    reference = nn.Sequential(
        nn.Conv2d(4, 4, 1, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 4, 1, bias=False)
    )
    assert list(compile_spec(spec(text)).state_dict()) == list(reference.state_dict())


def test_an_item_with_an_id_takes_a_position_too() -> None:
    assert paths(load("layers: [relu, {relu: {id: named}}, relu]")) == ["0", "named", "2"]


@pytest.mark.parametrize(
    ("branch", "expected"),
    [
        ("{conv: {kernel: 1, channels: 4}}", "b"),
        ("[{conv: {kernel: 1, channels: 4}}]", "b.0"),
        ("[{conv: {id: c, kernel: 1, channels: 4}}]", "b.c"),
        ("[{relu: {}}, {conv: {kernel: 1, channels: 4}}]", "b.1"),
        ("{layers: [{conv: {kernel: 1, channels: 4}}]}", "b.0"),
    ],
)
def test_notation_decides_whether_a_named_branch_is_the_item_or_a_list(branch: str, expected: str) -> None:
    graph = load(f"layers: [{{concat: {{branches: {{b: {branch}, other: [relu]}}}}}}]")
    assert f"{expected}.weight" in keys(graph)


def test_an_unnamed_branch_adds_no_level() -> None:
    graph = load("""
        layers:
          - concat:
              branches:
                - - conv: {id: reduce, kernel: 1, channels: 2}
                  - relu
                  - conv: {id: expand, kernel: 1, channels: 4}
                - [{conv: {id: short, kernel: 1, channels: 4}}]
    """)
    assert keys(graph) == ["reduce.weight", "reduce.bias", "expand.weight", "expand.bias", "short.weight", "short.bias"]


def test_an_item_with_weights_in_an_unnamed_branch_needs_an_id() -> None:
    assert errors("layers: [{concat: {branches: [[{conv: {kernel: 1, channels: 2}}], []]}}]")[0][1] == "conv"
    assert errors("""
        blocks: {cb: {layers: [{conv: {kernel: 1, channels: 2}}]}}
        layers: [{concat: {branches: [[{cb: {}}], []]}}]
    """)


def test_a_join_adds_a_level_only_with_an_id() -> None:
    rows = "layers: [{{add: {{{0}branches: {{a: {{conv: {{kernel: 1, channels: 4}}}}, b: []}}}}}}, relu]"
    assert keys(load(rows.format(""))) == ["a.weight", "a.bias"]
    graph = load(rows.format("id: residual, "))
    assert keys(graph) == ["residual.a.weight", "residual.a.bias"]
    assert reads(graph, "1") == ["residual.join"]


def test_a_block_is_a_level_at_its_id_or_position() -> None:
    graph = load("""
        blocks:
          cb:
            layers:
              - conv: {id: conv, kernel: 1, channels: 4, bias: false}
              - batch_norm: {id: bn}
        layers:
          - cb: {id: stem}
          - cb
    """)
    assert keys(graph)[0] == "stem.conv.weight"
    assert "1.bn.running_mean" in keys(graph)


def test_a_repeat_with_an_id_is_a_sequence_of_turns() -> None:
    graph = load(f"layers: [{{{CONV[:-1]}, id: body, repeat: 3}}}}, relu]")
    assert paths(graph) == ["body.0", "body.1", "body.2", "1"]
    assert reads(graph, "body.1") == ["body.0"]
    assert reads(graph, "1") == ["body.2"]


def test_a_repeat_without_an_id_splices_its_turns_into_the_list() -> None:
    graph = load(f"layers: [relu, {{{CONV[:-1]}, repeat: 3}}}}, relu]")
    assert paths(graph) == ["0", "1", "2", "3", "4"]


def test_a_range_names_the_turns_themselves() -> None:
    graph = load(f"layers: [{{{CONV[:-1]}, id: denselayer1..3}}}}, {{add: {{from: [denselayer3, denselayer1]}}}}]")
    assert paths(graph) == ["denselayer1", "denselayer2", "denselayer3", "3"]
    assert reads(graph, "denselayer3") == ["denselayer2"]
    assert reads(graph, "3") == ["denselayer3", "denselayer1"]


def test_a_range_may_count_below_a_name() -> None:
    graph = load("layers: [{relu: {id: stem.0}}, {relu: {id: stem.1..2}}, {add: {from: [stem.1, stem.2]}}]")
    assert paths(graph) == ["stem.0", "stem.1", "stem.2", "3"]
    assert reads(graph, "stem.1") == ["stem.0"]
    assert errors("layers: [{relu: {id: stem.1}}, {relu: {id: stem.0..2}}]") == [("duplicate-id", "stem.0..2")]


def test_a_range_takes_as_many_turns_as_repeat_or_each_say() -> None:
    graph = load("layers: [{conv: {id: stage1..2, kernel: 1, each: {channels: [2, 3]}}}]")
    assert paths(graph) == ["stage1", "stage2"]
    assert errors("layers: [{relu: {id: stage1..2, repeat: 3}}]") == [("turns-differ", "stage1..2")]


def test_a_sequence_is_a_level_at_its_id_or_position() -> None:
    graph = load("""
        layers:
          - relu
          - sequence: {layers: [relu, {relu: {id: named}}]}
          - sequence: {id: body, layers: [relu, {sequence: {layers: [relu]}}]}
    """)
    assert paths(graph) == ["0", "1.0", "1.named", "body.0", "body.1.0"]
    assert graph["body.1.0"].scope.kind == "sequence"


def test_a_repeat_inside_a_sequence_counts_on_from_what_is_before_it() -> None:
    graph = load("""
        blocks:
          bottleneck:
            params: {downsample: false}
            layers:
              - conv: {id: conv1, kernel: 1, channels: 4}
              - conv: {id: extra, kernel: 1, channels: 4, if: $downsample}
        layers:
          - sequence: {id: layer2, layers: [{bottleneck: {downsample: true}}, {bottleneck: {repeat: 3}}]}
    """)
    assert paths(graph) == ["layer2.0.conv1", "layer2.0.extra", *(f"layer2.{turn}.conv1" for turn in (1, 2, 3))]


def test_ids_with_dots_interleave_containers() -> None:
    text = """
        layers:
          - conv: {id: inner_blocks.0, kernel: 1, channels: 4}
          - conv: {id: layer_blocks.0, kernel: 3, padding: same, channels: 4}
          - conv: {id: inner_blocks.1, kernel: 1, channels: 4, from: inner_blocks.0}
          - add: {from: [layer_blocks.0, inner_blocks.1]}
    """
    graph = load(text)
    assert keys(graph)[::2] == ["inner_blocks.0.weight", "layer_blocks.0.weight", "inner_blocks.1.weight"]
    assert isinstance(compile_spec(spec(text)).get_submodule("inner_blocks.1"), nn.Conv2d)


@pytest.mark.parametrize("first", ["conv: {id: a, kernel: 1, channels: 4}", "sequence: {id: a, layers: [prelu]}"])
@pytest.mark.parametrize("turned", [False, True])
def test_an_item_may_lie_inside_of_another_that_comes_before_or_after_it(first: str, turned: bool) -> None:
    rows = [first, "conv: {id: a.norm.x, kernel: 1, channels: 4}", "parameter: {id: a.gain, shape: [4, 1, 1]}"]
    listed = "".join(f"  - {row}\n" for row in (reversed(rows) if turned else rows))
    text = f"layers:\n{listed}  - multiply: {{from: [a, a.norm.x, a.gain]}}\n"
    model = compile_spec(spec(text))
    assert {"a.norm.x.weight", "a.gain"} < set(model.state_dict())
    assert model(torch.ones(2, 4, 8, 8)).shape == (2, 4, 8, 8)


@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        ("conv: {id: a, kernel: 1, channels: 4}", "weight"),
        ("conv: {id: a, kernel: 1, channels: 4}", "stride.x"),
        ("affine: {id: a, scale: [1, 2, 3, 4]}", "scale"),
        ("parameter: {id: a, shape: [4, 1, 1]}", "x"),
        ("conv: {id: a, share: one, from: x}", "x"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_an_item_does_not_lie_inside_of_what_cannot_hold_it(outer: str, inner: str, turned: bool) -> None:
    rows = ["conv: {id: one, kernel: 1, channels: 4}", outer, f"relu: {{id: a.{inner}}}"]
    listed = "".join(f"  - {row}\n" for row in ([rows[0], *rows[:0:-1]] if turned else rows))
    assert errors(f"layers:\n{listed}  - add: {{from: [one, a, a.{inner}]}}\n") == [("reserved-name", "relu")]


def test_the_attributes_of_layers_are_those_of_torch() -> None:
    modules = [getattr(nn, f"Conv{axes}d")(1, 1, 1) for axes in (1, 2, 3)]
    modules += [getattr(nn, f"BatchNorm{axes}d")(1) for axes in (1, 2, 3)]
    modules += [nn.GroupNorm(1, 1), nn.LayerNorm(1), nn.Linear(1, 1), nn.Embedding(1, 1), nn.PReLU(), nn.Dropout()]
    have = {name for module in modules for name in {*dir(module), *module.__dict__} if not name.startswith("__")}
    assert have - {*dir(nn.Module()), *nn.Module().__dict__} <= TAKEN_BY_LAYERS


def test_heads_are_registered_last_unless_they_say_after_what() -> None:
    text = """
        layers:
          - conv: {id: a, kernel: 1, channels: 4, bias: false}
          - conv: {id: b, kernel: 1, channels: 4, bias: false}
        heads:
          aux: {conv: {from: a, kernel: 1, channels: 2, bias: false AFTER}}
        outputs: {main: b, aux: aux}
    """
    for after, expected in (("", ["a", "b", "aux"]), (", after: a", ["a", "aux", "b"])):
        rows = text.replace(" AFTER", after)
        assert keys(load(rows)) == [f"{name}.weight" for name in expected]
        module = compile_spec(spec(rows))
        assert [name for name, _ in module.named_children()] == expected
        assert list(module.state_dict()) == [f"{name}.weight" for name in expected]


def test_heads_stand_at_their_names_and_leave_the_main_path_alone() -> None:
    text = """
        layers: [{relu: {id: a}}, {tanh: {id: b}}]
        heads:
          aux: [{flatten: {from: a}}, {linear: {features: 2}}]
          other: {from: b, layers: [sigmoid]}
        outputs: {main: b, aux: aux, other: other}
    """
    assert paths(load(text)) == ["a", "b", "aux.0", "aux.1", "other.0"]
    result = compile_spec(spec(text)).eval()(torch.ones(2, 4, 8, 8))
    assert result._fields == ("main", "aux", "other")


@pytest.mark.parametrize("id", ["type", "half", "forward", "train", "graph", "code", "meta", "in", "class"])
def test_an_id_that_torch_or_the_language_needs_is_refused(id: str) -> None:
    assert errors(f"layers: [{{relu: {{id: {id}}}}}]") == [("reserved-name", id)]


@pytest.mark.parametrize("name", ["count", "index", "_hidden", "class"])
def test_an_output_that_a_named_tuple_refuses_is_refused(name: str) -> None:
    assert errors(f"layers: [{{relu: {{id: a}}}}]\noutputs: {{{name}: a}}") == [("reserved-name", name)]


@pytest.mark.parametrize("word", ["repeat", "from", "id", "share", "layers"])
def test_a_key_of_every_item_names_no_parameter_but_may_be_an_id(word: str) -> None:
    assert errors(f"params: {{{word}: 1}}\nlayers: [relu]") == [("reserved-name", word)]
    if word != "from":  # a keyword of Python
        assert paths(load(f"layers: [{{relu: {{id: {word}}}}}]")) == [word]


def test_two_items_of_one_list_have_two_ids() -> None:
    assert errors("layers: [{relu: {id: a}}, {relu: {id: a}}]") == [("duplicate-id", "a")]
    assert errors("layers: [{relu: {id: 1}}, relu]") == [("duplicate-id", "relu")]
    assert errors("layers: [{relu: {id: x}}]") == [("duplicate-id", "x")]


def test_a_block_is_not_named_like_an_op() -> None:
    assert errors("blocks: {conv: {layers: [relu]}}\nlayers: [relu]") == [("reserved-name", "conv")]


def test_a_branch_or_head_of_one_item_is_repeated_at_its_name() -> None:
    graph = load("""
        layers: [{add: {branches: {a: {tanh: {repeat: 2}}, b: []}}}]
        heads: {h: {conv: {from: a.0, each: {channels: [2, 3]}, kernel: 1}}}
        outputs: {main: 0, h: h}
    """)
    assert paths(graph) == ["a.0", "a.1", "0", "h.0", "h.1"]
    assert [reads(graph, path) for path in ("0", "h.0", "h.1")] == [["a.1", "x"], ["a.0"], ["h.0"]]


def test_a_branch_of_one_item_has_one_name() -> None:
    assert errors("layers: [{add: {branches: {a: {tanh: {id: other}}, b: []}}}]") == [("misplaced-key", "id")]
