"""Items: one op or block a row, structure, and what decides whether and how often a row stands there."""

from __future__ import annotations

import pytest

from archspec.compiler import check_spec
from archspec.source.diagnostic import SpecError
from tests.specs import errors, keys, load, paths, reads, shape, spec


def test_a_row_is_an_op_with_attributes_a_bare_op_or_an_op_with_its_shorthand() -> None:
    graph = load("""
        layers:
          - conv: {kernel: 3, channels: 6}
          - relu
          - dropout: 0.25
          - permute: [0, 2, 3, 1]
    """)
    assert [node.resolved.name for node in graph.operations()] == ["conv", "relu", "dropout", "permute"]
    assert graph["2"].resolved.p == 0.25  # type: ignore[attr-defined]
    assert shape(graph, "3") == "[N, 6, 6, 6]"


def test_the_shorthand_is_its_attribute() -> None:
    short = load("layers: [{scale: 0.5}, {permute: [0, 2, 3, 1]}, {dropout: 0.2}]")
    long = load("layers: [{scale: {factor: 0.5}}, {permute: {axes: [0, 2, 3, 1]}}, {dropout: {p: 0.2}}]")
    assert [node.op for node in short.operations()] == [node.op for node in long.operations()]


@pytest.mark.parametrize("flag", [True, False])
def test_an_item_whose_condition_is_false_vanishes_and_is_not_counted(flag: bool) -> None:
    graph = load(
        """
        params: {wide: bool}
        layers:
          - conv: {kernel: 1, channels: 4}
          - relu: {if: $wide}
          - conv: {kernel: 1, channels: 4}
    """,
        wide=flag,
    )
    assert paths(graph) == (["0", "1", "2"] if flag else ["0", "1"])
    assert reads(graph, paths(graph)[-1]) == [paths(graph)[-2]]


def test_two_alternatives_may_carry_one_id() -> None:
    text = """
        params: {pool: max}
        layers:
          - max_pool: {id: pool, kernel: 2, if: $(pool == 'max')}
          - avg_pool: {id: pool, kernel: 2, if: $(pool != 'max')}
          - relu: {from: pool}
    """
    assert load(text)["pool"].resolved.name == "max_pool"
    assert load(text, pool="avg")["pool"].resolved.name == "avg_pool"


def test_a_false_branch_is_removed_from_the_join() -> None:
    text = """
        params: {extra: true}
        layers:
          - concat:
              branches:
                a: [relu]
                b: {if: $extra, layers: [sigmoid]}
                c: [tanh]
    """
    assert shape(load(text), "0") == "[N, 12, 8, 8]"
    graph = load(text, extra=False)
    assert paths(graph) == ["a.0", "c.0", "0"]
    assert shape(graph, "0") == "[N, 8, 8, 8]"


def test_a_branch_whose_items_all_vanish_passes_on_what_it_reads() -> None:
    text = """
        params: {project: true}
        layers:
          - add:
              branches:
                short: {conv: {kernel: 1, channels: 4, if: $project}}
                long: [{conv: {id: c, kernel: 1, channels: 4, if: $project}}]
                main: [relu]
    """
    assert reads(load(text), "0") == ["short", "long.c", "main.0"]
    assert reads(load(text, project=False), "0") == ["x", "x", "main.0"]


def test_an_item_is_repeated_as_often_as_a_parameter_says() -> None:
    text = "params: {depth: 2}\nlayers:\n  - conv: {id: c, kernel: 1, channels: 4, repeat: $(depth * 2)}\n"
    assert paths(load(text)) == ["c.0", "c.1", "c.2", "c.3"]
    assert paths(load(text, depth=1)) == ["c.0", "c.1"]


def test_no_turns_leave_the_path_as_it_was() -> None:
    graph = load("""
        params: {depth: 0}
        layers:
          - conv: {id: stem, kernel: 1, channels: 4}
          - conv: {id: body, kernel: 1, channels: 4, repeat: $depth}
          - relu: {id: last}
    """)
    assert paths(graph) == ["stem", "last"]
    assert reads(graph, "last") == ["stem"]


def test_each_gives_every_turn_its_own_values() -> None:
    graph = load("""
        params: {widths: [4, 6]}
        layers:
          - conv: {id: stage, each: {channels: $widths, kernel: [1, 3]}}
          - conv: {id: more, repeat: 2, each: {channels: [2, 3]}, kernel: 1}
    """)
    assert [shape(graph, f"stage.{turn}") for turn in (0, 1)] == ["[N, 4, 8, 8]", "[N, 6, 6, 6]"]
    assert [shape(graph, f"more.{turn}") for turn in (0, 1)] == ["[N, 2, 6, 6]", "[N, 3, 6, 6]"]


