"""The sizes at which a network is said to run are those at which torch runs it, on the CPU."""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Iterator, Mapping, Sequence
from textwrap import dedent

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from archspec.analysis.input_sizes import Binding, Sizes, input_sizes
from archspec.backends.torch_fx import emit
from archspec.compiler import check_spec, load_graph
from archspec.ir.dims import evaluate
from archspec.ir.graph import Phase
from archspec.ops._shared import fixed
from archspec.source.span import Source
from tests.analysis.running import runs
from tests.graphs import Sketch
from tests.specs import spec

EXAMPLES = int(os.environ.get("ARCHSPEC_EXAMPLES", "12"))
BY_PHASE: tuple[Phase, ...] = ("eval", "training")


WINDOW = "a 2 window does not fit into the {} input with padding 0"


def sizes_of(rows: str, inputs: str, phase: Phase = "eval") -> list[str]:
    return [str(sizes) for sizes in input_sizes(load_graph(spec(rows, inputs)))[phase]]


@pytest.mark.parametrize(
    ("where", "sizes"),
    [
        ("H >= 7.5", "H 8 and up"),
        ("H > 7.5", "H 8 and up"),
        ("H <= 8.5", "H 1 to 8"),
        ("H < 8.5", "H 1 to 8"),
        ("7.5 <= H < 9.0", "H 8"),
        ("0.1 < H", "H 1 and up"),
    ],
)
def test_a_side_is_compared_with_a_number_that_is_not_whole(where: str, sizes: str) -> None:
    assert sizes_of("layers: [relu]", f"{{x: {{shape: [N, H=8], where: {where}}}}}") == [sizes]


@pytest.mark.parametrize(
    ("name", "evaluation", "training"),
    [
        ("inception_v1", "H and W 223 to 254", "H and W 223 to 254"),
        ("googlenet", "H and W 15 and up", "H and W 15 and up"),
        (
            "bn_inception",
            "H and W 31 to 38, 63 to 70, 95 to 102, ... (8 of every 32)",
            "H and W 31 to 38, 63 to 70, 95 to 102, ... (8 of every 32)",
        ),
        ("inception_v2", "H and W 299 to 554", "H and W 299 to 554"),
        ("inception_v3", "H and W 75 and up", "H and W 299 and up"),
        ("inception_v4", "H and W 75 and up", "H and W 75 and up"),
        ("inception_resnet_v2", "H and W 75 and up", "H and W 75 and up"),
    ],
)
def test_the_sizes_of_published_networks(name: str, evaluation: str, training: str) -> None:
    found = input_sizes(load_graph(f"specs/{name}.yaml"))
    assert {phase: str(*sizes) for phase, sizes in found.items()} == {"eval": evaluation, "training": training}


def test_inception_v3_runs_at_75_and_stops_at_74_where_it_is_said_to() -> None:
    graph = load_graph("specs/inception_v3.yaml", {"classes": 2})
    (evaluation,), (training,) = (input_sizes(graph)[phase] for phase in BY_PHASE)
    fits = "does not fit into the {0}x{0} input with padding 0"
    for sizes, node, message in (
        (evaluation, "Mixed_7a.branch3x3_2.conv", f"a 3x3 kernel {fits.format(2)}"),
        (training, "AuxLogits.conv1.conv", f"a 5x5 kernel {fits.format(4)}"),
    ):
        assert sizes.below is not None
        assert (sizes.below.size + 1, sizes.below.node, sizes.below.message) == (sizes.minimum, node, message)
    module = emit(graph).eval()
    assert [runs(module, 2, 3, *sides) for sides in ((75, 75), (74, 75), (75, 74))] == [True, False, False]
    assert not runs(module.train(), 2, 3, 298, 299)


def test_positions_are_no_more_than_their_table_has_rows() -> None:
    rows = """
        layers:
          - embedding: {id: wte, tokens: 9, features: 4}
          - positions: {from: tokens, below: 12}
          - embedding: {id: wpe, tokens: 12, features: 4}
          - add: {from: [wte, wpe]}
          - slice: {start: 2, end: -1}
    """
    assert sizes_of(dedent(rows), "{tokens: {shape: [N, T=5], dtype: int64, below: 9}}") == ["T 4 to 12"]


# Random networks of windows, run at every size.

