"""Networks under change: large ones, deep weights, and what of a network is found to be wrong."""

from __future__ import annotations

from dataclasses import replace
from time import process_time

import pytest
import torch

from archspec.analysis.cost import cost
from archspec.analysis.memory import memory
from archspec.backends.engines.engine import Job
from archspec.backends.engines.torch_engine import emit_with, outputs_of
from archspec.backends.torch_fx import emit
from archspec.backends.weight_values import Values
from archspec.compiler import load_graph
from archspec.ir.graph import Node, Scope
from archspec.ops.convolution import Conv
from archspec.passes import PASSES, run_passes
from archspec.passes.network import Network, flat_graph, for_inference
from archspec.passes.pass_type import Pass
from archspec.passes.rewrite import Rewrite
from archspec.passes.verify import faults
from archspec.passes.weight_values import Original
from archspec.tools.optimize.numbers import difference, run_in_eval
from tests.specs import spec

BLOCK = "  - conv: {kernel: 3, channels: 4, padding: same}\n  - batch_norm\n  - relu\n"


def network(rows: str) -> Network:
    """The network of some rows."""
    return for_inference(load_graph(spec(f"layers:\n{rows}")))


def test_ten_thousand_nodes_take_three_times_as_long_as_a_third_of_them() -> None:
    seconds: dict[int, float] = {}
    for blocks in (1111, 3333):
        before = network(BLOCK * blocks)
        started = process_time()
        after, counts = run_passes(before, PASSES, [each.name for each in PASSES])
        seconds[blocks] = process_time() - started
        assert (counts["fold-into-earlier"], len(after.graph)) == (blocks, blocks + 1)
    assert seconds[3333] < 6 * seconds[1111]


def test_a_thousand_factors_in_a_row_fold_as_far_as_weights_can_be_walked() -> None:
    rows = "  - conv: {kernel: 1, channels: 2}\n" + "  - scale: -1\n  - affine: {shift: 0.5}\n" * 500
    graph = load_graph(spec(f"layers:\n{rows}"))
    model = emit(graph, dtype=torch.float64)
    after, counts = run_passes(for_inference(graph), PASSES)
    assert 0 < counts["fold-into-earlier"] < 1000
    assert PASSES[1](after)[1] == 0
    made = emit_with(
        Job(after, Values(model.state_dict()).of(after), {}, torch.device("cpu"), torch.float64, torch.float64)
    )
    x = torch.randn(1, 4, 8, 8, dtype=torch.float64)
    assert difference(outputs_of(made(x)), run_in_eval(model, [x])) < 1e-12


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_values_share_no_memory_with_the_module(dtype: torch.dtype) -> None:
    graph = load_graph(
        spec("layers:\n  - avg_pool: {kernel: 3, stride: 1}\n  - conv: {id: conv, kernel: 1, channels: 2}")
    )
    model = emit(graph, dtype=dtype)
    after, _ = run_passes(for_inference(graph), PASSES, ["commute-pooling"])
    values = Values(model.state_dict()).of(after)
    of_module = {tensor.untyped_storage().data_ptr() for tensor in model.state_dict().values()}
    assert set(values) == {"conv.weight", "conv_bias"}
    assert {tensor.dtype for tensor in values.values()} == {dtype}
    assert of_module.isdisjoint(tensor.untyped_storage().data_ptr() for tensor in values.values())


def test_layers_that_are_fused_multiply_as_often_and_hold_no_tensor_between() -> None:
    rows = "  - conv: {kernel: 1, channels: 4}\n  - relu\n  - linear: 16\n  - gelu\n"
    before = network(rows)
    after, counts = run_passes(before, PASSES)
    assert (counts["fuse-convolutions"], counts["fuse-linears"], len(after.graph)) == (1, 1, 3)
    assert cost(after.graph).total == cost(before.graph).total
    small, large = 4 * 8 * 8 * 4, 4 * 8 * 16 * 4
    assert memory(before.graph).bound.peak == 2 * large
    assert memory(after.graph).bound.peak == small + large


def test_a_network_that_passes_may_go_on_with_has_no_faults() -> None:
    assert [*faults(network(BLOCK))] == []


SOUND = network("  - conv: {id: conv, kernel: 1, channels: 2}\n  - relu: {id: relu}\n")


def altered(**nodes: Node) -> Network:
    """The sound network with other nodes at some paths, in the order in which they are given."""
    root = Scope("", "network", None, None)
    root.members += [replace(nodes[path], scope=root) for path in nodes]
    return Network(flat_graph(SOUND.graph, root, SOUND.graph.outputs.values()), SOUND.values)


X, CONV, RELU = SOUND.graph
FAULTY = {
    "a value is missing": (
        Network(SOUND.graph, {key: value for key, value in SOUND.values.items() if key != "conv.bias"}),
        ["`conv` has no value for its weight `bias`"],
    ),
    "a value is left over": (
        Network(SOUND.graph, {**SOUND.values, "conv.more": Original("conv.bias")}),
        ["there is a value for `conv.more`, which no node has"],
    ),
    "a type is another": (
        altered(x=X, conv=CONV, relu=replace(RELU, types=X.types)),
        ["`relu` gives [N, 2, 8, 8], but is said to give [N, 4, 8, 8]"],
    ),
    "the order is another": (
        altered(x=X, relu=RELU, conv=CONV),
        ["`relu` reads `conv`, which is not there before"],
    ),
    "nodes are missing": (
        altered(x=X, conv=CONV),
        ["the output `output` is `relu`, which is not there"],
    ),
}


@pytest.mark.parametrize(("wrong", "told"), FAULTY.values(), ids=FAULTY)
def test_faults_are_told(wrong: Network, told: list[str]) -> None:
    assert [*faults(wrong)] == told


def test_no_pass_goes_on_with_a_faulty_network() -> None:
    broken = Pass(
        "break", "leaves a value behind", lambda rewrite: rewrite.values.update(more=Original("conv.bias")) or 1
    )
    with pytest.raises(AssertionError, match="break: there is a value for `more`, which no node has"):
        run_passes(SOUND, [broken])


class Halved(Conv):
    """A convolution of somebody else."""

    name = "halved"


def test_of_an_op_derived_from_one_that_is_known_nothing_is_known() -> None:
    before = network("  - conv: {id: conv, kernel: 1, channels: 4}\n  - scale: 0.5\n  - relu\n")
    conv, rewrite = before.graph["conv"], Rewrite(before)
    values = {name: before.values[f"conv.{name}"] for name in conv.weights}
    rewrite.put("conv", Halved(**conv.resolved.model_dump()), conv.inputs, values)
    _, counts = run_passes(rewrite.finish(), PASSES)
    assert not any(counts.values())
