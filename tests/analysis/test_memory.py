"""Bytes by hand: one value of float32 takes four, so a channel of an 8x8 image takes 256."""

from __future__ import annotations

from pathlib import Path

import pytest

from archspec.analysis.at_sizes import at_sizes
from archspec.analysis.cuts import UnknownSizeError
from archspec.analysis.facts import Facts
from archspec.analysis.memory import Held, memory
from archspec.compiler import load_graph
from archspec.ir.graph import Value
from tests.graphs import Sketch
from tests.specs import errors, load

CHANNEL = 8 * 8 * 4


def image(channels: int = 1) -> Sketch:
    return Sketch(image=("N", channels, 8, 8))


def test_a_tensor_is_alive_from_the_node_that_makes_it_to_the_last_that_reads_it() -> None:
    sketch = image()
    conv = sketch.add("conv", "conv", "image", channels=4, kernel=1)
    relu = sketch.add("relu", "relu", conv)
    found = memory(sketch.graph(out=sketch.add("last", "conv", relu, channels=2, kernel=1))).bound
    assert found.bytes == {"conv": 5 * CHANNEL, "relu": 8 * CHANNEL, "last": 6 * CHANNEL}
    assert (found.peak, found.node) == (8 * CHANNEL, "relu")
    assert found.alive == (Held(Value("conv"), 4 * CHANNEL), Held(Value("relu"), 4 * CHANNEL))


def test_the_caller_of_a_module_holds_its_inputs() -> None:
    sketch = image()
    relu = sketch.add("relu", "relu", sketch.add("conv", "conv", "image", channels=4, kernel=1))
    assert memory(sketch.graph(out=relu)).inference.bytes == {"conv": 5 * CHANNEL, "relu": 9 * CHANNEL}


def test_what_is_passed_to_a_part_of_the_network_is_held_until_it_returns() -> None:
    sketch = image()
    first = sketch.add("first", "conv", "image", channels=4, kernel=1)
    part = sketch.scope("part")
    conv = sketch.add("part.conv", "conv", first, inside=part, channels=2, kernel=1)
    graph = sketch.graph(out=sketch.add("part.relu", "relu", conv, inside=part))
    assert memory(graph).bound.bytes["part.relu"] == 4 * CHANNEL
    assert memory(graph).inference.bytes["part.relu"] == (1 + 4 + 4) * CHANNEL


def test_what_a_part_gives_is_held_until_it_returns_even_where_its_reader_is_inside_too() -> None:
    sketch = image()
    part = sketch.scope("part")
    conv = sketch.add("part.conv", "conv", "image", inside=part, channels=4, kernel=1)
    part.outputs = (("tap", Value(conv)),)
    small = sketch.add("part.small", "conv", conv, inside=part, channels=1, kernel=1)
    graph = sketch.graph(out=sketch.add("part.relu", "relu", small, inside=part))
    assert memory(graph).bound.bytes["part.relu"] == 2 * CHANNEL
    assert memory(graph).inference.bytes["part.relu"] == (1 + 4 + 2) * CHANNEL


def test_a_residual_is_alive_until_it_is_added() -> None:
    sketch = image(4)
    relu = sketch.add("relu", "relu", "image")
    conv = sketch.add("conv", "conv", relu, channels=4, kernel=1)
    found = memory(sketch.graph(out=sketch.add("add", "add", sketch.add("last", "sigmoid", conv), relu)))
    assert found.bound.bytes == {"relu": 8 * CHANNEL, "conv": 8 * CHANNEL, "last": 12 * CHANNEL, "add": 12 * CHANNEL}


def test_an_output_is_alive_to_the_end() -> None:
    sketch = image()
    early = sketch.add("early", "conv", "image", channels=4, kernel=1)
    late = sketch.add("late", "conv", sketch.add("between", "relu", early), channels=1, kernel=1)
    assert memory(sketch.graph(early=early, late=late)).bound.bytes["late"] == (4 + 4 + 1) * CHANNEL


def test_a_view_takes_nothing_and_keeps_alive_what_it_is_a_view_of() -> None:
    sketch = image(4)
    parts = sketch.add("parts", "split", sketch.add("relu", "relu", "image"), parts=4)
    flat = sketch.add("flat", "flatten", sketch.add("quiet", "dropout", parts))
    found = memory(sketch.graph(out=sketch.add("out", "linear", flat, features=1))).bound
    assert found.bytes == {"relu": 8 * CHANNEL} | dict.fromkeys(("parts", "quiet", "flat"), 4 * CHANNEL) | {
        "out": 4 * CHANNEL + 4
    }
    assert found.alive[-1] == Held(Value("relu"), 4 * CHANNEL)


def test_a_learned_tensor_lies_in_the_memory_of_its_weight() -> None:
    sketch = Sketch(rows=("N", 5))
    bias = sketch.add("bias", "parameter", shape=[1, 5])
    found = memory(sketch.graph(out=sketch.add("add", "add", "rows", bias)))
    assert found.bound.bytes == {"bias": 20, "add": 40}
    assert found.parameters == 20


def test_what_several_keep_for_the_backward_pass_is_saved_once_where_it_is_made() -> None:
    sketch = image()
    conv = sketch.add("conv", "conv", "image", channels=4, kernel=1)
    relu = sketch.add("relu", "relu", conv)
    pool = sketch.add("pool", "max_pool", relu, kernel=2)
    found = memory(sketch.graph(out=sketch.add("last", "conv", pool, channels=2, kernel=1)))
    assert found.saved == {"image": CHANNEL, "relu": 4 * CHANNEL, "pool": CHANNEL + 4 * 16 * 8}
    assert found.outputs == 2 * 16 * 4
    assert found.training == sum(found.saved.values()) + found.outputs


