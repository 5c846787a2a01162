"""Transformers: ViT and Swin beside torchvision's, GPT-2 beside plain torch."""

from __future__ import annotations

from math import sqrt
from typing import Any, Final

import pytest
import torch
from torch import Tensor, nn
from torchvision import models

from archspec import load_weights
from archspec.analysis.cost import cost
from archspec.analysis.input_sizes import input_sizes
from archspec.backends.torch_fx import emit
from archspec.compiler import compile_spec, load_graph
from tests.doc_blocks import ROOT

SMALL: Final = {"vocabulary": 11, "context": 70, "width": 12, "heads": 3, "depth": 2}


def runs_on_meta(module: nn.Module, given: Tensor) -> bool:
    """Whether a module on the meta device, where nothing is computed, takes an input."""
    try:
        with torch.no_grad():
            module(given.to("meta"))
    except RuntimeError:
        return False
    return True


def test_vit_takes_images_of_as_many_patches_as_it_has_positions() -> None:
    graph = load_graph(ROOT / "specs/vit_b_16.yaml")
    (sizes,) = input_sizes(graph)["eval"]
    assert str(sizes) == "H=W 224 to 239"
    module = emit(graph, device="meta").eval()
    tried = (112, 223, 224, 231, 239, 240, 448)
    fitting = [side for side in tried if runs_on_meta(module, torch.empty(2, 3, side, side))]
    assert fitting == [side for side in tried if 224 <= side < 240]
    assert runs_on_meta(module, torch.empty(2, 3, 112, 448))


def test_swin_takes_images_from_one_patch_on_as_torchvisions_does() -> None:
    graph = load_graph(ROOT / "specs/swin_t.yaml")
    (sizes,) = input_sizes(graph)["eval"]
    assert (str(sizes), sizes.maximum) == ("H and W 4 and up", None)
    with torch.device("meta"):
        theirs = models.swin_t(weights=None).eval()
    ours = emit(graph, device="meta").eval()
    for high, wide in ((3, 4), (4, 3), (4, 4), (5, 13), (37, 29), (113, 224)):
        fits = min(high, wide) >= 4
        given = torch.empty(1, 3, high, wide)
        assert (runs_on_meta(ours, given), runs_on_meta(theirs, given)) == (fits, fits)


class Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.c_attn = nn.Linear(width, 3 * width)
        self.c_proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        samples, places, width = x.shape
        heads = [each.reshape(samples, places, self.heads, -1).transpose(1, 2) for each in self.c_attn(x).chunk(3, 2)]
        query, key, value = heads
        scores = query @ key.transpose(2, 3) / sqrt(width // self.heads)
        later = torch.ones(places, places).triu(1) == 1
        gathered = scores.masked_fill(later, -torch.inf).softmax(3) @ value
        projected: Tensor = self.c_proj(gathered.transpose(1, 2).reshape(x.shape))
        return projected


class Block(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(width)
        self.attn = Attention(width, heads)
        self.ln_2 = nn.LayerNorm(width)
        self.mlp = nn.ModuleDict({"c_fc": nn.Linear(width, 4 * width), "c_proj": nn.Linear(4 * width, width)})

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln_1(x))
        hidden = self.mlp["c_fc"](self.ln_2(x))
        hidden = 0.5 * hidden * (1 + torch.tanh(sqrt(2 / torch.pi) * (hidden + 0.044715 * hidden**3)))
        added: Tensor = x + self.mlp["c_proj"](hidden)
        return added


class GPT2(nn.Module):
    """GPT-2 in eval mode, under the names of transformers."""

    def __init__(self, vocabulary: int, context: int, width: int, heads: int, depth: int) -> None:
        super().__init__()
        self.wte = nn.Embedding(vocabulary, width)
        self.wpe = nn.Embedding(context, width)
        self.h = nn.ModuleList([Block(width, heads) for _ in range(depth)])
        self.ln_f = nn.LayerNorm(width)
        self.lm_head = nn.Linear(width, vocabulary, bias=False)
        self.lm_head.weight = self.wte.weight

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.wte(tokens) + self.wpe(torch.arange(tokens.shape[1]))
        for block in self.h:
            x = block(x)
        scores: Tensor = self.lm_head(self.ln_f(x))
        return scores


@pytest.fixture(scope="module")
def reference() -> GPT2:
    torch.manual_seed(0)
    return GPT2(**SMALL)


def test_gpt2_is_what_its_paper_describes(reference: GPT2) -> None:
    model = compile_spec(ROOT / "specs/gpt2.yaml", SMALL).eval()
    assert set(model.state_dict()) == set(reference.state_dict())
    model.load_state_dict(reference.state_dict(), strict=True)
    assert model.get_parameter("lm_head.weight") is model.get_parameter("wte.weight")
    tokens = torch.randint(0, SMALL["vocabulary"], (2, 9))
    scores = model(tokens)
    torch.testing.assert_close(scores, reference(tokens))
    tokens[:, 5:] = 0
    torch.testing.assert_close(model(tokens)[:, :5], scores[:, :5])


def test_the_published_file_of_gpt2_fits_once_its_matrices_are_turned(reference: GPT2) -> None:
    turned = {name for name, module in reference.named_modules() if isinstance(module, nn.Linear)} - {"lm_head"}
    file: dict[str, Any] = {"lm_head.weight": reference.lm_head.weight}
    for key, value in reference.state_dict().items():
        owner, _, name = key.rpartition(".")
        file[f"transformer.{key}"] = value.t() if name == "weight" and owner in turned else value
    del file["transformer.lm_head.weight"]
    file |= {
        "transformer.h.0.attn.bias": torch.ones(1, 1, 9, 9),
        "transformer.h.0.attn.masked_bias": torch.tensor(-1e4),
    }
    model = compile_spec(ROOT / "specs/gpt2.yaml", SMALL).eval()
    assert load_weights(model, file, map="huggingface").fits
    tokens = torch.randint(0, SMALL["vocabulary"], (2, 9))
    torch.testing.assert_close(model(tokens), reference(tokens))


@pytest.mark.parametrize(
    ("width", "heads", "depth", "parameters"),
    [(768, 12, 12, 124439808), (1024, 16, 24, 354823168), (1280, 20, 36, 774030080), (1600, 25, 48, 1557611200)],
)
def test_the_four_sizes_of_gpt2_are_settings(width: int, heads: int, depth: int, parameters: int) -> None:
    graph = load_graph(ROOT / "specs/gpt2.yaml", {"width": width, "heads": heads, "depth": depth})
    assert cost(graph).total.parameters == parameters


def test_gpt2_reads_as_many_tokens_as_it_has_positions() -> None:
    graph = load_graph(ROOT / "specs/gpt2.yaml", {**SMALL, "context": 100})
    (sizes,) = input_sizes(graph)["eval"]
    assert str(sizes) == "T 1 to 100"
    module = emit(graph, device="meta").eval()
    given = [torch.empty(2, tokens, dtype=torch.int64) for tokens in (1, 100, 101)]
    assert [runs_on_meta(module, tokens) for tokens in given] == [True, True, False]
