"""Facts about patterns, held to what torch computes."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from archspec.analysis.facts import Facts
from archspec.analysis.identities import identities
from archspec.analysis.linear_runs import linear_runs
from archspec.analysis.nonnegative import nonnegative
from archspec.compiler import compile_spec, load_graph
from archspec.ir.graph import Graph
from tests.specs import load, spec

ALL_SIGNS = ("batch_norm", "scale: -1", "affine: {shift: -1}", "tanh", "elu", "leaky_relu: 0.2", "identity", "negative")
LINEAR = (
    "batch_norm", "scale: 0.5", "dropout: 0.5", "pad: {begin: 1, end: 1}", "permute: [0, 1, 3, 2]",
    "channel_shuffle: 2", "transpose: [2, 3]", "flip: 2", "roll: {shifts: 1, axes: 3}",
    "index_select: {indices: [1, 0]}", "tile: [1, 1, 2, 1]", "layer_scale: 0.5", "negative", "stochastic_depth: 0.5",
    "drop_block: {p: 0.5, size: 3}", "alpha_dropout: 0.5", "feature_alpha_dropout: 0.5",
    "avg_pool: {kernel: 3, stride: 1, padding: 1}", "interpolate: {scale: 2, mode: linear}", "cumulative_sum: 2",
)  # fmt: skip
BENT = (
    "relu", "tanh", "max_pool: {kernel: 3, stride: 1, padding: 1}", "layer_norm", "softmax: 1",
    "local_response_norm: 2", "abs", "glu: {axis: -1}", "rms_norm", "instance_norm", "lp_pool: 1",
    "batch_norm: {track: false}",
)  # fmt: skip
POSITIVE = (
    "relu", "sigmoid", "softplus", "max_pool: {kernel: 3, stride: 1, padding: 1}", "dropout: 0.5", "abs", "square",
    "lp_pool: {kernel: 1}",
    "squared_relu", "softmin: 1", "erf", "floor", "sign", "cumulative_sum", "stochastic_depth: 0.5",
    "mean: {axes: 2, keep: true}", "variance: {axes: 3, keep: true, unbiased: false}", "norm: {axes: 1, keep: true}",
)  # fmt: skip


def rows(items: list[str]) -> str:
    return f"layers: [{', '.join(f'{{{item}}}' if ':' in item else item for item in items)}]"


@pytest.mark.parametrize(
    ("item", "because"),
    [
        ("max_pool: 1", ("kernel", "stride")),
        ("avg_pool: {kernel: 1, stride: 1}", ("kernel", "stride")),
        ("max_pool: {kernel: 3, stride: 1, padding: same}", ()),
        ("dropout: 0", ("p",)),
        ("channel_dropout: 0", ("p",)),
        ("dropout: 0.5", ()),
        ("alpha_dropout: 0", ("p",)),
        ("feature_alpha_dropout: 0", ("p",)),
        ("stochastic_depth: 0", ("p",)),
        ("stochastic_depth: 1", ()),
        ("drop_block: {p: 0, size: 3}", ("p",)),
        ("hardshrink: 0", ("threshold",)),
        ("softshrink: 0", ("threshold",)),
        ("softshrink: 0.5", ()),
        ("power: 1", ("exponent",)),
        ("power: 2", ()),
        ("cast: float32", ("to",)),
        ("average: {branches: [[]]}", ("branches",)),
        ("maximum: {branches: [[]]}", ("branches",)),
        ("minimum: {branches: [[]]}", ("branches",)),
        ("scale: 1", ("factor",)),
        ("scale: -1", ()),
        ("affine: {scale: [1, 1, 1, 1], shift: 0}", ("scale", "shift")),
        ("affine: {scale: 1, shift: [0, 0, 0, 1]}", ()),
        ("leaky_relu: 1", ("slope",)),
        ("leaky_relu: 0.2", ()),
        ("pad: {end: 0}", ("begin", "end")),
        ("flatten: {start: 2, end: -2}", ("start", "end")),
        ("unflatten: {axis: 2, sizes: [6]}", ("sizes",)),
        ("permute: [0, 1, 2, -1]", ("axes",)),
        ("permute: [0, 1, 3, 2]", ()),
        ("transpose: [-1, 3]", ("axes",)),
        ("transpose: [2, 3]", ()),
        ("roll: {shifts: [0, 0], axes: [2, 3]}", ("shifts",)),
        ("roll: {shifts: [0, 1], axes: [2, 3]}", ()),
        ("slice: {}", ("start", "end", "step")),
        ("slice: {start: 1}", ()),
        ("tile: [1, 1, 1, 1]", ("times",)),
        ("tile: [1, 1, 1, 1, 1]", ()),
        ("channel_shuffle: 1", ("groups",)),
        ("channel_shuffle: 2", ()),
        ("add: {branches: [[]]}", ("branches",)),
        ("add: {branches: [[], []]}", ()),
        ("interpolate: 1", ("scale",)),
        ("expand: [-1, -1, -1, -1]", ("shape",)),
    ],
)
def test_what_is_called_an_identity_is_one(item: str, because: tuple[str, ...]) -> None:
    found = identities(load_graph(spec(rows([item]), "{x: [2, 4, 6, 6]}")))
    assert found == ({"0": because} if because else {})
    x = torch.randn(2, 4, 6, 6)
    assert torch.equal(compile_spec(spec(rows([item]), "{x: [2, 4, 6, 6]}"))(x), x) == bool(because)


def test_a_reshape_to_the_sizes_of_its_input_is_an_identity_where_they_are_its_own() -> None:
    sizes = "{x: [N, T=6, 8]}"
    assert identities(load_graph(spec("layers: [{reshape: [$N, $T, -1]}]", sizes))) == {"0": ("shape",)}
    assert identities(load_graph(spec("layers: [{reshape: [$N, 6, -1]}]", sizes))) == {}


@settings(max_examples=25)
@given(st.lists(st.sampled_from([*POSITIVE, *ALL_SIGNS]), min_size=1, max_size=4))
def test_what_is_never_below_0_is_not_and_what_bends_there_alone_changes_nothing(items: list[str]) -> None:
    graph = load_graph(spec(rows(items), "{x: [2, 4, 6, 6]}"))
    (*_, last) = graph
    torch.manual_seed(0)
    module = compile_spec(spec(rows(items), "{x: [2, 4, 6, 6]}"))
    found = module(3 * torch.randn(2, 4, 6, 6))
    if last.path in nonnegative(graph):
        assert found.min() >= 0
        for item in ("relu", "elu", "celu", "rrelu", "leaky_relu: 0.2"):
            after = load_graph(spec(rows([*items, item]), "{x: [2, 4, 6, 6]}"))
            assert after[str(len(items))].resolved.bends_below_0
            assert torch.equal(compile_spec(spec(rows([item]), "{x: [2, 4, 6, 6]}"))(found), found)


@settings(max_examples=25)
@given(st.lists(st.sampled_from([*LINEAR, *BENT]), max_size=4, unique=True))
def test_layers_with_linear_ops_between_are_one_affine_map(between: list[str]) -> None:
    text = rows(["conv: {kernel: 1, channels: 4}", *between, "conv: {kernel: 1, channels: 4}"])
    source = spec(text, "{x: [2, 4, 8, 8]}")
    leads_on = "0" in linear_runs(load_graph(source)).ahead
    assert leads_on == (not set(between) & set(BENT))
    if leads_on:
        module = compile_spec(source).eval()
        one, zero = torch.randn(2, 4, 8, 8), torch.zeros(2, 4, 8, 8)
        torch.testing.assert_close(module(2 * one) - module(zero), 2 * (module(one) - module(zero)))


@pytest.mark.parametrize(
    ("between", "are_factors"),
    [("batch_norm", True), ("pad: {begin: 1}", True), ("avg_pool: 2", False), ("transpose: [2, 3]", False)],
)
def test_two_kernels_are_factors_of_a_larger_one_where_nothing_between_them_moves_places(
    between: str, are_factors: bool
) -> None:
    graph = load(rows(["conv: {kernel: 3, channels: 4}", between, "conv: {kernel: 3, channels: 4}"]))
    (pair,) = Facts(graph).layers_in_a_row
    assert pair.are_factors == are_factors


def of_residuals(branches: str) -> list[tuple[int, float, bool]]:
    graph: Graph = load_graph(spec(f"layers: [relu, {{add: {{branches: {branches}}}}}]"))
    return [(one.branch, one.tail.factor, one.is_normalised) for one in Facts(graph).residuals]


CONV = "{conv: {kernel: 1, channels: 4}}"


@pytest.mark.parametrize(
    ("branches", "expected"),
    [
        (f"{{a: [], b: [{CONV}]}}", [(1, 1.0, False)]),
        (f"{{a: [{CONV}, {{scale: 0.5}}, {{dropout: 0.1}}, {{scale: 0.5}}], b: []}}", [(0, 0.25, False)]),
        (f"{{a: [], b: [{CONV}, batch_norm]}}", [(1, 1.0, True)]),
        (f"{{a: [], b: [batch_norm, {CONV}]}}", [(1, 1.0, True)]),
        (f"{{a: [], b: [{CONV}], c: [{CONV}]}}", [(1, 1.0, False), (2, 1.0, False)]),
        (f"{{a: [{CONV}], b: [{CONV}]}}", []),
        (f"{{a: [], b: [{CONV}, relu]}}", []),
        ("{a: [], b: [{linear: 8}]}", []),
    ],
    ids=["plain", "scaled twice", "norm last", "norm first", "two branches", "no trunk", "bent", "linear"],
)
def test_a_residual_is_a_branch_that_ends_in_a_convolution_beside_a_trunk(
    branches: str, expected: list[tuple[int, float, bool]]
) -> None:
    assert of_residuals(branches) == expected


def test_a_layer_reads_and_gives_channels_whichever_way_its_filters_go() -> None:
    graph = load("layers: [{conv: {kernel: 1, channels: 3}}, {conv_transpose: {kernel: 2, stride: 2, channels: 6}}]")
    (pair,) = Facts(graph).layers_in_a_row
    assert [(layer.inputs, layer.outputs) for layer in (pair.first, pair.second)] == [(4, 3), (3, 6)]
