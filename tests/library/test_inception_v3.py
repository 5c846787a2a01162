"""Inception v3 equals torchvision's, and what is odd about that one stays so: in names, numbers and training."""

from __future__ import annotations

from functools import partial
from typing import Any
from unittest.mock import patch

import pytest
import timm
import torch
from torch import nn
from torch.nn import functional as F
from torchvision.models import inception

from archspec.analysis.cost import cost
from archspec.compiler import compile_spec, load_graph
from archspec.ir.graph import Graph
from archspec.render.table import rows, size_text
from archspec.tools.verify import verify
from archspec.tools.verify.weights import redraw
from tests.doc_blocks import ROOT

SPEC = ROOT / "specs/inception_v3.yaml"
FID = ROOT / "specs/inception_v3_fid.yaml"
SMALL = {"H": 107, "W": 91}

LAYERS = {
    "Conv2d_1a_3x3": ("149x149x32", 928, 19_181_664),
    "Conv2d_2a_3x3": ("147x147x32", 9_280, 199_148_544),
    "Conv2d_2b_3x3": ("147x147x64", 18_560, 398_297_088),
    "maxpool1": ("73x73x64", 0, 0),
    "Conv2d_3b_1x1": ("73x73x80", 5_280, 27_284_480),
    "Conv2d_4a_3x3": ("71x71x192", 138_624, 696_867_840),
    "maxpool2": ("35x35x192", 0, 0),
    "Mixed_5b": ("35x35x256", 255_904, 312_345_600),
    "Mixed_5c": ("35x35x288", 277_472, 338_688_000),
    "Mixed_5d": ("35x35x288", 285_152, 348_096_000),
    "Mixed_6a": ("17x17x768", 1_153_280, 401_937_408),
    "Mixed_6b": ("17x17x768", 1_297_408, 374_063_104),
    "Mixed_6c": ("17x17x768", 1_691_008, 487_702_528),
    "Mixed_6d": ("17x17x768", 1_691_008, 487_702_528),
    "Mixed_6e": ("17x17x768", 2_141_952, 617_914_368),
    "Mixed_7a": ("8x8x1280", 1_698_304, 291_004_416),
    "Mixed_7b": ("8x8x2048", 5_044_608, 322_437_120),
    "Mixed_7c": ("8x8x2048", 6_076_800, 388_497_408),
    "avgpool": ("1x1x2048", 0, 0),
    "dropout": ("1x1x2048", 0, 0),
    "fc": ("[1000]", 2_049_000, 2_048_000),
    "AuxLogits": ("[1000]", 3_326_696, 0),
}
"""The layers with their output shapes, parameters and MACs."""


@pytest.fixture(scope="module")
def graph() -> Graph:
    return load_graph(SPEC)


@pytest.fixture(scope="module")
def module() -> nn.Module:
    torch.manual_seed(0)
    return compile_spec(SPEC)


def torchvision_v3(**options: object) -> nn.Module:
    made: nn.Module = inception.Inception3(init_weights=False, **options)
    return made


def test_every_layer_has_the_shape_and_the_cost_of_the_table(graph: Graph) -> None:
    found = {row.path: (size_text(row.outputs), row.counts.parameters, row.counts.macs) for row in rows(graph)}
    assert {path: found[path] for path in LAYERS} == LAYERS
    assert list(found) == [*list(LAYERS)[:-2], "20", "fc", "AuxLogits"]


def test_the_auxiliary_classifier_costs_what_it_does_while_training(graph: Graph) -> None:
    counts = cost(graph)
    assert counts.scopes["AuxLogits"].training_macs == 5_683_200
    assert (counts.total.macs, counts.total.training_macs) == (5_713_216_096, 5_718_899_296)


def test_it_has_the_parameters_that_tensorflow_counts(module: nn.Module) -> None:
    """Without a scale in batch norm, which the original has not, but with its statistics; without the classifiers."""
    counted = ("conv.weight", "bn.bias", "bn.running_mean", "bn.running_var")
    state = module.state_dict()
    kept = (value for key, value in state.items() if key.endswith(counted) and not key.startswith("AuxLogits"))
    assert sum(value.numel() for value in kept) == 21_802_784


def test_its_keys_are_those_of_torchvision_in_their_order(module: nn.Module) -> None:
    keys = list(torchvision_v3().state_dict())
    assert list(module.state_dict()) == keys
    assert keys.index("AuxLogits.conv0.conv.weight") < keys.index("Mixed_7a.branch3x3_1.conv.weight")
    assert [name for name, _ in module.named_parameters()] == [name for name, _ in torchvision_v3().named_parameters()]


def test_without_its_auxiliary_classifier_its_keys_are_those_of_timm(module: nn.Module) -> None:
    without = list(timm.create_model("inception_v3", pretrained=False).state_dict())
    assert list(compile_spec(SPEC, {"auxiliary": False}).state_dict()) == without
    assert list(compile_spec(SPEC, outputs=["logits"]).state_dict()) == without
    assert set(module.state_dict()) - set(without) == {key for key in module.state_dict() if "AuxLogits" in key}