windows = st.builds(
    "kernel: {}, stride: {}, padding: {}".format,
    st.sampled_from(["1", "2", "3", "3", "5", "1x3", "3x2"]),
    st.sampled_from(["1", "1", "2", "2", "3", "[1, 2]"]),
    st.sampled_from(["valid", "valid", "[0, 1]"]),
)
convolutions = st.builds("conv: {{channels: 4, {}, dilation: {}}}".format, windows, st.sampled_from([1, 1, 2]))
pools = st.builds(
    "{}: {{{}, ceil_mode: {}}}".format,
    st.sampled_from(["max_pool", "avg_pool"]),
    windows.filter(lambda window: "kernel: 1," not in window and "[0, 1]" not in window),
    st.sampled_from(["true", "false"]),
)
plain = st.sampled_from(["relu", "batch_norm", "batch_norm: {track: false}", "group_norm: 2"])
single = convolutions | convolutions | pools | pools | plain


@st.composite
def joins(draw: st.DrawFn, name: str) -> str:
    first = draw(convolutions | pools)
    second = draw(st.sampled_from([first, first, first.replace("max", "avg"), draw(convolutions | pools)]))
    keep = "conv: {channels: 4, kernel: 3, padding: same}"
    return f"concat: {{id: {name}, branches: {{a: [{{{first}}}], b: [{{{keep}}}, {{{second}}}]}}}}"


@st.composite
def networks(draw: st.DrawFn) -> str:
    sides = draw(st.sampled_from(["H=24, W=24", "H=24, W=31", "H=40, W=40", "H, W", "S, S", "S=20, S", "H=17, 12"]))
    rows = [draw(single | single | joins(f"join{number}")) for number in range(draw(st.integers(1, 4)))]
    rows += draw(st.sampled_from([[], [], ["flatten", "linear: {features: 3}"]])) if "=" in sides else []
    text = f"archspec: 1\nname: random\ninputs: {{x: [N, 4, {sides}]}}\nlayers:\n"
    text += "".join(f"  - {row}\n" for row in [*rows, "identity: {id: last}"])
    if not draw(st.booleans()):
        return text + "outputs: {last: last}\n"
    rows = draw(st.lists(single, min_size=1, max_size=2))
    head = "".join(f"            - {row}\n" for row in rows)
    text += "heads:\n  aux:\n    from: x\n    layers:\n      - sequence:\n          when: training\n          layers:\n"
    return f"{text}{head}outputs: {{last: last, aux: aux}}\n"


@given(networks())
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_network_runs_at_just_the_sizes_that_are_said_to_fit(text: str) -> None:
    source = Source("random.yaml", text)
    assume(not check_spec(source).failed)
    graph = load_graph(source)
    module = emit(graph)
    for phase, found in input_sizes(graph).items():
        module.train(phase == "training")
        assert all(sizes.fitting is not None for sizes in found), text
        for at in tried(found, graph.inputs["x"].symbols):
            said = all(at[name] in (sizes.fitting or ()) for sizes in found for name in sizes.symbols)
            shape = [fixed(evaluate(dim, at | {"N": 2})) for dim in graph.inputs["x"].shape]
            assert runs(module, *shape) == said, (text, phase, at)


def tried(found: Sequence[Sizes], nominal: Mapping[str, int]) -> Iterator[dict[str, int]]:
    """Sizes up to 60 of the symbols of each entry, others as they are; where symbols are free, some at random too."""
    usual = {name: nominal.get(name, sizes.minimum or 1) for sizes in found for name in sizes.symbols}
    for sizes, size in itertools.product(found, range(1, 61)):
        yield usual | dict.fromkeys(sizes.symbols, size)
    if not any(sizes.together or sizes.beside for sizes in found):
        dice = random.Random(0)
        yield from ({name: dice.randint(1, 60) for name in usual} for _ in range(30))


# What sizes depend on, one thing at a time.


def test_inputs_of_fixed_sizes_have_none() -> None:
    assert input_sizes(load_graph(spec("layers: [relu]", "{x: [N, 4, 8, 8]}"))) == {"training": (), "eval": ()}


def test_a_symbol_of_which_nothing_is_demanded_has_any_size() -> None:
    assert sizes_of("layers: [relu]", "{x: [N, 4, L=8]}") == ["L 1 and up"]


