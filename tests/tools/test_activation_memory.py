from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import archspec
from archspec.analysis.at_sizes import at_sizes
from archspec.analysis.memory import memory
from archspec.backends.torch_fx import emit
from archspec.source.span import Source
from archspec.tools.activation_memory import Peak, measure_peak

SIDE = 64 * 64 * 4

TWO = """
archspec: 1
name: two
inputs: {image: [N, 3, H=64, W=64]}
layers:
  - conv: {id: a, channels: 16, kernel: 3, padding: same}
  - conv: {id: b, channels: 8, kernel: 3, padding: same}
outputs: {y: b}
"""


def test_the_peak_of_two_convolutions_is_that_of_analysis() -> None:
    graph = archspec.load_graph(Source("two.yaml", TWO))
    model = emit(graph).eval()
    found = measure_peak(lambda inputs: model(*inputs), [torch.randn(2, 3, 64, 64)])
    bound = memory(at_sizes(graph, {"N": 2}), batch=2).inference.peak
    assert bound == 2 * (3 + 16 + 8) * SIDE
    assert bound <= found.activations <= 1.3 * bound
    assert found.activations <= found.total


def _twice_doubled(inputs: Sequence[Tensor]) -> Tensor:
    doubled = inputs[0] * 2
    again = doubled * 2
    del doubled
    return again * 2


def _one_after_the_other(inputs: Sequence[Tensor]) -> Tensor:
    total = inputs[0].sum()
    for each in inputs:
        total = total + (each * 2).sum()
    return total


@pytest.mark.parametrize(
    ("run", "inputs", "tensors"),
    [
        (_twice_doubled, 1, 3),
        (_one_after_the_other, 2, 3),
        (lambda inputs: [inputs[0] * 2, inputs[0] * 3, inputs[0] * 4], 1, 4),
        (lambda inputs: inputs[0].view(-1), 1, 1),
    ],
)
def test_what_is_alive_at_once_counts(run: Callable[[Sequence[Tensor]], object], inputs: int, tensors: int) -> None:
    found = measure_peak(run, [torch.randn(1000, 100) for _ in range(inputs)])
    assert tensors * 400_000 <= found.activations < tensors * 400_000 + 1000


def test_an_input_that_is_given_twice_counts_once() -> None:
    given = torch.randn(1000)
    assert measure_peak(lambda inputs: None, [given, given]) == Peak(4000, 4000)


def test_indices_that_pooling_drops_count_while_it_runs() -> None:
    pool = nn.MaxPool2d(2)
    found = measure_peak(lambda inputs: pool(inputs[0]), [torch.randn(1, 8, 32, 32)])
    assert found.activations == found.total == 8 * (32 * 32 * 4 + 16 * 16 * (4 + 8))


@pytest.fixture
def without_onednn() -> Iterator[None]:
    before, *_ = torch.backends.mkldnn.set_flags(False)  # type: ignore[no-untyped-call]
    yield
    torch.backends.mkldnn.set_flags(before)  # type: ignore[no-untyped-call]


@pytest.mark.usefixtures("without_onednn")
def test_what_a_kernel_keeps_for_itself_is_no_activation() -> None:
    conv = nn.Conv2d(8, 8, 3)  # without oneDNN it copies all windows of the image
    found = measure_peak(lambda inputs: conv(inputs[0]), [torch.randn(1, 8, 32, 32)])
    assert found.activations == 8 * (32 * 32 + 30 * 30) * 4
    assert found.total >= found.activations + 8 * 9 * 30 * 30 * 4


def test_nothing_is_told_on_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    measure_peak(lambda inputs: functional.relu(inputs[0]), [torch.randn(10)])
    assert capfd.readouterr().err == ""
