from __future__ import annotations

import csv
import io
import json

import pytest

from archspec.ir.graph import Graph
from archspec.render.table import COSTS, PAPER, WRITERS, Row, as_csv, as_json, as_latex, as_markdown, as_text, rows
from tests.graphs import Sketch


def _network(title: str | None = None) -> Graph:
    """A stem, a padded convolution, a pool, three turns of a block of two branches, and a classifier."""
    sketch = Sketch(image=("N", 3, 21, 21))
    last = sketch.conv_bn("conv1", "image", channels=8, kernel=3, stride=2)
    last = sketch.conv_bn("conv2", last, channels=8, kernel="1x3", padding="same")
    last = sketch.add("pool1", "max_pool", last, kernel=2)
    repeat = sketch.scope("mixed", "sequence")
    for turn in range(3):
        block = sketch.scope(f"mixed.{turn}", inside=repeat, block="figure5", title=title)
        left = sketch.conv_bn(f"mixed.{turn}.left", last, inside=block, channels=4, kernel=1)
        right = sketch.conv_bn(f"mixed.{turn}.right", last, inside=block, channels=4, kernel=3, padding="same")
        last = sketch.add(f"mixed.{turn}.2", "concat", left, right, inside=block)
    last = sketch.add("pool2", "avg_pool", last, kernel=5)
    last = sketch.add("5", "flatten", last)
    last = sketch.add("logits", "linear", last, features=10)
    return sketch.graph(logits=last)


def _paper(table: list[Row]) -> list[list[str]]:
    return list(csv.reader(io.StringIO(as_csv(table, PAPER))))[1:]


def test_rows_read_like_the_paper() -> None:
    assert _paper(rows(_network())) == [
        ["conv", "3x3/2", "21x21x3"],
        ["conv padded", "1x3/1", "10x10x8"],
        ["pool", "2x2", "10x10x8"],
        ["3 x figure5", "", "5x5x8"],
        ["pool", "5x5", "5x5x8"],
        ["flatten", "", "1x1x8"],
        ["linear", "logits", "[8]"],
    ]


def test_what_lays_patches_down_is_told_from_what_slides_them() -> None:
    sketch = Sketch(image=("N", 3, 4, 4))
    pooled = sketch.add("pool", "max_pool_with_indices", "image", kernel=2)
    up = sketch.add("up", "conv_transpose", pooled, channels=3, kernel=2, stride=2)
    graph = sketch.graph(out=sketch.add("last", "conv_transpose", up, channels=3, kernel=3, padding="same"))
    assert [row[:2] for row in _paper(rows(graph))] == [
        ["pool", "2x2"],
        ["transposed conv", "2x2/2"],
        ["transposed conv", "3x3/1"],
    ]


def test_a_block_with_a_title_goes_by_it_with_what_follows_a_comma_as_a_remark() -> None:
    assert _paper(rows(_network("Inception")))[3] == ["3 x Inception", "", "5x5x8"]
    assert _paper(rows(_network("Inception, as in figure 5")))[3] == ["3 x Inception", "as in figure 5", "5x5x8"]


def test_sequences_that_hold_different_items_of_the_own_list_together_are_no_rows() -> None:
    sketch = Sketch(image=("N", 3, 9, 9))
    outer = sketch.scope("a", "sequence")
    inner = sketch.scope("a.b", "sequence", inside=outer)
    first = sketch.conv_bn("a.b.0", "image", inside=inner, channels=8, kernel=1)
    second = sketch.conv_bn("a.b.1", first, inside=inner, channels=8, kernel=3)
    sketch.add("a.pool", "max_pool", second, inside=outer, kernel=2)
    table = rows(sketch.graph(out="a.pool"))
    assert _paper(table) == [["conv", "1x1/1", "9x9x3"], ["conv", "3x3/1", "9x9x8"], ["pool", "2x2", "7x7x8"]]
    assert [row.path for row in rows(sketch.graph(out="a.pool"), 2)] == [row.path for row in table]


def test_a_branch_of_different_items_in_a_block_is_called_a_sequence() -> None:
    sketch = Sketch(image=("N", 3, 9, 9))
    block = sketch.scope("a", block="unit")
    branch = sketch.scope("a.b", "sequence", inside=block)
    first = sketch.conv_bn("a.b.0", "image", inside=branch, channels=8, kernel=1)
    sketch.conv_bn("a.b.1", first, inside=branch, channels=8, kernel=3)
    assert _paper(rows(sketch.graph(out="a.b.1.1"), 2)) == [["sequence", "", "9x9x3"]]


def test_a_head_that_runs_in_training_is_one_row() -> None:
    sketch = Sketch(image=("N", 3, 9, 9))
    head = sketch.scope("aux", "sequence", phase="training")
    first = sketch.conv_bn("aux.0", "image", inside=head, channels=8, kernel=1)
    last = sketch.conv_bn("aux.1", first, inside=head, channels=8, kernel=3)
    assert [row.path for row in rows(sketch.graph(aux=last))] == ["aux"]


def test_depth_opens_scopes_level_by_level() -> None:
    graph = _network()
    assert [row.path for row in rows(graph, 2)][3:6] == ["mixed.0", "mixed.1", "mixed.2"]
    assert [row.path for row in rows(graph, 3)][3:6] == ["mixed.0.left", "mixed.0.right", "mixed.0.2"]