def test_a_sequence_has_one_symbol() -> None:
    assert sizes_of("layers: [{conv: {kernel: 25, stride: 4, channels: 2}}]", "{x: [N, 4, L=100]}") == ["L 25 and up"]


def test_a_volume_has_three() -> None:
    rows = "layers: [{max_pool: 2x3x3}]"
    assert sizes_of(rows, "{x: [N, 4, D=8, H=9, W=9]}") == ["D 2 and up", "H and W 3 and up"]


def test_several_inputs_have_the_sizes_that_go_together() -> None:
    rows = "layers: [{max_pool: {id: small, kernel: 2, from: x}}, {add: {from: [small, y]}}]"
    assert sizes_of(rows, "{x: [N, 4, L=8], y: [N, 4, M=4]}") == ["L 8 to 9 (at M=4)", "M 4 (at L=8)"]
    apart = "layers: [{max_pool: {id: a, kernel: 2, from: x}}, {max_pool: {id: b, kernel: 3, from: y}}]"
    assert sizes_of(apart + "\noutputs: {a: a, b: b}", "{x: [N, 4, L=8], y: [N, 4, M=4]}") == [
        "L 2 and up",
        "M 3 and up",
    ]


def test_symbols_that_depend_on_each_other_are_taken_as_one_size() -> None:
    assert sizes_of("layers: [flatten, {linear: {features: 2}}]", "{x: [N, 4, H=8, W=8]}") == ["H=W 8"]
    assert sizes_of(
        'layers: [{permute: [0, 1, 3, 2]}, {add: {from: [in, "0"]}}]', "{x: {shape: [N, 4, S, T], where: S == T}}"
    ) == ["S=T 1 and up"]


def test_symbols_of_different_sizes_are_looked_at_one_by_one() -> None:
    rows = "layers: [{max_pool: 2}, flatten, {linear: {features: 2}}]"
    assert sizes_of(rows, "{x: [N, 4, H=8, W=12]}") == ["H 8 to 9 (at W=12)", "W 12 to 13 (at H=8)"]


def test_weights_keep_the_sizes_that_they_have() -> None:
    rows = "layers: [{avg_pool: 4}, flatten, {linear: {id: out, features: 2}}]"
    (found,) = input_sizes(load_graph(spec(rows, "{x: [N, 4, S=4, S]}")))["eval"]
    assert str(found) == "S 4 to 7"
    assert found.above is not None
    assert (found.above.size, found.above.node) == (8, "out")
    assert found.above.message == "the weights of `linear` are sized for 4, but the input is [N, 16]"


def test_attributes_keep_the_sizes_that_they_have() -> None:
    blocks = "blocks: {b: {in: [N, C, H], layers: [{max_pool: {kernel: $H}}]}}\n"
    assert sizes_of(blocks + "layers: [b]", "{x: [N, 4, L=8]}") == ["L 8 and up"]


def test_a_side_of_1_that_is_spread_stays_1() -> None:
    rows = "layers: [{avg_pool: {id: all, kernel: 8, stride: 1}}, {multiply: {from: [x, all]}}]"
    (found,) = input_sizes(load_graph(spec(rows, "{x: [N, 4, L=8]}")))["eval"]
    assert str(found) == "L 8"
    assert found.above is not None
    assert (
        found.above.message
        == "`multiply` needs equal axis 2 on every branch, but input 2 is [N, 4, 2] where input 1 is [N, 4, 9]"
    )


def test_rows_say_nothing_of_other_sizes() -> None:
    assert sizes_of("layers: [{conv: {kernel: 3, channels: 2, input: 8x8x4}}]", "{x: [N, 4, H=8, W=8]}") == [
        "H and W 3 and up"
    ]


def test_what_inputs_promise_counts() -> None:
    rows = "layers: [{max_pool: 2}, {conv: {kernel: 2, channels: 2}}]"
    (found,) = input_sizes(load_graph(spec(rows, "{x: {shape: [N, 4, T=8], where: [T % 2 == 0, T <= 128]}}")))["eval"]
    assert (str(found), found.minimum, found.maximum) == ("T multiples of 2 from 4 to 128", 4, 128)
    assert found.above is not None
    assert (found.above.node, found.above.message) == (None, "`T % 2 == 0` does not hold")


