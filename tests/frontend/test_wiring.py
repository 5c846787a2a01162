"""Wiring: what an item reads, and how names are looked up."""

from __future__ import annotations

import pytest

from tests.specs import errors, load, paths, reads, shape


def test_an_item_reads_the_one_before_it_or_what_it_names() -> None:
    graph = load(
        "layers: [{relu: {id: a}}, {tanh: {id: b}}, {add: {from: [a, b]}}, {sigmoid: {from: x}}, {add: {from: [3, 2]}}]"
    )
    assert reads(graph, "b") == ["a"]
    assert reads(graph, "2") == ["a", "b"]
    assert reads(graph, "3") == ["x"]
    assert reads(graph, "4") == ["3", "2"]


def test_a_source_does_not_break_the_chain() -> None:
    graph = load(
        """
        layers:
          - linear: {id: a, features: 4}
          - parameter: {id: scale, shape: [2, 4]}
          - linear: {id: b, features: 4}
          - multiply: {from: [b, scale]}
    """,
        "{x: [2, 4]}",
    )
    assert reads(graph, "b") == ["a"]
    assert reads(graph, "scale") == []


def test_a_name_is_looked_up_in_its_own_list_and_then_outwards() -> None:
    graph = load("""
        layers:
          - relu: {id: a}
          - tanh: {id: outer}
          - sequence:
              id: s
              layers:
                - sigmoid: {id: a}
                - sequence: {id: t, layers: [{add: {from: [a, outer]}}]}
                - relu: {from: t}
          - add: {from: [a, s]}
    """)
    assert reads(graph, "s.a") == ["outer"]
    assert reads(graph, "s.t.0") == ["s.a", "outer"]
    assert reads(graph, "3") == ["a", "s.2"]


def test_a_branch_sees_the_lists_around_it() -> None:
    graph = load("""
        layers:
          - relu: {id: a}
          - tanh: {id: b}
          - concat:
              branches:
                one: [{conv: {id: c, kernel: 1, channels: 2}}]
                two: {add: {from: [a, one.c], if: false}}
                three: [{multiply: {from: [a, b]}}]
    """)
    assert reads(graph, "three.0") == ["a", "b"]


def test_items_of_unnamed_branches_are_seen_after_the_join() -> None:
    graph = load("""
        layers:
          - concat: {branches: [[{conv: {id: left, kernel: 1, channels: 4}}], []]}
          - concat: {from: [0, left]}
    """)
    assert reads(graph, "1") == ["0", "left"]


def test_a_name_is_never_looked_up_across_the_border_of_a_block() -> None:
    assert errors("""
        blocks: {b: {layers: [{add: {from: [in, outer]}}]}}
        layers: [{relu: {id: outer}}, b]
    """) == [("unknown-node", "outer")]


def test_in_is_what_a_block_is_given() -> None:
    graph = load("""
        blocks: {residual: {layers: [relu, tanh, {add: {from: [in, 1]}}]}}
        layers: [{sigmoid: {id: s}}, {residual: {id: r}}, {residual: {id: q, from: s}}]
        outputs: {a: r, b: q}
    """)
    assert reads(graph, "r.2") == ["s", "r.1"]
    assert reads(graph, "q.2") == ["s", "q.1"]


def test_in_is_also_the_only_input_of_a_file() -> None:
    assert reads(load("layers: [relu, {add: {from: [in, 0]}}]"), "1") == ["x", "0"]


def test_what_comes_later_is_a_forward_reference_and_a_circle_a_cycle() -> None:
    assert errors("layers: [{relu: {from: b}}, {tanh: {id: b, from: x}}]")[0] == ("forward-reference", "b")
    assert errors("layers: [{relu: {id: a, from: b}}, {tanh: {id: b}}]")[0] == ("cycle", "b")


def test_the_turns_of_a_repeat_are_named_by_index() -> None:
    graph = load("layers: [{conv: {id: mixed, kernel: 1, channels: 4, repeat: 4}}, {add: {from: [mixed, mixed.1]}}]")
    assert reads(graph, "1") == ["mixed.3", "mixed.1"]


def test_the_outputs_of_an_op_with_several_are_ports() -> None:
    graph = load("layers: [{split: {id: halves, parts: 2}}, {relu: {from: halves.1}}, {add: {from: [1, halves.0]}}]")
    assert reads(graph, "1") == ["halves:1"]
    assert errors("layers: [{split: {id: halves, parts: 2}}, relu]") == [("several-outputs", "relu")]


