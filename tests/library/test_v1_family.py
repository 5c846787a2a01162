"""Inception v1: naive, as in the paper, and torchvision's with batch norm: what they cost, compute and learn."""

from __future__ import annotations

import shutil
import sys
from functools import cache
from math import prod
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional as F
from torchvision import models

from archspec.analysis.cost import cost
from archspec.compiler import compile_spec, load_graph
from archspec.ir.dims import Size
from archspec.ir.graph import Graph
from archspec.ir.op import Op
from archspec.render.table import rows, size_text
from archspec.tools.verify import verify
from archspec.tools.verify.run import Dropout, NoDropout
from archspec.tools.verify.weights import redraw
from tests.doc_blocks import ROOT

Weights = dict[str, torch.Tensor]

V1, NAIVE, GOOGLENET = (ROOT / f"specs/{name}.yaml" for name in ("inception_v1", "inception_v1_naive", "googlenet"))

LAYERS = {
    "conv1": ("112x112x64", 9_408, 118.0),
    "maxpool1": ("56x56x64", 0, 0),
    "norm1": ("56x56x64", 0, 0),
    "conv2": ("56x56x64", 4_096, 12.8),
    "conv3": ("56x56x192", 110_592, 346.8),
    "norm2": ("56x56x192", 0, 0),
    "maxpool2": ("28x28x192", 0, 0),
    "inception3a": ("28x28x256", 163_328, 128.0),
    "inception3b": ("28x28x480", 388_096, 304.3),
    "maxpool3": ("14x14x480", 0, 0),
    "inception4a": ("14x14x512", 375_552, 73.6),
    "inception4b": ("14x14x512", 448_512, 87.9),
    "inception4c": ("14x14x512", 509_440, 99.9),
    "inception4d": ("14x14x528", 604_672, 118.5),
    "inception4e": ("14x14x832", 867_328, 170.0),
    "maxpool4": ("7x7x832", 0, 0),
    "inception5a": ("7x7x832", 1_042_432, 51.1),
    "inception5b": ("7x7x1024", 1_442_816, 70.7),
    "avgpool": ("1x1x1024", 0, 0),
    "flatten": ("[1024]", 0, 0),
    "dropout": ("[1024]", 0, 0),
    "fc": ("[1000]", 1_024_000, 1.0),
}
"""The rows of the paper's Table 1 with what they give, their weights without biases, and millions of MACs."""

PRINTED = {
    "inception3a": 159, "inception3b": 380, "inception4a": 364, "inception4b": 437, "inception4c": 463,
    "inception4d": 580, "inception4e": 840, "inception5a": 1072, "inception5b": 1388, "fc": 1000,
}  # fmt: skip
"""The table's own column "params", in K."""

SMALL = {"H": 64, "W": 48}

MODULES = {
    "inception3a": (192, (64, 96, 128, 16, 32, 32), 28, 303.5),
    "inception3b": (256, (128, 128, 192, 32, 96, 64), 28, 854.2),
    "inception4a": (480, (192, 96, 208, 16, 48, 64), 14, 307.1),
    "inception4b": (512, (160, 112, 224, 24, 64, 64), 14, 378.9),
    "inception4c": (512, (128, 128, 256, 24, 64, 64), 14, 404.6),
    "inception4d": (512, (112, 144, 288, 32, 64, 64), 14, 431.9),
    "inception4e": (528, (256, 160, 320, 32, 128, 128), 14, 655.7),
    "inception5a": (832, (256, 160, 320, 32, 128, 128), 7, 258.3),
    "inception5b": (832, (384, 192, 384, 48, 128, 128), 7, 287.0),
}
"""Input channels, widths as in Table 1, side, and what the naive module with these filters would cost, in millions."""


@cache
def graph_of(name: str, **params: bool) -> Graph:
    return load_graph(ROOT / f"specs/{name}.yaml", params)


def weight_sizes(graph: Graph, weight: str = "weight") -> dict[str, int]:
    return {node.path: prod(node.weights[weight].shape) for node in graph if weight in node.weights}


def below(path: str, sizes: dict[str, int]) -> int:
    return sum(size for name, size in sizes.items() if f"{name}.".startswith(f"{path}."))


def attributes(graph: Graph, path: str) -> dict[str, Any]:
    op = graph[path].op
    assert isinstance(op, Op)
    return op.model_dump()


def millions(macs: Size) -> float:
    assert isinstance(macs, int)
    return round(macs / 1e6, 1)


