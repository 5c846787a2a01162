"""The lines of a difference: one for each thing, alike ones in one, in the order of the network."""

from __future__ import annotations

import pytest

from archspec.analysis.diff.changes import Detail
from archspec.analysis.diff.networks import Diff, diff
from archspec.compiler import load_spec
from archspec.ir.graph import Graph
from archspec.render.diff_lines import detail_text, lines
from archspec.render.diff_text import diff_text
from archspec.source.diagnostic import Diagnostics
from tests.specs import spec

BLOCKS = """\
blocks:
  unit:
    title: "unit, of figure 1"
    params: {width: 4, kernel: 3}
    layers:
      - conv: {id: conv, channels: $width, kernel: $kernel, padding: same}
      - relu
"""


def network(*items: str, inputs: str = "{x: [N, 4, 8, 8]}") -> Graph:
    rows = "".join(f"  - {item}\n" if ":" not in item else f"  - {{{item}}}\n" for item in items)
    graph = load_spec(
        spec(f"{BLOCKS}layers:\n{rows}  - relu: {{id: end}}\noutputs: {{y: end}}\n", inputs), Diagnostics(), rules=()
    )
    assert graph is not None
    return graph


def told(found: Diff, depth: int = 1) -> list[str]:
    return [
        " | ".join([f"{line.sign} {line.path}", line.what, *filter(None, [line.shape])]) for line in lines(found, depth)
    ]


def test_the_same_in_every_turn_is_told_once() -> None:
    ones, others = network("unit: {id: a, repeat: 5}"), network("unit: {id: a, repeat: 7, kernel: 5}")
    assert told(diff(ones, others)) == [
        "~ a.0..4.conv | kernel 3 → 5, in 5 places",
        "+ a.5..6 | unit, of figure 1, 2 nodes, 2 times | 8x8x4",
    ]


def test_positions_that_only_some_lines_have_are_not_told_as_if_all_had() -> None:
    def of(*kernels: int) -> Graph:
        rows = [f"{{max_pool: {{kernel: {kernel}, stride: 1, padding: same}}}}" for kernel in kernels]
        halves = [f"{{sequence: {{layers: [{', '.join(half)}]}}}}" for half in (rows[:2], rows[2:])]
        return network(f"sequence: {{id: s, layers: [{', '.join(halves)}]}}")

    assert told(diff(of(3, 3, 3, 3), of(5, 3, 3, 5))) == ["~ s.0.0 | kernel 3 → 5", "~ s.1.1 | kernel 3 → 5"]
    assert told(diff(of(3, 3, 3, 3), of(5, 5, 5, 5))) == ["~ s.0..1.0..1 | kernel 3 → 5, in 4 places"]


def test_a_block_in_which_several_things_are_different_is_counted_unless_it_is_opened() -> None:
    inside = "{conv: {id: conv, channels: 8, kernel: 1}}, gelu, {dropout: 0.5}"
    found = diff(network("unit: {id: a}"), network(f"sequence: {{id: a, block: unit, layers: [{inside}]}}"))
    counts = "1 removed, 2 added, 1 changed (channels, kernel, padding) of 2 nodes"
    end = "~ end | relu | 8x8x4 → 8x8x8"
    assert told(found) == [f"~ a | unit, of figure 1 → unit: {counts} | 8x8x4 → 8x8x8", end]
    assert told(found, depth=2) == [
        "~ a.conv | channels 4 → 8, kernel 3 → 1, padding same → valid | 8x8x4 → 8x8x8",
        "- a.1 | relu | 8x8x4",
        "+ a.1 | gelu | 8x8x8",
        "+ a.2 | dropout | 8x8x8",
        end,
    ]


def test_lines_stand_in_the_order_of_both_networks() -> None:
    ones, others = network("relu: {id: a}", "tanh", "unit: {id: b}"), network("gelu", "relu: {id: a}", "unit: {id: c}")
    assert told(diff(ones, others)) == ["+ 0 | gelu | 8x8x4", "- 1 | tanh | 8x8x4", "> b → c | unit, of figure 1"]


def test_positions_that_moved_on_are_one_line_a_list() -> None:
    ones, others = network("relu", "tanh", "sigmoid"), network("gelu", "relu", "tanh", "sigmoid")
    assert told(diff(ones, others)) == ["+ 0 | gelu | 8x8x4", "> 0..2 → 1..3 | 3 items by their positions"]


def test_many_positions_are_cut_short() -> None:
    ones, others = network(*["relu", "tanh"] * 40), network(*["relu", "gelu"] * 40)
    assert told(diff(ones, others)) == ["~ 1,3,5,7,9,11,13,... | tanh → gelu, in 40 places"]


def test_a_long_path_makes_no_column_wide() -> None:
    name = "s" * 100
    text = diff_text(diff(network(f"relu: {{id: {name}}}", "tanh"), network("gelu")), 1, ascii_only=True)
    assert f"\n- {name}  relu" in text
    assert max(len(line) for line in text.splitlines() if name not in line) < 100


def test_dtypes_and_batches_are_told_where_nothing_else_of_a_shape_is_different() -> None:
    ones, others = network(inputs="{x: [N, 4, 8, 8]}"), network(inputs="{x: {shape: [2, 4, 8, 8], dtype: float64}}")
    assert "~ end | relu | [N, 4, 8, 8] → float64[2, 4, 8, 8]" in told(diff(ones, others))


@pytest.mark.parametrize(
    ("detail", "text"),
    [
        (Detail("channels", 8, 16), "channels 8 → 16"),
        (Detail("kernel", 3, (1, 7)), "kernel 3 → 1x7"),
        (Detail("bias", True, False), "bias true → false"),
        (Detail("phase", None, "training"), "phase both → training"),
        (Detail("op", "relu", "gelu"), "relu → gelu"),
        (Detail("inputs", ["a"], ["b", "c:1"]), "reads b, c:1 instead of a"),
        (Detail("inputs", [], ["b"]), "reads b, too"),
        (Detail("inputs", ["a"], []), "reads a no more"),
        (Detail("order of inputs", ["a", "b"], ["b", "a"]), "reads b, a in another order"),
    ],
)
def test_details_read_as_sentences(detail: Detail, text: str) -> None:
    assert detail_text(detail) == text


def test_networks_without_weights_are_told_apart() -> None:
    text = diff_text(diff(network("relu"), network("gelu")), 1, ascii_only=True)
    assert "~ 0  relu -> gelu" in text
    assert "weights" not in text
