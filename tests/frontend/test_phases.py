"""Phases and sharing: what runs when, and whose weights it uses; initialisers and permissions."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from archspec.compiler import check_spec, compile_spec, load_graph
from archspec.frontend.canonical import print_canonical
from archspec.recipe.initializer import parse
from tests.specs import errors, keys, load, reads, spec

AUX = """
        layers: [{conv: {id: a, kernel: 1, channels: 2}}, {relu: {id: b}}]
        heads: {aux: {conv: {from: a, kernel: 1, channels: 3, when: training}}}
        outputs: {main: b, aux: aux}
"""


def test_a_training_node_runs_and_returns_in_training_only() -> None:
    module, image = compile_spec(spec(AUX)), torch.ones(2, 4, 8, 8)
    assert module.train()(image)._fields == ("main", "aux")
    assert torch.is_tensor(module.eval()(image))
    assert "aux.weight" in module.state_dict()


def test_an_output_left_out_takes_its_weights_along() -> None:
    assert "aux.weight" not in compile_spec(spec(AUX), outputs=["main"]).state_dict()


def test_an_eval_node_runs_in_eval_only() -> None:
    module = compile_spec(
        spec("layers: [{relu: {id: a}}]\nheads: {p: {softmax: {from: a, when: eval}}}\noutputs: {a: a, p: p}")
    )
    image = torch.ones(2, 4, 8, 8)
    assert torch.is_tensor(module.train()(image))
    assert module.eval()(image)._fields == ("a", "p")


def test_the_phase_of_a_block_is_that_of_all_inside() -> None:
    graph = load("""
        blocks: {b: {layers: [relu, {sequence: {id: s, layers: [tanh]}}, {add: {branches: [[], [sigmoid]]}}]}}
        layers: [{relu: {id: a}}]
        heads: {aux: {b: {from: a, when: training}}}
        outputs: {a: a, aux: aux}
    """)
    assert {node.phase for node in graph.root.nodes() if node.path.startswith("aux")} == {"training"}
    assert {scope.phase for scope in graph.root.scopes()} == {"training"}


def test_what_runs_in_both_phases_reads_nothing_of_one() -> None:
    assert errors("layers: [{relu: {id: a, when: training}}, {tanh: {id: b}}]")[0][0] == "phase-leak"


def test_a_phase_inside_of_the_other_never_runs() -> None:
    rows = """
        layers: [{relu: {id: a}}]
        heads: {h: {sequence: {from: a, when: training, layers: [{tanh: {when: eval}}]}}}
        outputs: {a: a, h: h}
    """
    assert errors(rows)[0][0] == "never-runs"


def test_a_node_shares_the_module_of_another() -> None:
    text = """
        layers:
          - conv: {id: left, from: x, kernel: 1, channels: 3}
          - conv: {id: right, from: y, share: left}
          - conv: {id: third, from: x, share: right}
          - concat: {from: [left, right, third]}
    """
    inputs = "{x: [N, 4, 8, 8], y: [N, 4, 8, 8]}"
    graph = load(text, inputs)
    assert keys(graph) == ["left.weight", "left.bias"]
    assert [graph[path].share for path in ("right", "third")] == ["left", "left"]
    module = compile_spec(spec(text, inputs))
    assert list(module.state_dict()) == ["left.weight", "left.bias"]
    image = torch.rand(2, 4, 8, 8)
    left, right, _ = module(image, image).chunk(3, dim=1)
    assert torch.equal(left, right)


def test_a_block_shares_the_modules_of_another_use() -> None:
    text = """
        blocks:
          tower:
            params: {width: 3}
            in: [N, C, H, W]
            layers:
              - conv: {id: c, kernel: 1, channels: $width}
              - batch_norm: {id: bn}
              - conv: {id: same, channels: $C, kernel: 1}
              - sequence: {id: s, layers: [{conv: {id: d, kernel: 1, channels: 2}}]}
        layers:
          - tower: {id: left, from: x, width: 5}
          - tower: {id: right, from: y, share: left}
          - global_avg_pool: {from: right}
        outputs: {left: left, right: 2}
    """
    graph = load(text, "{x: [N, 4, 8, 8], y: [N, 4, 6, 6]}")
    assert not any(key.startswith("right") for key in keys(graph))
    assert graph["right.s.d"].share == "left.s.d"
    assert graph["right.c"].scope.share == "left"
    module = compile_spec(spec(text, "{x: [N, 4, 8, 8], y: [N, 4, 6, 6]}"))
    assert not any(key.startswith("right") for key in module.state_dict())


def test_weights_are_shared_across_lists_and_out_of_sequences() -> None:
    graph = load("""
        layers:
          - sequence: {id: s, layers: [{conv: {id: c, kernel: 1, channels: 4}}, relu]}
          - sequence: {id: t, layers: [{conv: {id: c, share: s.c}}, {conv: {id: d, share: c}}]}
          - concat: {branches: {a: [{conv: {share: s.c}}], b: []}}
    """)
    assert [graph[path].share for path in ("t.c", "t.d", "a.0")] == ["s.c"] * 3


@pytest.mark.parametrize(
    ("item", "place"),
    [
        ("conv: {share: a, channels: 4}", "channels"),
        ("relu: {share: a}", "a"),
        ("conv: {share: s}", "s"),
        ("conv: {share: a, init: zeros}", "init"),
    ],
)
def test_what_shares_is_the_same_op_and_says_nothing_else(item: str, place: str) -> None:
    rows = f"layers: [{{conv: {{id: a, kernel: 1, channels: 4}}}}, {{sequence: {{id: s, layers: [relu]}}}}, {{{item}}}]"
    assert errors(rows) == [("wrong-share", place)]


def test_a_tie_is_one_parameter_under_two_keys() -> None:
    text = """
        layers:
          - sequence: {id: transformer, layers: [{embedding: {id: wte, tokens: 11, features: 6}}]}
          - linear: {id: lm_head, features: 11, bias: false, tie: {weight: transformer.wte.weight}}
    """
    inputs = "{ids: {shape: [N, T], dtype: int64, below: 11}}"
    graph = load(text, inputs)
    assert graph["lm_head"].ties == {"weight": "transformer.wte.weight"}
    module = compile_spec(spec(text, inputs))
    assert list(module.state_dict()) == ["transformer.wte.weight", "lm_head.weight"]
    assert module.get_parameter("lm_head.weight") is module.get_parameter("transformer.wte.weight")


@pytest.mark.parametrize(
    ("tie", "name"),
    [
        ("{weight: a.weight}", "wrong-tie"),
        ("{weight: a.wight}", "unknown-weight"),
        ("{weight: s.weight}", "unknown-weight"),
        ("{weight: a}", "unknown-weight"),
        ("{wight: a.weight}", "unknown-weight"),
        ("{weight: b.weight}", "unknown-node"),
        ("{weight: weight}", "unknown-node"),
    ],
)
def test_a_tie_is_to_a_weight_of_the_same_shape_that_is_there(tie: str, name: str) -> None:
    rows = f"""
        layers:
          - linear: {{id: a, features: 4}}
          - sequence: {{id: s, layers: [relu]}}
          - linear: {{id: c, features: 3, tie: {tie}}}
    """
    assert [found for found, _ in errors(rows, "{x: [N, 4]}")] == [name]


def test_a_tie_may_lead_to_a_tie_or_to_a_weight_that_is_shared() -> None:
    text = """
        layers:
          - linear: {id: a, features: 4}
          - linear: {id: b, share: a}
          - linear: {id: c, features: 4, tie: {weight: b.weight, bias: a.bias}}
          - linear: {id: d, features: 4, bias: false, tie: {weight: c.weight}}
    """
    graph = load(text, "{x: [N, 4]}")
    assert graph["c"].ties == {"weight": "a.weight", "bias": "a.bias"}
    module = compile_spec(spec(text, "{x: [N, 4]}"))
    assert len({id(weight) for weight in module.parameters()}) == 2


def test_what_shares_is_given_inputs_that_its_weights_fit() -> None:
    inputs = "{x: [N, 4, 8, 8], y: [N, 3, 8, 8]}"
    ops = """
        layers:
          - conv: {id: a, from: x, kernel: 1, channels: 2}
          - conv: {id: b, from: y, share: a}
          - add: {from: [a, b]}
    """
    assert errors(ops, inputs) == [("wrong-share", "conv")]
    blocks = """
        blocks: {t: {in: [N, C, H, W], layers: [{conv: {kernel: 1, channels: 2}}, {conv: {kernel: 1, channels: 2}}]}}
        layers: [{t: {id: a, from: x}}, {t: {id: b, from: y, share: a}}, {add: {from: [a, b]}}]
    """
    assert errors(blocks, inputs) == [("wrong-share", "t")]
    assert errors(blocks, inputs.replace("3, 8, 8", "4, 8, 8")) == []


def test_a_module_that_is_used_again_has_the_same_attributes() -> None:
    rows = """
        blocks: {t: {in: [N, C, H, W], layers: [{conv: {kernel: 3, channels: 2, padding: $(H // 8)}}]}}
        layers: [{t: {id: a, from: x}}, {t: {id: b, from: y, share: a}}, {add: {from: [a, b]}}]
    """
    assert errors(rows, "{x: [N, 4, 8, 8], y: [N, 4, 16, 16]}")[0] == ("wrong-share", "t")


def test_initialisers_go_from_the_file_to_the_use_to_the_item() -> None:
    text = """
        init: {conv: {weight: zeros, bias: 1}, linear: ones}
        blocks:
          cb:
            layers:
              - conv: {id: c, kernel: 1, channels: 4}
              - conv: {id: d, kernel: 1, channels: 4, init: {bias: 4}}
        layers:
          - conv: {id: plain, kernel: 1, channels: 4}
          - cb: {id: one}
          - cb: {id: two, init: {conv: {bias: 2}}}
          - sequence: {id: s, init: {conv: {weight: {constant: 3}}}, layers: [{cb: {id: in_s}}]}
          - conv: {id: own, kernel: 1, channels: 4, init: {weight: {normal: {std: 0.0, mean: 5.0}}}}
          - flatten
          - linear: {id: fc, features: 2, init: ones}
    """
    load(text)
    weights = {key: float(tensor.flatten()[0].detach()) for key, tensor in compile_spec(spec(text)).named_parameters()}
    assert (weights["plain.weight"], weights["plain.bias"]) == (0, 1)
    assert (weights["one.c.bias"], weights["one.d.bias"]) == (1, 4)
    assert (weights["two.c.bias"], weights["two.d.bias"]) == (2, 4)
    assert weights["s.in_s.c.weight"] == 3
    assert (weights["own.weight"], weights["own.bias"]) == (5, 1)
    assert weights["fc.weight"] == 1


def test_an_initialiser_of_a_weight_at_its_own_path_needs_no_other_name() -> None:
    text = """
        init: {parameter: 2}
        layers:
          - parameter: {id: a, shape: [8]}
          - parameter: {id: b, shape: [8], init: ones}
          - parameter: {id: c, shape: [8], init: {weight: 3}}
          - add: {from: [x, a, b, c]}
    """
    assert "init: {weight: {ones: {}}}" in print_canonical(load(text))
    weights = compile_spec(spec(text)).named_parameters()
    assert {key: float(tensor[0].detach()) for key, tensor in weights} == {"a": 2, "b": 1, "c": 3}
    found = errors("layers: [{parameter: {id: a, shape: [8], init: he_normal}}, {add: {from: [x, a]}}]")
    assert found == [("wrong-value", "init")]


def test_the_initialisers_of_an_item_that_a_parameter_names_are_those_of_what_it_names() -> None:
    graph = load("""
        blocks:
          unit: {params: {channels: int}, layers: [{conv: {id: c, kernel: 1, channels: $channels}}]}
          use: {params: {op: op}, layers: [{$op: {id: u, channels: 4, init: {conv: {bias: 2}}}}]}
          plain: {params: {op: op}, layers: [{$op: {id: u, channels: 4, kernel: 1, init: {bias: 3}}}]}
        layers: [{use: {id: a, op: unit}}, {plain: {id: b, op: conv}}]
    """)
    assert (graph["a.u.c"].init, graph["b.u"].init) == ({"bias": parse(2)}, {"bias": parse(3)})


def test_the_initialisers_of_a_file_hold_in_the_blocks_it_uses_unless_their_own_file_has_some(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    rows = "{conv: {id: c, kernel: 1, channels: 4}}, {linear: {id: l, features: 4}}"
    (tmp_path / "inner.yaml").write_text(f"archspec: 1\nblocks: {{inner: {{layers: [{rows}]}}}}")
    (tmp_path / "outer.yaml").write_text(
        "archspec: 1\ninclude: [inner.yaml]\ninit: {linear: {weight: 2}}\nblocks: {outer: {layers: [{inner: {id: i}}]}}"
    )
    (tmp_path / "net.yaml").write_text(
        "archspec: 1\nname: net\ninclude: [outer.yaml]\ninit: {conv: {bias: 1}, linear: {weight: 1, bias: 1}}\n"
        "inputs: {x: [N, 4, 4, 4]}\nlayers: [{outer: {id: o}}, {linear: {id: own, features: 4}}]"
    )
    init = {node.path: node.init for node in load_graph(tmp_path / "net.yaml") if node.init}
    one, two = parse(1), parse(2)
    assert init == {"o.i.c": {"bias": one}, "o.i.l": {"weight": two}, "own": {"weight": one, "bias": one}}


def test_allow_silences_a_rule_on_an_item_with_a_reason() -> None:
    rows = "layers: [{relu: {id: a}}, {tanh: {id: b, from: x%s}}]\noutputs: {o: a}"
    assert errors(rows % "") == [("dead-node", "tanh")]
    assert len(check_spec(spec(rows % ", allow: {dead-node: kept for hooks}"))) == 0
    assert load(rows % ", allow: {dead-node: kept for hooks}")["b"].allow["dead-node"].reason == "kept for hooks"


def test_allow_on_a_block_holds_inside() -> None:
    graph = load("""
        blocks: {b: {layers: [{relu: {id: dead}}, {tanh: {id: live, from: in}}]}}
        layers: [{b: {id: b, allow: {dead-node: a part of the published network}}}]
    """)
    assert graph["b.dead"].allow["dead-node"].reason == "a part of the published network"


def test_a_head_reads_what_runs_in_both_phases() -> None:
    graph = load(AUX)
    assert reads(graph, "aux") == ["a"]
    assert graph["aux"].phase == "training"