def test_nothing_is_saved_where_nothing_learned_comes_in() -> None:
    sketch = image()
    squashed = sketch.add("squashed", "sigmoid", "image")
    assert memory(sketch.graph(out=squashed)).saved == {}
    conv = sketch.add("conv", "conv", squashed, channels=1, kernel=1)
    assert memory(sketch.graph(out=conv)).saved == {"squashed": CHANNEL}


def test_a_side_path_of_training_takes_memory_in_training_alone() -> None:
    sketch = image()
    conv = sketch.add("conv", "conv", "image", channels=1, kernel=1)
    alone = memory(sketch.graph(out=conv))
    side = sketch.add("side", "sigmoid", conv, phase="training")
    both = memory(sketch.graph(out=conv, side=side))
    assert both.inference == alone.inference
    assert both.saved == {**alone.saved, "side": CHANNEL}


def test_scopes_have_the_peak_and_what_is_saved_of_their_nodes() -> None:
    sketch = image()
    last = sketch.conv_bn("b", sketch.conv_bn("a", "image", channels=8, kernel=1), channels=2, kernel=1)
    found = memory(sketch.graph(out=last))
    assert found.peaks["a"] == found.peaks[""] == found.inference.peak == (1 + 8 + 8) * CHANNEL
    assert found.peaks["b"] == found.inference.bytes["b.bn"] == (1 + 8 + 2 + 2) * CHANNEL
    assert found.saved_in["a"] + found.saved_in["b"] + CHANNEL == found.saved_in[""]


@pytest.mark.parametrize("name", ["googlenet", "inception_resnet_v2"])
def test_activations_grow_with_the_batch_and_halve_with_the_dtype(name: str) -> None:
    graph = load_graph(Path(f"specs/{name}.yaml"))
    one, three, half = memory(graph), memory(graph, 3), memory(graph, dtype="bfloat16")
    fullest = one.inference.node  # in half precision another may be: the indices of a max pool stay as wide
    assert three.inference.peak == 3 * one.inference.peak == 6 * half.inference.bytes[fullest]
    assert three.outputs == 3 * one.outputs == 6 * half.outputs
    assert three.parameters == one.parameters == 2 * half.parameters
    assert one.saved_in[""] < three.saved_in[""] <= 3 * one.saved_in[""]  # the statistics of a batch are of one size


def test_whole_numbers_stay_as_wide_in_half_precision() -> None:
    rows = "layers: [{embedding: {tokens: 10, features: 4}}]"
    graph = load(rows, "{x: {shape: [N, 6], dtype: int64}}")
    assert memory(graph, dtype="float16").inference.peak == 6 * 8 + 6 * 4 * 2
    assert memory(graph, dtype="float16").saved == {"x": 6 * 8}


def test_a_weight_in_several_places_counts_once() -> None:
    sketch = image(4)
    first = sketch.add("first", "conv", "image", channels=4, kernel=1)
    second = sketch.add("second", "conv", first, share="first", channels=4, kernel=1)
    third = sketch.add("third", "conv", second, ties={"weight": "first.weight"}, channels=4, kernel=1)
    found = memory(sketch.graph(out=sketch.add("bn", "batch_norm", third)))
    assert found.parameters == 4 * ((16 + 4) + 4 + 8)
    assert found.buffers == 4 * 8 + 8


def test_the_optimiser_keeps_numbers_for_each_parameter() -> None:
    rows = "layers: [flatten, {linear: {id: out, features: 2}}]\n"
    parameters = 4 * (256 * 2 + 2)
    assert memory(load(rows)).optimizer is None
    assert memory(load(rows + "training: {optimizer: {adam: {lr: 0.1}}}")).optimizer == 2 * parameters


def test_a_side_of_no_known_size_is_refused_and_is_no_fact() -> None:
    sketch = Sketch(image=("N", 1, "H", 8))
    graph = sketch.graph(out=sketch.add("relu", "relu", "image"))
    with pytest.raises(UnknownSizeError, match="`H` has no nominal size"):
        memory(graph)
    assert Facts(graph).memory is None


def test_what_has_no_types_counts_nothing() -> None:
    rows = """
    layers:
      - conv: {id: conv, channels: 2, kernel: 1}
      - sequence: {id: side, from: conv, when: training, layers: [{conv: {id: conv, channels: 1, kernel: 5}}]}
      - relu: {id: out, from: conv}
    outputs: {out: out, side: side}
    """
    graph = load(rows, "{x: [N, 1, H=8, W=8]}")
    found = memory(at_sizes(graph, {"H": 4, "W": 4}, "eval"))
    assert found.inference.peak == (1 + 2 + 2) * 16 * 4
    assert found.saved == {"x": 16 * 4, "out": 2 * 16 * 4}


def test_the_peak_may_be_demanded() -> None:
    rows = "layers: [{conv: {id: conv, channels: 2, kernel: 1}}, relu]\nexpect: {peak_memory: %d}\n"
    assert errors(rows % (8 * CHANNEL)) == []
    assert errors(rows % 5) == [("unmet-contract", "5")]