def names(graph: Graph) -> set[str]:
    return {node.op.name for node in graph if isinstance(node.op, Op)}


def test_every_row_of_the_paper_has_its_shape_weights_and_cost() -> None:
    graph, sizes = graph_of("inception_v1"), weight_sizes(graph_of("inception_v1"))
    found = {
        row.path: (size_text(row.outputs), below(row.path, sizes), millions(row.counts.macs)) for row in rows(graph)
    }
    assert {path: found[path] for path in LAYERS} == LAYERS
    assert list(found) == [*LAYERS, "aux1", "aux2"]


def test_the_papers_own_counts_follow_from_its_widths_in_some_rows_only() -> None:
    """K is 1024. What it prints of the first convolution, 2.7K, is a 7x1 and a 1x7."""
    sizes = weight_sizes(graph_of("inception_v1"))
    fits = {path for path, printed in PRINTED.items() if abs(below(path, sizes) / 1024 - printed) < 1.01}
    assert fits == {"inception3a", "inception3b", "inception4b", "fc"}
    assert sizes["conv1.conv"] / 1024 > 3 * 2.7 > 3 * 2 * 7 * 3 * 64 / 1024
    assert (sizes["conv3.conv"] + sizes["conv2.conv"]) // 1024 == 112


@pytest.mark.parametrize(
    ("name", "whole", "headless", "weights", "macs", "heads"),
    [
        ("inception_v1", 13_378_280, 6_998_552, 5_966_272, 1_582_671_872, (3_188_840, 3_190_888)),
        ("googlenet", 13_004_888, 6_624_904, 5_585_344, 1_498_376_192, (3_188_968, 3_191_016)),
    ],
)
def test_the_whole_and_its_heads_cost_what_they_do(
    name: str, whole: int, headless: int, weights: int, macs: int, heads: tuple[int, int]
) -> None:
    full, plain = cost(graph_of(name)), cost(graph_of(name, auxiliary=False))
    assert (full.total.parameters, plain.total.parameters) == (whole, headless)
    assert (full.total.macs, full.total.training_macs, plain.total.training_macs) == (macs, macs + 8_372_224, macs)
    assert tuple(full.scopes[head].parameters for head in ("aux1", "aux2")) == heads
    assert tuple(full.scopes[head].training_macs for head in ("aux1", "aux2")) == (4_169_728, 4_202_496)
    convolutions = {path: size for path, size in weight_sizes(graph_of(name)).items() if path.endswith(".conv")}
    assert sum(convolutions.values()) - below("aux1", convolutions) - below("aux2", convolutions) == weights


