"""Networks of sequences are their publications: by their keys and their numbers, beside plain torch."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from archspec.compiler import compile_spec
from tests.doc_blocks import ROOT
from tests.library.files import written


class Unit(nn.Module):
    """A convolution, a batch norm and a rectifier."""

    def __init__(self, read: int, channels: int, kernel: int = 3, stride: int = 1, padding: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv1d(read, channels, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm1d(channels)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.bn(self.conv(x)))


class M5(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = Unit(1, 128, 80, 4, 38)
        self.conv2 = Unit(128, 128)
        self.conv3 = Unit(128, 256)
        self.conv4 = Unit(256, 512)
        self.logits = nn.Linear(512, 10)

    def forward(self, x: Tensor) -> Tensor:
        for unit in (self.conv1, self.conv2, self.conv3, self.conv4):
            x = nn.functional.max_pool1d(unit(x), 4, ceil_mode=True)
        logits: Tensor = self.logits(x.mean(2))
        return logits


class Tagger(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(130000, 50)
        self.lstm = nn.LSTM(50, 300, batch_first=True, bidirectional=True)
        self.tags = nn.Linear(600, 9)

    def forward(self, words: Tensor) -> Tensor:
        states, _ = self.lstm(self.embedding(words))
        tags: Tensor = self.tags(states)
        return tags.transpose(1, 2)


def waveforms(samples: int) -> Tensor:
    return torch.randn(2, 1, samples)


def sentences(words: int) -> Tensor:
    return torch.randint(0, 130000, (2, words))


NETWORKS = [
    pytest.param("audio_cnn", M5, waveforms, id="audio_cnn"),
    pytest.param("lstm_tagger", Tagger, sentences, id="lstm_tagger"),
]


@pytest.mark.parametrize("is_training", [True, False])
@pytest.mark.parametrize(("name", "make", "draw"), NETWORKS)
def test_it_is_its_publication(
    name: str, make: Callable[[], nn.Module], draw: Callable[[int], Tensor], is_training: bool
) -> None:
    module, reference = compile_spec(ROOT / f"specs/{name}.yaml"), make()
    assert list(module.state_dict()) == list(reference.state_dict())
    reference.load_state_dict(module.state_dict())
    x = draw(700)
    given, expected = (each.train(is_training)(x) for each in (module, reference))
    torch.testing.assert_close(given, expected, rtol=0, atol=1e-6)
    given.square().sum().backward()
    expected.square().sum().backward()
    for ours, theirs in zip(module.parameters(), reference.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("name", "make", "draw"), NETWORKS)
def test_the_shortest_sequence_is_the_shortest_that_torch_runs(
    name: str, make: Callable[[], nn.Module], draw: Callable[[int], Tensor]
) -> None:
    reference, shortest = make().eval(), written(ROOT / f"specs/{name}.yaml")["expect"]["min_input"]
    with pytest.raises(RuntimeError):
        reference(draw(shortest - 1))
    for length in range(shortest, shortest + 8):
        reference(draw(length))


def test_a_tagger_reads_sentences_from_both_ends() -> None:
    module = compile_spec(ROOT / "specs/lstm_tagger.yaml").eval()
    words = sentences(6)
    other = words.clone()
    other[:, 3] = (other[:, 3] + 1) % 130000
    assert (module(words) != module(other)).any(1).all()
