"""The networks of `specs/` as ONNX models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import torch

from archspec.backends.onnx.emit import free_sizes
from archspec.compiler import load_graph
from archspec.ir.dims import evaluate
from archspec.ir.graph import GraphInput
from tests.backends.onnx_runs import Pair, session_of
from tests.doc_blocks import ROOT

SPECS: Final = sorted((ROOT / "specs").glob("*.yaml"))
AS_DRAWN: Final = {"inception_v1", "inception_v1_naive", "inception_v2", "lenet", "vit_b_16"}
"""Those that have weights for one size only."""
SMALLER: Final = {"audio_cnn": 8000, "gpt2": 9, "lstm_tagger": 9}
"""A side of the input that is less than the nominal one, where 96 will not do."""

PARAMS: Final = {"gpt2": {"depth": 2, "vocabulary": 99}}
"""Parameters that make a network quicker to run and leave it what it is."""


def drawn(given: GraphInput, batch: int, side: int | None) -> torch.Tensor:
    """A batch of inputs, whose sides that are symbols are one number, or the nominal ones."""
    sizes = {**given.symbols, "N": batch} if side is None else dict.fromkeys(given.symbols, side) | {"N": batch}
    shape = [int(str(evaluate(dim, sizes))) for dim in given.shape]
    if given.type.is_floating:
        return torch.randn(*shape)
    return torch.randint(0, given.below or 8, tuple(shape))


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Threads that wait for each other on cores that others use take ten times as long."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_spec_gives_in_onnx_what_its_module_gives(path: Path) -> None:
    torch.manual_seed(0)
    graph = load_graph(path, PARAMS.get(path.stem, {}))
    pair = Pair.of(graph, undrawn="window_attention" not in path.read_text(encoding="utf-8"))
    assert free_sizes(pair.network)
    model = pair.emit()
    assert [each.name for each in model.graph.input] == list(graph.inputs)
    assert [each.name for each in model.graph.output] == list(pair.network.graph.outputs)
    session = session_of(model)
    side = None if path.stem in AS_DRAWN else SMALLER.get(path.stem, 96)
    assert pair.differ(session, [drawn(given, 2, side) for given in graph.inputs.values()]) is None