def test_a_module_costs_what_its_widths_say_and_a_naive_one_several_times_that(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    shutil.copy(ROOT / "specs/blocks/googlenet.yaml", tmp_path)
    counts, sizes = cost(graph_of("inception_v1")), weight_sizes(graph_of("inception_v1"))
    for path, (given, (a, br, b, cr, c, proj), side, naive) in MODULES.items():
        weights = given * (a + br + cr + proj) + 9 * br * b + 25 * cr * c
        assert (below(path, sizes), counts.scopes[path].macs) == (weights, weights * side * side)
        text = (
            f"archspec: 1\nname: one\ninclude: [googlenet.yaml]\ninputs: {{x: [N, {given}, {side}, {side}]}}\n"
            f"layers: [{{inception_naive: {{id: m, unit: conv_relu, c1x1: {a}, c3x3: {b}, c5x5: {c}}}}}]"
        )
        (tmp_path / "one.yaml").write_text(text, encoding="utf-8")
        one = load_graph(tmp_path / "one.yaml")
        assert millions(cost(one).total.macs) == naive
        assert size_text(rows(one)[-1].outputs) == f"{side}x{side}x{given + a + b + c}"


def test_naive_modules_only_add_channels() -> None:
    graph = graph_of("inception_v1_naive")
    gives = {row.path: row.outputs[0].shape[1] for row in rows(graph) if row.outputs[0] is not None}
    assert [gives[path] for path in MODULES] == [416, 832, 1280, 1728, 2176, 2640, 3344, 4048, 4944]
    total = cost(graph).total
    assert (total.parameters, total.macs) == (97_526_008, 12_568_061_056)
    assert sum(weight_sizes(graph, "bias").values()) == 5_072 + 1_000


def paper(weights: Weights, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The network of the paper by hand; gives the logits and what the two heads say."""

    def conv(x: torch.Tensor, name: str, **settings: int) -> torch.Tensor:
        return F.conv2d(x, weights[f"{name}.conv.weight"], weights[f"{name}.conv.bias"], **settings).relu()

    def linear(x: torch.Tensor, name: str) -> torch.Tensor:
        return F.linear(x, weights[f"{name}.weight"], weights[f"{name}.bias"])

    def pool(x: torch.Tensor) -> torch.Tensor:
        return F.max_pool2d(x, 3, 2, ceil_mode=True)

    def norm(x: torch.Tensor) -> torch.Tensor:
        return x / (1 + 1e-4 / 5 * F.pad(x * x, (0, 0, 0, 0, 2, 2)).unfold(1, 5, 1).sum(-1)) ** 0.75

    def module(x: torch.Tensor, name: str) -> torch.Tensor:
        b1 = conv(x, f"{name}.branch1")
        b2 = conv(conv(x, f"{name}.branch2.0"), f"{name}.branch2.1", padding=1)
        b3 = conv(conv(x, f"{name}.branch3.0"), f"{name}.branch3.1", padding=2)
        b4 = conv(F.max_pool2d(x, 3, 1, 1), f"{name}.branch4.1")
        return torch.cat([b1, b2, b3, b4], 1)

    def head(x: torch.Tensor, name: str) -> torch.Tensor:
        x = conv(F.avg_pool2d(x, 5, 3), f"{name}.conv").flatten(1)
        return linear(linear(x, f"{name}.fc1").relu(), f"{name}.fc2")

    x = conv(norm(pool(conv(image, "conv1", stride=2, padding=3))), "conv2")
    x = pool(norm(conv(x, "conv3", padding=1)))
    x = pool(module(module(x, "inception3a"), "inception3b"))
    first = module(x, "inception4a")
    second = module(module(module(first, "inception4b"), "inception4c"), "inception4d")
    x = pool(module(second, "inception4e"))
    x = F.avg_pool2d(module(module(x, "inception5a"), "inception5b"), 7, 1)
    return linear(x.flatten(1), "fc"), head(first, "aux1"), head(second, "aux2")


@torch.no_grad()
def test_it_computes_what_the_paper_describes() -> None:
    module = compile_spec(V1)
    redraw(module)
    module.double()
    image = torch.randn(1, 3, 224, 224, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    expected = paper(dict(module.named_parameters()), image)
    dropped: list[Dropout] = []
    with NoDropout(dropped):
        trained = module.train()(image)
    assert trained._fields == ("logits", "aux1", "aux2")
    for given, wanted in zip(trained, expected, strict=True):
        torch.testing.assert_close(given, wanted, rtol=1e-9, atol=1e-9 * float(wanted.abs().max()))
    assert sorted(dropout.p for dropout in dropped) == [0.4, 0.7, 0.7]
    assert torch.equal(module.eval()(image), trained.logits)


def test_weights_start_as_in_caffe() -> None:
    """Uniform within the root of 3 / fan in; biases from 0.2 before a ReLU, from 0 in a classifier."""
    torch.manual_seed(0)
    started = dict(compile_spec(V1).named_parameters())
    for key, weight in started.items():
        if key.endswith("weight"):
            bound = (3 / prod(weight.shape[1:])) ** 0.5
            assert 0.97 * bound < float(weight.detach().abs().max()) <= bound, key
    biases = {key.removesuffix(".bias"): sorted(set(bias.tolist())) for key, bias in started.items() if "bias" in key}
    classifiers = {"fc", "aux1.fc2", "aux2.fc2"}
    assert all(biases[name] == [0] for name in classifiers)
    assert all(biases[name] == pytest.approx([0.2]) for name in biases.keys() - classifiers)


def torchvision_googlenet(**options: bool) -> torch.nn.Module:
    made: torch.nn.Module = models.GoogLeNet(init_weights=False, **options)
    return made


def test_its_keys_are_those_of_torchvision_in_their_order() -> None:
    keys, plain = (list(torchvision_googlenet(aux_logits=aux).state_dict()) for aux in (True, False))
    assert (len(keys), len(plain)) == (364, 344)
    assert list(compile_spec(GOOGLENET).state_dict()) == keys
    assert list(compile_spec(GOOGLENET, {"auxiliary": False}).state_dict()) == plain
    assert list(compile_spec(GOOGLENET, outputs=["logits"]).state_dict()) == plain


def test_it_computes_and_learns_what_torchvision_does() -> None:
    found = verify(graph_of("googlenet"), torchvision_googlenet(), sizes=SMALL)
    assert found.differs == ()
    assert (found.paired_by, found.outputs_by["training"]) == ("key", "name")
    assert {one.kind for one in found.comparisons} == {"output", "statistic", "gradient"}
    assert found.tolerance <= 1e-5


def test_the_later_head_comes_first_as_in_torchvision_and_only_while_training() -> None:
    module, image = compile_spec(GOOGLENET), torch.zeros(2, 3, 64, 64)
    with torch.no_grad():
        assert module.train()(image)._fields == sys.modules[models.GoogLeNet.__module__].GoogLeNetOutputs._fields
        assert module(image)._fields == ("logits", "aux_logits2", "aux_logits1")
        assert tuple(module.eval()(image).shape) == (2, 1000)


@torch.no_grad()
def test_images_normalised_for_imagenet_are_brought_to_what_the_weights_were_trained_on() -> None:
    reference, image = torchvision_googlenet(transform_input=True).eval(), torch.randn(1, 3, 64, 48)
    redraw(reference)
    wanted = reference(image)
    for transform_input in (True, False):
        module = compile_spec(GOOGLENET, {"transform_input": transform_input}).eval()
        module.load_state_dict(reference.state_dict(), strict=True)
        difference = float((module(image) - wanted).abs().max() / wanted.abs().max())
        assert (difference < 1e-5) is transform_input


def test_what_the_public_weights_have_is_not_what_the_paper_has() -> None:
    theirs, ours = graph_of("inception_v1"), graph_of("googlenet")
    for path in MODULES:
        assert attributes(theirs, f"{path}.branch3.1.conv")["kernel"] == 5
        assert attributes(ours, f"{path}.branch3.1.conv")["kernel"] == 3
    assert [attributes(graph, "maxpool4")["kernel"] for graph in (theirs, ours)] == [3, 2]
    assert [attributes(graph, "dropout")["p"] for graph in (theirs, ours)] == [0.4, 0.2]
    assert ["local_response_norm" in names(graph) for graph in (theirs, ours)] == [True, False]
    assert not any("running_mean" in node.weights for node in theirs)
    assert all(attributes(ours, node.path)["eps"] == 1e-3 for node in ours if "running_mean" in node.weights)


def test_the_heads_of_torchvision_pool_to_the_papers_size_by_other_windows() -> None:
    """At 14x14, 4x4 places see windows of 4 from 0, 3, 7 and 10; the paper's see 5 from 0, 3, 6 and 9."""
    grid = torch.rand(1, 1, 14, 14)
    theirs, ours = F.avg_pool2d(grid, 5, 3), F.adaptive_avg_pool2d(grid, 4)
    assert theirs.shape == ours.shape == (1, 1, 4, 4)
    torch.testing.assert_close(ours[0, 0, 1, 2], grid[0, 0, 3:7, 7:11].mean())
    torch.testing.assert_close(theirs[0, 0, 1, 2], grid[0, 0, 3:8, 6:11].mean())
    pool = attributes(graph_of("inception_v1"), "aux1.0")
    assert (pool["kernel"], pool["stride"]) == (5, 3)
    assert attributes(graph_of("googlenet"), "aux1.0") == {"size": 4}


def test_weights_of_torchvision_say_how_many_there_are() -> None:
    meta = models.GoogLeNet_Weights.IMAGENET1K_V1.meta
    total = cost(graph_of("googlenet", auxiliary=False)).total
    assert (total.parameters, round(millions(total.macs) / 1e3, 3)) == (meta["num_params"], meta["_ops"])


def test_tensorflow_counts_other_things() -> None:
    """Without a scale in batch norm, which the original has not, but with its statistics; without the classifiers."""
    sizes = [
        size
        for weight in ("weight", "bias", "running_mean", "running_var")
        for path, size in weight_sizes(graph_of("googlenet", auxiliary=False), weight).items()
        if path != "fc" and not (path.endswith("bn") and weight == "weight")
    ]
    assert sum(sizes) == 5_607_184


def test_weights_start_as_in_torchvision() -> None:
    torch.manual_seed(0)
    for key, weight in compile_spec(GOOGLENET).named_parameters():
        if weight.dim() > 1:
            assert float(weight.detach().std()) == pytest.approx(0.01, rel=0.1), key
        elif "bn" in key:
            assert set(weight.tolist()) == {float(key.endswith("weight"))}, key