def test_each_on_a_sequence_is_read_inside() -> None:
    graph = load("""
        layers:
          - sequence:
              id: stages
              each: {width: [4, 8]}
              layers:
                - conv: {channels: $width, kernel: 1}
                - conv: {channels: $(width * 2), kernel: 1}
    """)
    assert [shape(graph, path) for path in paths(graph)] == [f"[N, {width}, 8, 8]" for width in (4, 8, 8, 16)]
    assert paths(graph) == ["stages.0.0", "stages.0.1", "stages.1.0", "stages.1.1"]


def test_turns_that_differ_in_number_are_an_error() -> None:
    assert errors("layers: [{conv: {repeat: 3, each: {channels: [2, 3]}, kernel: 1}}]") == [("turns-differ", "each")]


def test_an_op_can_be_a_parameter() -> None:
    text = """
        params: {activation: relu, squash: {type: op, default: sigmoid}}
        blocks:
          act:
            params: {fn: op}
            layers: [$fn]
          gate:
            layers: [{scale: 2}]
        layers:
          - $activation
          - act: {fn: $squash}
          - act: {fn: gate}
          - $activation: {id: named}
    """
    graph = load(text)
    ops = [(node.path, node.resolved.name) for node in graph.operations()]
    assert ops == [("0", "relu"), ("1.0", "sigmoid"), ("2.0.0", "scale"), ("named", "relu")]
    assert graph["2.0.0"].scope.block == "gate"
    assert load(text, activation="gelu")["0"].resolved.name == "gelu"


def test_an_op_parameter_takes_attributes_and_is_held_to_the_op_it_names() -> None:
    text = """
        params: {norm: {type: op, default: batch_norm}}
        layers: [{$norm: {id: norm, eps: 1e-3}}]
    """
    assert load(text)["norm"].resolved.eps == 0.001  # type: ignore[attr-defined]
    with pytest.raises(SpecError, match="has no attribute `eps`"):
        load(text, norm="relu")


def test_branches_hold_nested_joins() -> None:
    graph = load("""
        layers:
          - concat:
              branches:
                - - conv: {id: left, kernel: 1, channels: 2}
                - - concat:
                      branches:
                        - [relu]
                        - []
                        - [tanh, sigmoid]
                - []
    """)
    assert shape(graph, "0") == "[N, 18, 8, 8]"
    assert keys(graph) == ["left.weight", "left.bias"]
    inner = graph["0"].inputs[1].node
    assert [graph[path].resolved.name if path != "x" else "x" for path in reads(graph, inner)] == [
        "relu",
        "x",
        "sigmoid",
    ]


@pytest.mark.parametrize(("op", "given"), [("add", 2), ("multiply", 2), ("concat", 3)])
def test_every_op_that_joins_holds_branches(op: str, given: int) -> None:
    branches = ", ".join(["[]", "[relu]", "[tanh]"][:given])
    assert len(reads(load(f"layers: [{{{op}: {{branches: [{branches}]}}}}]"), "0")) == given


def test_matmul_holds_branches() -> None:
    graph = load("layers: [{matmul: {branches: [[], [{permute: [0, 2, 1]}]]}}]", "{x: [N, 5, 3]}")
    assert shape(graph, "0") == "[N, 5, 5]"


@pytest.mark.parametrize("head", ["{from: a, if: $extra, layers: [tanh]}", "{tanh: {from: a, if: $extra}}"])
def test_a_head_whose_condition_is_false_vanishes_with_its_output(head: str) -> None:
    rows = f"""
        params: {{extra: false}}
        layers: [{{relu: {{id: a}}}}]
        heads: {{aux: {head}}}
        outputs: {{main: a, aux: aux}}
    """
    assert paths(load(rows)) == ["a"]
    assert list(load(rows).outputs) == ["main"]
    assert list(load(rows, extra=True).outputs) == ["main", "aux"]


def test_a_network_whose_outputs_are_all_gone_returns_nothing() -> None:
    rows = "params: {on: false}\nchecks: {dead-node: off}\nlayers: [{relu: {id: a, if: $on}}, tanh]\noutputs: {a: a}"
    assert errors(rows) == [("nothing-to-return", "outputs")]
    assert not errors(rows, on=True)


def test_an_output_of_a_block_that_is_gone_says_why() -> None:
    rows = """
        blocks:
          b: {params: {on: true}, layers: [{relu: {id: a}}, {tanh: {id: t, if: $on}}], outputs: {a: a, t: t}}
        layers: [{b: {id: y, on: false}}, {add: {from: [y.a, y.t]}}]
    """
    (error,) = check_spec(spec(rows))
    assert error.message == "`y` gives no `t` here: the `if` of what it names is false"