def test_a_branch_may_say_where_it_begins() -> None:
    graph = load("""
        params: {extra: true}
        layers:
          - split: {id: halves, parts: 2}
          - concat:
              from: x
              branches:
                a: {from: halves.0, layers: [relu]}
                b: {from: halves.1, if: $extra, layers: []}
                c: [tanh]
    """)
    assert reads(graph, "a.0") == ["halves"]
    assert reads(graph, "1") == ["a.0", "halves:1", "c.0"]


def test_branches_begin_where_the_join_does_without_its_own_from() -> None:
    graph = load("""
        layers:
          - split: {id: halves, parts: 2}
          - concat: {branches: [{from: halves.0, layers: [relu]}, {from: halves.1, layers: []}]}
    """)
    assert shape(graph, "1") == "[N, 4, 8, 8]"


def test_the_declared_outputs_of_a_block_are_its_ports() -> None:
    text = """
        blocks:
          pair:
            layers: [{relu: {id: a}}, {tanh: {id: b}}]
            outputs: {first: a, second: b}
        layers: [{pair: {id: p}}, {add: {from: [p.second, p.first]}}]
    """
    assert reads(load(text), "1") == ["p.b", "p.a"]


def test_from_inside_of_a_block_only_the_declared_outputs_of_another_are_seen() -> None:
    inner = "inner: {layers: [{relu: {id: hidden}}, {tanh: {id: last}}], outputs: {shown: last}}"
    rows = "blocks: {{{0}, outer: {{layers: [{{inner: {{id: i}}}}, {{add: {{from: [in, {1}]}}}}]}}}}\nlayers: [outer]"
    assert reads(load(rows.format(inner, "i.shown")), "0.1") == ["x", "0.i.last"]
    assert errors(rows.format(inner, "i.hidden")) == [("unknown-node", "i.hidden")]


def test_at_the_top_level_any_node_is_a_tap() -> None:
    graph = load("""
        blocks: {b: {layers: [{conv: {id: conv, kernel: 1, channels: 4}}, {relu: {id: act}}]}}
        layers: [{b: {id: b, repeat: 2}}, {add: {from: [b, b.0.conv]}}]
        outputs: {last: 1, early: b.0.conv}
    """)
    assert reads(graph, "1") == ["b.1.act", "b.0.conv"]
    assert graph.outputs["early"].value.node == "b.0.conv"


def test_with_several_inputs_the_first_item_says_which_it_reads() -> None:
    inputs = "{a: [N, 4], b: [N, 4]}"
    assert reads(load("layers: [{add: {from: [a, b]}}, relu]", inputs), "0") == ["a", "b"]
    assert errors("layers: [relu]", inputs)[0] == ("nothing-to-read", "relu")


def test_a_block_with_several_inputs_takes_them_in_order() -> None:
    graph = load("""
        blocks:
          up:
            inputs: {low: [N, C, H, W], skip: [N, D, H, W]}
            layers:
              - conv: {id: c, from: low, kernel: 1, channels: $(C + D)}
              - concat: {from: [c, skip]}
        layers:
          - conv: {id: a, kernel: 1, channels: 2}
          - up: {id: u, from: [a, x]}
    """)
    assert reads(graph, "u.1") == ["u.c", "x"]
    assert shape(graph, "u.c") == "[N, 6, 8, 8]"
    assert [name for name, _, _ in graph["u.c"].scope.signature] == ["low", "skip"]


def test_a_block_of_one_input_given_two_is_an_error() -> None:
    text = "blocks: {b: {layers: [relu]}}\nlayers: [{relu: {id: a}}, {b: {from: [a, x]}}]"
    assert ("wrong-input-count", "[a, x]") in errors(text)


def test_inputs_items_and_heads_share_one_namespace() -> None:
    rows = "layers: [{relu: {id: a}}, {tanh: {id: b}}]\nheads: {%s: {sigmoid: {from: a}}}\noutputs: {o: b, p: %s}"
    assert errors(rows % ("a", "a"))[0][0] == "duplicate-id"
    assert errors(rows % ("x", "x"))[0][0] == "duplicate-id"


def test_outputs_and_parameters_have_namespaces_of_their_own() -> None:
    graph = load("params: {a: 2}\nlayers: [{scale: {id: a, factor: $a}}]\noutputs: {a: a, x: a}")
    assert list(graph.outputs) == ["a", "x"]