def test_halves_that_meet_again_make_steps() -> None:
    rows = """
        layers:
          - max_pool: {id: floor, kernel: 2}
          - max_pool: {id: ceil, kernel: 2, ceil_mode: true, from: x}
          - concat: {from: [floor, ceil]}
    """
    (found,) = input_sizes(load_graph(spec(rows, "{x: {shape: [N, 4, S=8], where: S % 2 == 0}}")))["eval"]
    assert (str(found), found.below) == ("S multiples of 2", Binding(1, "floor", WINDOW.format(1)))
    assert found.between is not None
    assert (found.between.size, found.between.node) == (3, "2")
    assert found.between.message.startswith("`concat` needs equal axis 2 on every branch, but input 2 is [N, 4, 2]")


def test_sizes_without_a_gap_have_nothing_between() -> None:
    (found,) = input_sizes(load_graph(spec("layers: [{max_pool: 2}]", "{x: [N, 4, L=8]}")))["eval"]
    assert (found.gap, found.between, found.below) == (None, None, Binding(1, "0", WINDOW.format(1)))


def test_a_head_of_one_phase_binds_in_that_phase() -> None:
    rows = """
        layers: [{conv: {id: main, kernel: 3, channels: 2}}]
        heads: {aux: {conv: {from: x, kernel: 7, channels: 2, when: training}}}
        outputs: {main: main, aux: aux}
    """
    assert sizes_of(rows, "{x: [N, 4, L=8]}") == ["L 3 and up"]
    assert sizes_of(rows, "{x: [N, 4, L=8]}", "training") == ["L 7 and up"]


def test_the_batch_is_free() -> None:
    rows = "layers: [{max_pool: 2}, {batch_norm: {track: false}}, {group_norm: 1}]"
    assert sizes_of(rows, "{x: [N, 4, H=8, W=8]}", "training") == ["H and W 2 and up"]


def test_a_batch_of_one_needs_more_to_normalise() -> None:
    assert sizes_of("layers: [{max_pool: 2}, batch_norm]", "{x: [1, 4, S=8, S]}", "training") == ["S 4 and up"]


@pytest.mark.parametrize(
    ("op", "in_training"),
    [
        ("drop_block: {p: 0.5, size: 3}", "H and W 5 and up"),
        ("drop_block: {p: 0, size: 3}", "H and W 3 and up"),
        ("instance_norm: {track: true}", "H=W 4 and up"),
    ],
)
def test_what_is_done_in_training_only_binds_in_training_only(op: str, in_training: str) -> None:
    graph = load_graph(spec(f"layers: [{{conv: {{kernel: 3, channels: 2}}}}, {{{op}}}]", "{x: [N, 4, H=8, W=8]}"))
    found, module = input_sizes(graph), emit(graph)
    assert {phase: str(*found[phase]) for phase in BY_PHASE} == {"eval": "H and W 3 and up", "training": in_training}
    for phase, height, width in itertools.product(BY_PHASE, range(1, 7), range(1, 7)):
        (sizes,) = found[phase]
        if sizes.together and height != width:
            continue
        assert sizes.fitting is not None
        module.train(phase == "training")
        assert runs(module, 2, 4, height, width) == (height in sizes.fitting and width in sizes.fitting)


def test_what_repeats_too_late_is_not_told() -> None:
    rows = "layers: [{max_pool: 67}, {unflatten: {axis: 2, sizes: [71, -1]}}]"
    (found,) = input_sizes(load_graph(spec(rows, "{x: {shape: [N, 4, L=4757], where: L % 67 == 0}}")))["eval"]
    assert str(found) == "L unknown (the sizes that fit repeat only after 4757)"
    assert (found.minimum, found.maximum, found.below) == (None, None, None)


def test_dims_that_grow_without_end_are_not_told() -> None:
    both = ", ".join(f"[{{max_pool: {{kernel: {kernel}, padding: 1}}}}]" for kernel in (2, 3))
    assert sizes_of("layers:\n" + f"  - concat: {{axis: 2, branches: [{both}]}}\n" * 15, "{x: [N, 4, L=64]}") == [
        "L unknown (dims grow beyond what can be reasoned about)"
    ]


def test_sizes_of_a_graph_that_was_made_by_hand() -> None:
    sketch = Sketch(image=("N", 3, "H", "H"))
    sketch.add("conv", "conv", "image", channels=4, kernel=5)
    (found,) = input_sizes(sketch.graph(out="conv"))["eval"]
    assert str(found) == "H 5 and up"