def test_a_scope_that_reads_as_a_convolution_stays_one_row_at_every_depth() -> None:
    assert [row.path for row in rows(_network(), 9)][:2] == ["conv1", "conv2"]


def test_the_rows_cost_the_whole_at_every_depth() -> None:
    graph = _network()
    assert {sum(row.counts.parameters for row in rows(graph, depth)) for depth in (1, 2, 3, 9)} == {1538}


def test_strides_that_differ_are_written_apart_and_equal_ones_once() -> None:
    sketch = Sketch(image=("N", 3, 9, 9))
    sketch.add("a", "conv", "image", channels=1, kernel=3, stride=[2, 1])
    sketch.add("b", "conv", "image", channels=1, kernel=3, stride=[2, 2])
    assert [row.remarks for row in rows(sketch.graph(a="a", b="b"))] == ["3x3/2x1", "3x3/2"]


def test_a_patch_has_as_many_sides_as_the_input() -> None:
    sketch = Sketch(sound=("N", 3, 50))
    sketch.add("a", "conv", "sound", channels=1, kernel=5, stride=2)
    assert _paper(rows(sketch.graph(a="a"))) == [["conv", "5/2", "[3, 50]"]]


def test_symbolic_sides_stay() -> None:
    sketch = Sketch(image=("N", 3, "H", "W"))
    sketch.add("b", "conv", sketch.add("a", "conv", "image", channels=8, kernel=3), channels=1, kernel=1)
    assert [line[2] for line in _paper(rows(sketch.graph(b="b")))] == ["HxWx3", "(H - 2)x(W - 2)x8"]


def test_several_inputs_are_listed() -> None:
    sketch = Sketch(a=("N", 3), b=("N", 3))
    sketch.add("both", "concat", "a", "b")
    assert _paper(rows(sketch.graph(both="both"))) == [["concat", "both", "[3], [3]"]]


def test_a_block_that_computes_more_than_a_convolution_keeps_its_name() -> None:
    sketch = Sketch(image=("N", 3, 9, 9))
    block = sketch.scope("gate", block="gate")
    conv = sketch.add("gate.conv", "conv", "image", channels=3, kernel=1, inside=block)
    sketch.add("gate.1", "multiply", "image", conv, inside=block)
    (row,) = rows(sketch.graph(out="gate.1"))
    assert (row.type, row.remarks) == ("gate", "")


def test_rows_know_the_phase_they_run_in() -> None:
    sketch = Sketch(rows=("N", 3))
    sketch.add("main", "linear", "rows", features=2)
    sketch.add("aux.0", "linear", "rows", features=2, inside=sketch.scope("aux", block="aux_head", phase="training"))
    graph = sketch.graph(main="main", aux="aux.0")
    assert [row.phase for row in rows(graph)] == [row.phase for row in rows(graph, 2)] == [None, "training"]
    assert as_csv(rows(graph), COSTS).splitlines()[2] == 'aux,aux_head (training only),"[N, 2]",8,6'


def test_text_aligns_columns_and_numbers_to_the_right() -> None:
    assert as_text(rows(_network())[:3], COSTS) == (
        "name   type               output shape    parameters    MACs\n"
        "-----  -----------------  --------------  ----------  ------\n"
        "conv1  conv 3x3/2         [N, 8, 10, 10]         232  21,600\n"
        "conv2  conv padded 1x3/1  [N, 8, 10, 10]         208  19,200\n"
        "pool1  pool 2x2           [N, 8, 5, 5]\n"
    )


def test_markdown_marks_number_columns() -> None:
    head, rule, first, *_ = as_markdown(rows(_network()), COSTS).splitlines()
    assert head == "| name | type | output shape | parameters | MACs |"
    assert rule == "| --- | --- | --- | ---: | ---: |"
    assert first == "| conv1 | conv 3x3/2 | [N, 8, 10, 10] | 232 | 21,600 |"


def test_latex_escapes_names_and_multiplies() -> None:
    sketch = Sketch(image=("N", 3, 9, 9))
    sketch.add("a", "conv", "image", channels=4, kernel=3)
    sketch.add("my_name", "global_avg_pool", "a")
    sketch.add("x_y", "relu", "a")
    text = as_latex(rows(sketch.graph(a="my_name")), PAPER)
    assert text.startswith(
        "\\begin{tabular}{lll}\n\\hline\ntype & patch size/stride or remarks & input size \\\\\n\\hline\n"
    )
    assert "conv & 3$\\times$3/1 & 9$\\times$9$\\times$3 \\\\\n" in text
    assert "relu & x\\_y & 7$\\times$7$\\times$4 \\\\\n" in text


def test_json_holds_numbers_and_what_is_symbolic_as_text() -> None:
    sketch = Sketch(image=("N", 3, "H", 8))
    sketch.add("a", "conv", "image", channels=2, kernel=1, bias=False)
    assert json.loads(as_json(rows(sketch.graph(a="a")), PAPER)) == [
        {
            "path": "a",
            "type": "conv",
            "remarks": "1x1/1",
            "inputs": [{"shape": ["N", 3, "H", 8], "dtype": "float32"}],
            "outputs": [{"shape": ["N", 2, "H", 8], "dtype": "float32"}],
            "phase": None,
            "parameters": 6,
            "buffers": 0,
            "macs": "48*H",
            "training_macs": "48*H",
        }
    ]


@pytest.mark.parametrize("form", WRITERS)
def test_every_format_ends_its_last_line(form: str) -> None:
    text = WRITERS[form](rows(_network()), PAPER)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