def test_an_input_can_be_an_output() -> None:
    graph = load("layers: [{relu: {id: a}}]\noutputs: {a: a, same: x}")
    assert graph.outputs["same"].value.node == "x"


def test_without_outputs_the_last_item_is_the_output() -> None:
    graph = load("layers: [relu, {tanh: {id: last}}]")
    assert [(name, output.value.node) for name, output in graph.outputs.items()] == [("output", "last")]


@pytest.mark.parametrize("flag", [True, False])
def test_an_item_that_reads_something_removed_is_an_error(flag: bool) -> None:
    rows = "params: {flag: bool}\nlayers: [{relu: {id: a}}, {tanh: {id: b, if: $flag}}, {add: {from: [a, b]}}]"
    assert [name for name, _ in errors(rows, flag=flag)] == ([] if flag else ["unknown-node"])


def test_a_sequence_may_say_where_it_begins() -> None:
    graph = load("""
        layers:
          - relu: {id: a}
          - tanh: {id: b}
          - sequence: {id: s, from: a, layers: [sigmoid, relu]}
          - add: {from: [b, s]}
    """)
    assert reads(graph, "s.0") == ["a"]
    assert reads(graph, "3") == ["b", "s.1"]


def test_a_sequence_repeats_what_it_gives() -> None:
    graph = load("""
        layers:
          - sequence: {id: s, repeat: 2, layers: [{relu: {id: a}}, {add: {branches: [[], [tanh]]}}]}
    """)
    assert reads(graph, "s.1.a") == ["s.0.1"]
    assert paths(graph)[-1] == "s.1.1"


def test_a_name_inside_may_hide_what_a_branch_begins_with() -> None:
    graph = load("""
        layers:
          - conv: {id: proj, kernel: 1, channels: 4}
          - sequence: {id: mlp, layers: [{add: {branches: [[], [{conv: {id: proj, kernel: 1, channels: 4}}]]}}]}
    """)
    assert reads(graph, "mlp.0") == ["proj", "mlp.proj"]


def test_a_leading_dot_steps_out_of_the_list_at_hand() -> None:
    graph = load("""
        blocks:
          b:
            layers:
              - conv: {id: a, kernel: 1, channels: 4}
              - sequence:
                  id: s
                  repeat: 2
                  layers:
                    - conv: {id: a, kernel: 1, channels: 4}
                    - sequence: {id: t, layers: [{relu: {id: a}}, {add: {from: [a, .a, ..a]}}]}
                    - add:
                        branches:
                          one: {add: {from: [a, .a]}}
                          two: [{conv: {id: a, share: .a}}, {add: {from: [a, .a]}}]
                    - conv: {channels: 4, kernel: 1, tie: {weight: .a.weight}}
        layers: [b]
    """)
    assert reads(graph, "0.s.0.t.1") == ["0.s.0.t.a", "0.s.0.a", "0.a"]
    assert reads(graph, "0.s.1.t.1") == ["0.s.1.t.a", "0.s.1.a", "0.a"]
    assert reads(graph, "0.s.0.one") == ["0.s.0.a", "0.a"]
    assert reads(graph, "0.s.1.two.1") == ["0.s.1.two.a", "0.s.1.a"]
    assert graph["0.s.1.two.a"].share == "0.s.1.a"
    assert graph["0.s.0.3"].ties == {"weight": "0.a.weight"}
    assert errors("layers: [{relu: {id: a}}, {sequence: {id: s, layers: [{tanh: {id: b}}, {relu: {from: .b}}]}}]")[
        0
    ] == (
        "unknown-node",
        ".b",
    )


def test_a_repeat_reads_what_it_names_once_and_then_the_turn_before() -> None:
    graph = load("""
        blocks:
          cross: {inputs: {a: [N, C, H, W], b: [N, C, H, W]}, layers: [{add: {from: [a, b]}}]}
        layers:
          - tanh: {id: memory}
          - relu: {id: a}
          - relu: {id: b, from: memory, repeat: 3}
          - cross: {id: c, from: [a, b], repeat: 2}
    """)
    assert [reads(graph, f"b.{turn}") for turn in range(3)] == [["memory"], ["b.0"], ["b.1"]]
    assert [reads(graph, f"c.{turn}.0") for turn in range(2)] == [["a", "b.2"], ["c.0.0", "b.2"]]
