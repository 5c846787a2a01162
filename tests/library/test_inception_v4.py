"""Inception v4 equals timm's: in names, numbers and training; TensorFlow's auxiliary classifier where asked for."""

from __future__ import annotations

import pytest
import timm
import torch
from torch import nn
from torch.nn import functional as F

from archspec.analysis.cost import cost
from archspec.compiler import compile_spec, load_graph
from archspec.ir.graph import Graph
from archspec.render.table import rows, size_text
from archspec.tools.verify import verify
from tests.doc_blocks import ROOT

SPEC = ROOT / "specs/inception_v4.yaml"
SMALL = {"H": 107, "W": 91}

STEM = [
    ("149x149x32", 928, 19_181_664),
    ("147x147x32", 9_280, 199_148_544),
    ("147x147x64", 18_560, 398_297_088),
    ("73x73x160", 55_488, 294_672_384),
    ("71x71x192", 189_312, 972_218_368),
    ("35x35x384", 332_160, 406_425_600),
]
LAYERS = [
    *STEM,
    *[("35x35x384", 317_632, 387_609_600)] * 4,
    ("17x17x1024", 2_306_112, 1_097_164_800),
    *[("17x17x1024", 2_936_256, 847_264_768)] * 7,
    ("8x8x1536", 2_747_392, 511_098_880),
    *[("8x8x1536", 4_553_088, 290_979_840)] * 3,
]
"""The items of `features` with their output shapes, parameters and MACs."""


@pytest.fixture(scope="module")
def graph() -> Graph:
    return load_graph(SPEC)


@pytest.fixture(scope="module")
def module() -> nn.Module:
    return compile_spec(SPEC).eval()


@pytest.fixture(scope="module")
def reference() -> nn.Module:
    made: nn.Module = timm.create_model("inception_v4", pretrained=False, drop_rate=0.2)
    return made


def test_every_layer_has_the_shape_and_the_cost_of_the_table(graph: Graph) -> None:
    found = {row.path: (size_text(row.outputs), row.counts.parameters, row.counts.macs) for row in rows(graph)}
    assert found == {f"features.{index}": layer for index, layer in enumerate(LAYERS)} | {
        "global_pool": ("[1536]", 0, 0),
        "head_drop": ("[1536]", 0, 0),
        "last_linear": ("[1000]", 1_537_000, 1_536_000),
    }


def test_it_has_the_parameters_that_tensorflow_counts(module: nn.Module) -> None:
    """Without a scale in batch norm, which the original has not, but with its statistics; without the classifier."""
    counted = ("conv.weight", "bn.bias", "bn.running_mean", "bn.running_var")
    state = module.state_dict()
    assert sum(value.numel() for key, value in state.items() if key.endswith(counted)) == 41_174_400


def test_its_keys_are_those_of_timm_in_their_order(module: nn.Module, reference: nn.Module) -> None:
    assert list(module.state_dict()) == list(reference.state_dict())


def test_it_computes_what_timm_does(graph: Graph, reference: nn.Module) -> None:
    found = verify(graph, reference, phases=["eval"])
    assert (found.differs, found.paired_by) == ((), "key")


def test_it_learns_what_timm_does(graph: Graph, reference: nn.Module) -> None:
    assert verify(graph, reference, sizes=SMALL).differs == ()


def test_the_pool_comes_first_in_mixed_3a_and_last_in_mixed_5a(module: nn.Module) -> None:
    first, last = torch.rand(1, 64, 15, 15), torch.rand(1, 192, 15, 15)
    with torch.no_grad():
        mixed_3a, mixed_5a = module.get_submodule("features.3")(first), module.get_submodule("features.5")(last)
    assert torch.equal(mixed_3a[:, :64], F.max_pool2d(first, 3, stride=2))
    assert torch.equal(mixed_5a[:, 192:], F.max_pool2d(last, 3, stride=2))


def test_n_of_reduction_a_is_the_lone_convolution_and_m_the_last_of_three(module: nn.Module) -> None:
    kernels = {name: tuple(value.shape) for name, value in module.get_submodule("features.10").named_parameters()}
    assert {name: shape for name, shape in kernels.items() if len(shape) == 4} == {
        "branch0.conv.weight": (384, 384, 3, 3),
        "branch1.0.conv.weight": (192, 384, 1, 1),
        "branch1.1.conv.weight": (224, 192, 3, 3),
        "branch1.2.conv.weight": (256, 224, 3, 3),
    }


def test_the_auxiliary_classifier_is_there_where_it_is_asked_for(reference: nn.Module) -> None:
    graph = load_graph(SPEC, {"auxiliary": True})
    head = cost(graph).scopes["AuxLogits"]
    assert (head.parameters, head.macs, head.training_macs) == (3_359_464, 0, 6_502_400)
    module = compile_spec(SPEC, {"auxiliary": True})
    assert set(reference.state_dict()) == {key for key in module.state_dict() if not key.startswith("AuxLogits.")}
    with torch.no_grad():
        trained = module.train()(torch.zeros(2, 3, 299, 299))
    assert trained._fields == ("logits", "aux_logits")
    assert tuple(trained.aux_logits.shape) == (2, 1000)
