from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from archspec.backends.inputs import random_inputs
from archspec.ir.conditions import Condition
from archspec.ir.dims import symbol
from archspec.ir.graph import Graph
from archspec.ir.types import TensorType
from tests.graphs import Sketch
from tests.specs import load

N, T, H, W = map(symbol, "NTHW")


def graph_of(**inputs: tuple[int | str, ...]) -> Graph:
    sketch = Sketch(**inputs)
    return sketch.graph(**{f"out_{name}": sketch.add(f"relu_{name}", "relu", name) for name in inputs})


def test_nominal_sizes_and_the_batch_are_filled_in() -> None:
    graph = graph_of(image=("N", 3, 9, 9))
    graph.inputs["image"] = replace(graph.inputs["image"], declared=(N, 3, H, W), symbols={"H": 9, "W": 9})
    assert random_inputs(graph)["image"].shape == (2, 3, 9, 9)
    assert random_inputs(graph, batch=5, sizes={"W": 4})["image"].shape == (5, 3, 9, 4)


def test_whole_numbers_stay_below_what_the_input_allows() -> None:
    graph = graph_of(tokens=("N", 50))
    graph.inputs["tokens"] = replace(graph.inputs["tokens"], type=TensorType((N, 50), "int64"), below=7)
    tokens = random_inputs(graph, batch=20)["tokens"]
    assert tokens.dtype == torch.int64
    assert (tokens.min().item(), tokens.max().item()) == (0, 6)


def test_the_smallest_sizes_that_meet_all_conditions_are_taken() -> None:
    graph = graph_of(x=("N", "T"), image=("N", 3, "H"))
    graph.inputs["x"] = replace(graph.inputs["x"], constraints=(Condition("zero", T % 8, "whole windows"),))
    graph["relu_image"].conditions = (Condition("positive", H - 10, "a side is left"),)
    inputs = random_inputs(graph)
    assert (inputs["x"].shape, inputs["image"].shape) == ((2, 8), (2, 3, 12))


def test_a_condition_that_the_known_sizes_do_not_meet_is_said() -> None:
    graph = graph_of(x=("N", 3))
    graph["relu_x"].conditions = (Condition("zero", N - 1, "the batches differ"),)
    assert random_inputs(graph, batch=1)["x"].shape == (1, 3)
    with pytest.raises(ValueError, match="`by_hand` does not run at N=2: the batches differ"):
        random_inputs(graph)


def test_what_no_output_needs_demands_nothing() -> None:
    sketch = Sketch(x=("N", "T"))
    unread = sketch.add("unread", "relu", "x")
    sketch.nodes[unread].conditions = (Condition("positive", T - 2000, "a side is left"),)
    assert random_inputs(sketch.graph(out=sketch.add("read", "relu", "x")))["x"].shape == (2, 2)


def test_what_is_demanded_in_training_alone_is_demanded_where_the_network_trains() -> None:
    graph = load("layers: [{drop_block: 0.5}]", "{x: [N, 2, H, W]}")
    assert random_inputs(graph)["x"].shape == (2, 2, 7, 7)
    assert random_inputs(graph, phase="eval")["x"].shape == (2, 2, 2, 2)


def test_conditions_that_nothing_meets_are_said() -> None:
    graph = graph_of(x=("N", "T"))
    graph["relu_x"].conditions = (Condition("positive", T - 2000, "a side is left"),)
    with pytest.raises(ValueError, match="no size up to 1024 of `T` meets all conditions of `by_hand`; give `sizes`"):
        random_inputs(graph)
    assert random_inputs(graph, sizes={"T": 2001})["x"].shape == (2, 2001)


def test_the_same_seed_draws_the_same_and_torchs_generator_is_left_alone() -> None:
    graph = graph_of(x=("N", 4))
    state = torch.get_rng_state()
    first, second, other = (random_inputs(graph, seed=seed)["x"] for seed in (1, 1, 2))
    assert torch.equal(first, second)
    assert not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_side_that_has_to_be_one_is_found() -> None:
    graph = load("layers: [{squeeze: [2]}, {max_pool: 3}]", "{x: [N, 4, S, L]}")
    assert random_inputs(graph)["x"].shape == (2, 4, 1, 3)
