from __future__ import annotations

from archspec.analysis.cost import Counts, cost
from archspec.analysis.traffic import traffic
from archspec.ir.dims import TOO_LONG, evaluate, symbol
from tests.graphs import Sketch


def test_a_convolution_costs_its_weights_and_a_multiply_for_each_at_every_place() -> None:
    sketch = Sketch(image=("N", 3, 9, 9))
    sketch.add("conv", "conv", "image", channels=4, kernel=3)
    counts = cost(sketch.graph(out="conv")).nodes["conv"]
    assert counts == Counts(parameters=4 * 3 * 9 + 4, buffers=0, macs=7 * 7 * 4 * 27, training_macs=7 * 7 * 4 * 27)


def test_running_statistics_are_buffers() -> None:
    sketch = Sketch(image=("N", 8, 5, 5))
    sketch.add("bn", "batch_norm", "image")
    counts = cost(sketch.graph(out="bn")).nodes["bn"]
    assert (counts.parameters, counts.buffers) == (16, 17)


def test_a_scope_costs_what_is_inside_and_the_whole_what_its_scopes_cost() -> None:
    sketch = Sketch(image=("N", 3, 9, 9))
    sketch.conv_bn("b", sketch.conv_bn("a", "image", channels=4, kernel=3), channels=8, kernel=1)
    found = cost(sketch.graph(out="b.1"))
    assert found.scopes["a"].parameters == 4 * 27 + 8
    assert found.scopes["a"] == found.nodes["a.conv"] + found.nodes["a.bn"] + found.nodes["a.1"]
    assert found.total == found.scopes["a"] + found.scopes["b"]


def test_macs_are_symbolic_where_a_side_is() -> None:
    sketch = Sketch(image=("N", 1, "H", 8))
    sketch.add("conv", "conv", "image", channels=2, kernel=1, bias=False)
    macs = cost(sketch.graph(out="conv")).total.macs
    assert macs == 16 * symbol("H")
    assert evaluate(macs, {"H": 10}) == 160


def test_a_fixed_batch_is_counted_whole() -> None:
    sketch = Sketch(rows=(5, 3))
    sketch.add("linear", "linear", "rows", features=2)
    assert cost(sketch.graph(out="linear")).total.macs == 30


def test_training_only_scopes_cost_macs_in_training_and_parameters_always() -> None:
    sketch = Sketch(rows=("N", 3))
    sketch.add("main", "linear", "rows", features=2)
    aux = sketch.scope("aux", phase="training")
    sketch.add("aux.linear", "linear", "rows", features=4, inside=aux)
    total = cost(sketch.graph(main="main", aux="aux.linear")).total
    assert (total.parameters, total.macs, total.training_macs) == (8 + 16, 6, 6 + 12)


def test_eval_only_nodes_cost_nothing_in_training() -> None:
    sketch = Sketch(rows=("N", 3))
    sketch.add("main", "linear", "rows", features=2, phase="eval")
    total = cost(sketch.graph(main="main")).total
    assert (total.macs, total.training_macs) == (6, 0)


def test_a_shared_node_owns_no_weights_but_works() -> None:
    sketch = Sketch(left=("N", 3), right=("N", 3))
    sketch.add("a", "linear", "left", features=2)
    sketch.add("b", "linear", "right", features=2, share="a")
    found = cost(sketch.graph(a="a", b="b"))
    assert found.total.parameters == found.nodes["a"].parameters == 8
    assert found.nodes["b"] == Counts(macs=6, training_macs=6)


def test_a_shared_scope_owns_no_weights() -> None:
    sketch = Sketch(left=("N", 3), right=("N", 3))
    for path, read, share in (("a", "left", None), ("b", "right", "a")):
        sketch.add(f"{path}.0", "linear", read, features=2, inside=sketch.scope(path, share=share))
    found = cost(sketch.graph(a="a.0", b="b.0"))
    assert (found.scopes["a"].parameters, found.scopes["b"].parameters) == (8, 0)


def test_a_tied_weight_counts_once() -> None:
    sketch = Sketch(rows=("N", 3))
    first = sketch.add("a", "linear", "rows", features=3, bias=False)
    sketch.add("b", "linear", first, features=3, ties={"weight": "a.weight"})
    assert cost(sketch.graph(b="b")).total.parameters == 9 + 3


def test_a_node_whose_input_is_unknown_costs_nothing() -> None:
    sketch = Sketch(rows=("N", 3))
    sketch.add("b", "linear", sketch.add("a", "linear", "rows", features=3), features=3)
    graph = sketch.graph(b="b")
    graph["a"].types = ()
    assert cost(graph).total == Counts()


def test_what_only_a_training_head_reads_costs_nothing_in_eval_mode() -> None:
    sketch = Sketch(rows=("N", 3))
    sketch.add("main", "linear", "rows", features=2)
    sketch.add("before", "linear", "rows", features=5)
    sketch.add("aux", "linear", "before", features=4, phase="training")
    total = cost(sketch.graph(main="main", aux="aux")).total
    assert (total.macs, total.training_macs) == (6, 6 + 15 + 20)


def test_a_total_of_too_many_symbols_is_not_told_but_each_part_is() -> None:
    names = [f"x{index}" for index in range(140)]
    sketch = Sketch(**{name: ("N", 3, f"H{name}", f"W{name}") for name in names})
    for name in names:
        sketch.add(f"conv_{name}", "conv", name, channels=4, kernel=3)
    graph = sketch.graph(**{name: f"conv_{name}" for name in names})
    counts = cost(graph)
    height, width = symbol("Hx7"), symbol("Wx7")
    assert counts.total.macs is TOO_LONG
    assert counts.total.parameters == 140 * 112
    assert counts.nodes["conv_x7"].macs == (height - 2) * (width - 2) * 108
    assert traffic(graph, counts)[""].total is TOO_LONG


def test_macs_of_one_node_may_be_too_long_to_be_told() -> None:
    height, width = (sum((symbol(f"{side}{index}") for index in range(20)), start=1) for side in "HW")
    sketch = Sketch(image=("N", 3, height, width))
    sketch.add("conv", "conv", "image", channels=4, kernel=1)
    graph = sketch.graph(out="conv")
    counts = cost(graph)
    assert counts.nodes["conv"].macs is TOO_LONG
    assert traffic(graph, counts)["conv"].read is TOO_LONG
