"""Networks of torchvision: each spec has the same keys, numbers, gradients, first weights and sizes as its reference.

A network is a row of `NETWORKS`. GoogLeNet and Inception v3, which have heads, are told of in files of their own.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Final

import pytest
import torch
from torch import nn
from torch.func import functional_call
from torchvision import models

from archspec import load_weights
from archspec.analysis.cost import cost
from archspec.analysis.input_sizes import input_sizes
from archspec.backends.torch_fx import emit
from archspec.compiler import compile_spec, load_graph
from archspec.tools.verify import verify
from tests.doc_blocks import ROOT
from tests.library.reference import Network, drawn, referenced

NETWORKS: Final = {
    "alexnet": 95,
    "vgg16": 32,
    "resnet50": 40,
    "resnext50_32x4d": 40,
    "densenet121": 64,
    "squeezenet1_1": 40,
    "regnet_y_400mf": 40,
    "mobilenet_v2": 40,
    "mobilenet_v3_large": 40,
    "shufflenet_v2_x1_0": 40,
    "efficientnet_b0": 40,
    "convnext_tiny": 32,
    "vit_b_16": 224,
    "swin_t": 36,
}
"""Names, which specs and torchvision share, with the side of a small image that all of the network works on.

In Swin's, sides are odd and windows shifted.
"""

TRANSFORMERS: Final = {"vit_b_16", "swin_t"}
"""Those whose sizes are told of in a file of their own."""

LARGE: Final = {"alexnet", "vgg16", "vit_b_16"}
"""Those whose gradients in float64 take a minute and 8 GB: `archspec verify` compares them."""


@pytest.fixture(scope="module", params=NETWORKS)
def network(request: pytest.FixtureRequest) -> Network:
    return referenced(request.param, NETWORKS[request.param])


def runs(module: nn.Module, side: int, device: str = "cpu") -> bool:
    """Whether it takes images of a side; on the meta device, where nothing is computed, in a moment."""
    weights = {key: value.to(device) for key, value in module.state_dict().items()}
    try:
        with torch.no_grad():
            functional_call(module, weights, torch.zeros(2, 3, side, side, device=device))
    except RuntimeError:
        return False
    return True


def test_it_has_the_keys_of_torchvision(network: Network) -> None:
    assert set(emit(network.graph, device="meta").state_dict()) == set(network.reference.state_dict())


@torch.no_grad()
def test_it_computes_what_torchvision_does_and_drops_the_same(network: Network) -> None:
    module = network.module()
    image = torch.randn(2, 3, network.side, network.side)
    for training in (False, True):
        torch.manual_seed(0)
        wanted = network.reference.train(training)(image)
        torch.manual_seed(0)
        given = module.train(training)(image)
        assert wanted.std() > 0
        torch.testing.assert_close(given, wanted, rtol=0, atol=1e-5 * float(wanted.abs().max()))


@pytest.mark.parametrize("network", [name for name in NETWORKS if name not in LARGE], indirect=True)
def test_it_learns_what_torchvision_does(network: Network) -> None:
    found = verify(network.graph, network.reference, sizes={"H": network.side, "W": network.side})
    assert found.differs == ()
    assert found.paired_by == "key"
    assert {one.kind for one in found.comparisons} >= {"output", "gradient"}


def test_it_costs_what_torchvision_counts(network: Network) -> None:
    total = cost(network.graph).total
    assert isinstance(total.macs, int)
    assert total.parameters == network.published["num_params"]
    assert round(total.macs / 1e9, 3) == network.published["_ops"]


def test_its_weights_start_as_those_of_torchvision(network: Network) -> None:
    torch.manual_seed(0)
    ours = drawn(emit(network.graph))
    assert ours.keys() == network.started.keys()
    for key, theirs in network.started.items():
        if theirs.least == theirs.greatest:
            assert ours[key] == theirs, key
            continue
        assert ours[key].deviation == pytest.approx(theirs.deviation, rel=4 / theirs.count**0.5), key
        if theirs.count > 10_000:  # the greatest of so many tells a normal distribution from a uniform one
            assert ours[key].greatest == pytest.approx(theirs.greatest, rel=0.35), key


@pytest.mark.parametrize("network", [name for name in NETWORKS if name not in TRANSFORMERS], indirect=True)
def test_it_takes_the_sizes_that_are_said_to_fit_and_no_others(network: Network) -> None:
    (sizes,) = input_sizes(network.graph)["eval"]
    least = network.published["min_size"][0]
    assert (str(sizes), sizes.maximum) == (f"H and W {least} and up", None)
    reference = network.reference.eval()
    tried = [*range(1, least + 3), 97]
    assert [side for side in tried if runs(reference, side, "meta")] == [side for side in tried if side >= least]
    assert [runs(reference, side) for side in (least - 1, least) if side] == [False, True][least == 1 :]


def test_googlenet_takes_images_from_15_pixels() -> None:
    (sizes,) = input_sizes(load_graph(ROOT / "specs/googlenet.yaml"))["eval"]
    with torch.device("meta"):
        reference = models.googlenet(weights=None, init_weights=False, aux_logits=False).eval()
    assert sizes.fitting is not None
    tried = range(1, 40)
    assert [side for side in tried if runs(reference, side, "meta")] == list(range(15, 40))
    assert [side for side in tried if side in sizes.fitting] == list(range(15, 40))


def test_without_its_adaptive_pool_alexnet_takes_a_few_sizes_only(tmp_path: Path) -> None:
    shutil.copy(ROOT / "specs/alexnet.yaml", tmp_path)
    text = "archspec: 1\nname: fixed\nextends: alexnet.yaml\nlayers: {avgpool: null}\n"
    (tmp_path / "fixed.yaml").write_text(text, encoding="utf-8")
    (sizes,) = input_sizes(load_graph(tmp_path / "fixed.yaml"))["eval"]
    with torch.device("meta"):
        reference = models.AlexNet().eval()
    reference.avgpool = nn.Identity()
    fitting = [side for side in range(1, 400) if runs(reference, side, "meta")]
    assert (sizes.minimum, sizes.maximum, len(fitting)) == (fitting[0], fitting[-1], 32) == (223, 254, 32)


def test_the_published_file_of_densenet_has_other_names() -> None:
    torch.manual_seed(0)
    model, reference = compile_spec(ROOT / "specs/densenet121.yaml"), models.densenet121(weights=None)
    file = {
        re.sub(r"(denselayer\d+\.(?:norm|conv))(\d)", r"\1.\2", key): value
        for key, value in reference.state_dict().items()
        if not key.endswith("num_batches_tracked")
    }
    assert "features.denseblock4.denselayer16.norm.2.running_var" in file
    report = load_weights(model, file, map="torchvision")
    assert report.fits
    assert all(torch.equal(value, model.state_dict()[key]) for key, value in reference.state_dict().items())
