from __future__ import annotations

import pytest

from archspec.ir.graph import Graph
from archspec.ir.op import Weight
from archspec.ir.types import TensorType
from archspec.tools.build import NoSizesError, build
from tests.graphs import Sketch


def _network() -> Graph:
    sketch = Sketch(image=("N", 3, 9, 9))
    last = sketch.conv_bn("stem", "image", channels=4, kernel=3)
    last = sketch.add("logits", "linear", sketch.add("1", "flatten", last), features=5)
    aux = sketch.scope("aux", phase="training")
    side = sketch.add("aux.0", "flatten", "stem.1", inside=aux)
    return sketch.graph(logits=last, aux=sketch.add("aux.1", "linear", side, features=5, inside=aux))


def test_a_build_runs_every_node_of_each_phase_and_finds_it_as_inferred() -> None:
    report = build(_network())
    assert report.mismatches == ()
    assert report.compared == {"eval": 5, "training": 7}
    assert report.sizes == {"N": 2}


def test_stages_are_told_in_order_and_timed() -> None:
    stages: list[str] = []
    report = build(_network(), stages.append)
    assert stages == list(report.seconds) == ["compile", "run in eval mode", "run in training mode"]


def test_a_shape_that_was_inferred_wrongly_is_found() -> None:
    graph = _network()
    graph["logits"].types = (TensorType((2, 6)),)
    assert [text for text in build(graph).mismatches if "`logits`" in text] == [
        "`logits`: [2, 6] was inferred, but [2, 5] came out in eval mode",
        "`logits`: [2, 6] was inferred, but [2, 5] came out in training mode",
    ]


def test_weights_that_were_counted_wrongly_are_found() -> None:
    graph = _network()
    graph["stem.bn"].weights = {
        **graph["stem.bn"].weights,
        "weight": Weight((5,)),
        "running_mean": Weight((9,), "buffer"),
    }
    assert build(graph).mismatches == (
        f"{4 * 27 + 9 + 2 * (196 * 5 + 5):,} parameters were counted, but the module has {4 * 27 + 8 + 2 * 985:,}",
        "14 numbers in buffers were counted, but the module has 9",
    )


def test_macs_that_were_counted_wrongly_are_found() -> None:
    graph = _network()
    graph["stem.conv"].types = (TensorType((2, 4, 8, 7)),)
    conv, linear = 2 * 4 * 27 * 49, 2 * 196 * 5
    assert build(graph).mismatches[1] == (
        f"{conv * 8 // 7 + linear:,} MACs were inferred for the run in eval mode, but torch counts {conv + linear:,}"
    )


def test_symbols_without_a_fitting_size_are_refused() -> None:
    sketch = Sketch(image=("N", 1, "H", 1))
    sketch.add("a", "conv", "image", channels=1, kernel=[2000, 1])
    sketch.add("b", "squeeze", "image", axes=[2])
    with pytest.raises(NoSizesError, match="no size up to 1024 of `H`"):
        build(sketch.graph(a="a", b="b"))