def test_it_computes_and_learns_what_torchvision_does(graph: Graph) -> None:
    found = verify(graph, torchvision_v3())
    assert found.differs == ()
    assert found.paired_by == "key"
    assert found.outputs_by["training"] == "name"
    assert {one.kind for one in found.comparisons} == {"output", "statistic", "gradient"}


def test_it_computes_and_learns_what_timm_does_without_its_auxiliary_classifier() -> None:
    graph = load_graph(SPEC, {"auxiliary": False, "dropout": 0.0})
    assert verify(graph, timm.create_model("inception_v3", pretrained=False), sizes=SMALL).differs == ()


def test_images_normalised_for_imagenet_are_brought_to_what_the_weights_were_trained_on() -> None:
    graph = load_graph(SPEC, {"transform_input": True, "auxiliary": False})
    reference = torchvision_v3(transform_input=True, aux_logits=False)
    assert verify(graph, reference, sizes=SMALL, phases=["eval"], tolerance=1e-7).differs == ()
    plain = load_graph(SPEC, {"auxiliary": False})
    assert verify(plain, reference, sizes=SMALL, phases=["eval"], tolerance=1e-7).differs != ()


def test_only_training_returns_what_the_auxiliary_classifier_says(module: nn.Module) -> None:
    image = torch.zeros(2, 3, 299, 299)
    with torch.no_grad():
        trained = module.train()(image)
        assert trained._fields == inception.InceptionOutputs._fields == ("logits", "aux_logits")
        assert [tuple(value.shape) for value in trained] == [(2, 1000), (2, 1000)]
        assert tuple(module.eval()(image).shape) == (2, 1000)


def test_the_least_image_has_75_pixels(module: nn.Module) -> None:
    with torch.no_grad():
        assert tuple(module.eval()(torch.zeros(1, 3, 75, 75)).shape) == (1, 1000)
        with pytest.raises(RuntimeError):
            module.eval()(torch.zeros(1, 3, 75, 74))


def test_weights_start_as_in_torchvision_where_a_deviation_never_reaches_its_convolution(module: nn.Module) -> None:
    started = {key: float(value.detach().std()) for key, value in module.named_parameters() if value.dim() > 1}
    small = started.pop("AuxLogits.fc.weight")
    assert small == pytest.approx(0.001, rel=0.02)
    assert all(deviation == pytest.approx(0.1, rel=0.1) for deviation in started.values())
    assert started["AuxLogits.conv1.conv.weight"] == pytest.approx(0.1, rel=0.02)
    theirs = inception.InceptionAux(768, 1000)
    assert (theirs.conv1.stddev, theirs.fc.stddev) == (0.01, 0.001)
    assert not hasattr(theirs.conv1.conv, "stddev")


def test_counting_the_padding_changes_the_border_and_nothing_else(module: nn.Module) -> None:
    counted, left_out = module.eval(), compile_spec(FID).eval()
    redraw(counted.get_submodule("Mixed_6b"))
    left_out.get_submodule("Mixed_6b").load_state_dict(counted.get_submodule("Mixed_6b").state_dict())
    grid = torch.rand(1, 768, 17, 17)
    with torch.no_grad():
        differs = (counted.get_submodule("Mixed_6b")(grid) != left_out.get_submodule("Mixed_6b")(grid)).any(1)[0]
    border = torch.ones(17, 17, dtype=torch.bool)
    border[1:-1, 1:-1] = False
    assert torch.equal(differs, border)
    assert border.sum() / border.numel() == pytest.approx(0.221, abs=1e-3)


class LastModule(inception.InceptionE):  # type: ignore[misc]  # torchvision has no types
    """The last module of December 2015."""

    def _forward(self, x: torch.Tensor) -> Any:
        with patch.object(F, "avg_pool2d", F.max_pool2d):
            return super()._forward(x)


class FirstRelease(inception.Inception3):  # type: ignore[misc]  # torchvision has no types
    """torchvision's network with the pools of December 2015."""

    def __init__(self) -> None:
        super().__init__(num_classes=1008, aux_logits=False, init_weights=False)
        self.Mixed_7c = LastModule(2048)

    def forward(self, x: torch.Tensor) -> Any:
        with patch.object(F, "avg_pool2d", partial(F.avg_pool2d, count_include_pad=False)):
            return super().forward(x)


def test_the_one_of_fid_pools_without_padding_and_at_last_the_greatest() -> None:
    assert verify(load_graph(FID), FirstRelease(), sizes=SMALL).differs == ()
    plain = load_graph(SPEC, {"classes": 1008, "auxiliary": False})
    assert verify(plain, FirstRelease(), sizes=SMALL, phases=["eval"]).differs != ()
