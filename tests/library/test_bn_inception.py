"""BN-Inception: the table as it is printed and as Caffe users know it, and as TensorFlow has it."""

from __future__ import annotations

from functools import cache
from math import prod

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from archspec.analysis.cost import cost
from archspec.compiler import compile_spec, load_graph
from archspec.ir.graph import Graph
from archspec.render.table import rows, size_text
from archspec.tools.verify.weights import redraw
from tests.doc_blocks import ROOT

WIDTHS = {
    "inception3a": (64, 64, 64, 64, 96, 32),
    "inception3b": (64, 64, 96, 64, 96, 64),
    "inception3c": (0, 128, 160, 64, 96, 0),
    "inception4a": (224, 64, 96, 96, 128, 128),
    "inception4b": (192, 96, 128, 96, 128, 128),
    "inception4c": (160, 128, 160, 128, 160, 128),
    "inception4d": (96, 128, 192, 160, 192, 128),
    "inception4e": (0, 128, 192, 192, 256, 0),
    "inception5a": (352, 192, 320, 160, 224, 128),
    "inception5b": (352, 192, 320, 192, 224, 128),
}
"""Figure 5: #1x1, #3x3 reduce, #3x3, double #3x3 reduce, double #3x3, and what the pool is projected to."""

GIVES = {
    "bn_inception": ("28x28x256", "28x28x320", "14x14x576", "14x14x576", "14x14x576", "14x14x608", "14x14x608",
                     "7x7x1056", "7x7x1024", "7x7x1024"),
    "bn_inception_tf": ("28x28x256", "28x28x320", "14x14x576", "14x14x576", "14x14x576", "14x14x576", "14x14x576",
                        "7x7x1024", "7x7x1024", "7x7x1024"),
}  # fmt: skip
STEM = {"bn_inception": 7 * 7 * 3 * 64, "bn_inception_tf": 7 * 7 * 24 + 24 * 64}
"""The weights of the first convolution, plain or separable; it is the only one at 112x112."""


@cache
def graph_of(name: str) -> Graph:
    return load_graph(ROOT / f"specs/{name}.yaml")


@cache
def module_of(name: str) -> nn.Module:
    module = compile_spec(ROOT / f"specs/{name}.yaml")
    redraw(module)
    return module.double().eval()


def costs_of_the_figure(projected: int) -> dict[str, tuple[int, int]]:
    """The convolution weights and multiply-accumulates of each module, with what 4c and 4d project their pools to."""
    given, side, found = 192, 28, {}
    for name, (a, br, b, dr, d, proj) in WIDTHS.items():
        proj = projected if name in ("inception4c", "inception4d") else proj
        reduced, half = given * (br + dr) + 9 * dr * d, 9 * (br * b + d * d)
        after = side if proj else side // 2
        found[name] = (
            given * (a + proj) + reduced + half,
            (given * (a + proj) + reduced) * side * side + half * after * after,
        )
        given, side = a + b + d + (proj or given), after
    return found


@pytest.mark.parametrize(("name", "projected"), [("bn_inception", 128), ("bn_inception_tf", 96)])
def test_every_module_gives_and_costs_what_its_widths_say(name: str, projected: int) -> None:
    graph = graph_of(name)
    counts = cost(graph)
    gives = {row.path: size_text(row.outputs) for row in rows(graph)}
    assert tuple(gives[path] for path in WIDTHS) == GIVES[name]
    expected = costs_of_the_figure(projected)
    for path, (weights, macs) in expected.items():
        convolutions = (node for node in graph if node.path.startswith(f"{path}.") and node.path.endswith("conv"))
        assert sum(prod(node.weights["weight"].shape) for node in convolutions) == weights
        assert counts.scopes[path].macs == macs
    depthwise = 7 * 7 * 24 * 112**2 + 24 * 64 * 112**2 if name == "bn_inception_tf" else 7 * 7 * 3 * 64 * 112**2
    stem = depthwise + (64 * 64 + 9 * 64 * 192) * 56**2
    assert counts.total.macs == stem + sum(macs for _, macs in expected.values()) + 1024 * 1000


@pytest.mark.parametrize(
    ("name", "parameters", "macs"),
    [("bn_inception", 11_295_240, 2_032_600_064), ("bn_inception_tf", 11_188_224, 1_934_857_216)],
)
def test_the_whole_costs_what_it_does(name: str, parameters: int, macs: int) -> None:
    total = cost(graph_of(name)).total
    assert (total.parameters, total.macs) == (parameters, macs)


def test_the_figure_counts_biases_and_batch_norm_twice_over() -> None:
    sizes = {key: value.numel() for key, value in module_of("bn_inception").named_parameters()}
    by_end = {end: sum(size for key, size in sizes.items() if key.endswith(end)) for end in ("conv.bias", "bn.bias")}
    assert by_end == {"conv.bias": 10_016, "bn.bias": 10_016}
    assert sum(size for key, size in sizes.items() if key.endswith("conv.weight")) == 10_240_192


def test_it_has_the_parameters_that_tensorflow_counts() -> None:
    """Without a scale in batch norm, which the original has not, but with its statistics; without the classifier."""
    counted = ("depthwise.weight", "pointwise.weight", "conv.weight", "bn.bias", "bn.running_mean", "bn.running_var")
    sizes = {key: value.numel() for key, value in module_of("bn_inception_tf").state_dict().items()}
    weights = sum(size for key, size in sizes.items() if key.endswith(counted[:3]))
    shifts = sum(size for key, size in sizes.items() if key.endswith("bn.bias"))
    bias = sizes["conv1.pointwise.bias"]
    assert (weights, bias, shifts) == (10_143_384, 64, 9_888)
    assert sum(size for key, size in sizes.items() if key.endswith(counted)) + bias == 10_173_112


def test_only_the_first_convolution_of_tensorflow_has_a_bias_and_no_batch_norm() -> None:
    keys = list(module_of("bn_inception_tf").state_dict())
    assert [key for key in keys if key.startswith("conv1")] == [
        "conv1.depthwise.weight", "conv1.pointwise.weight", "conv1.pointwise.bias",
    ]  # fmt: skip
    assert not any(key.endswith("conv.bias") for key in keys)


class ByHand:
    """The modules by hand, with the weights of ours."""

    def __init__(self, name: str) -> None:
        self.weights = module_of(name).state_dict()
        self.caffe = name == "bn_inception"

    def unit(self, x: torch.Tensor, path: str, stride: int = 1) -> torch.Tensor:
        weight, bn = self.weights[f"{path}.conv.weight"], f"{path}.bn."
        pad = weight.shape[-1] // 2
        begin = pad if self.caffe or stride == 1 else pad - 1  # "SAME": of one zero, it is the end that gets it
        x = F.pad(x, (begin, pad, begin, pad))
        x = F.conv2d(x, weight, self.weights.get(f"{path}.conv.bias"), stride)
        mean, variance = self.weights[f"{bn}running_mean"], self.weights[f"{bn}running_var"]
        scale, shift = self.weights[f"{bn}weight"], self.weights[f"{bn}bias"]
        return F.batch_norm(x, mean, variance, scale, shift, eps=1e-5 if self.caffe else 1e-3).relu()

    def inception(self, x: torch.Tensor, path: str, pool: str) -> torch.Tensor:
        if pool == "avg":
            pooled = F.avg_pool2d(x, 3, 1, 1, ceil_mode=True, count_include_pad=self.caffe)
        else:
            pooled = F.max_pool2d(x, 3, 1, 1)
        b3x3 = self.unit(self.unit(x, f"{path}.b3x3.0"), f"{path}.b3x3.1")
        double = self.unit(self.unit(self.unit(x, f"{path}.b3x3dbl.0"), f"{path}.b3x3dbl.1"), f"{path}.b3x3dbl.2")
        return torch.cat([self.unit(x, f"{path}.b1x1"), b3x3, double, self.unit(pooled, f"{path}.pool.1")], 1)

    def reduction(self, x: torch.Tensor, path: str) -> torch.Tensor:
        b3x3 = self.unit(self.unit(x, f"{path}.b3x3.0"), f"{path}.b3x3.1", 2)
        double = self.unit(self.unit(self.unit(x, f"{path}.b3x3dbl.0"), f"{path}.b3x3dbl.1"), f"{path}.b3x3dbl.2", 2)
        # Rounded up from an even side, the last window hangs over the end: where "SAME" pads, too.
        return torch.cat([b3x3, double, F.max_pool2d(x, 3, 2, ceil_mode=True)], 1)

    def stem(self, image: torch.Tensor) -> torch.Tensor:
        if self.caffe:
            x = self.unit(image, "conv1", 2)
        else:
            x = F.conv2d(F.pad(image, (2, 3, 2, 3)), self.weights["conv1.depthwise.weight"], stride=2, groups=3)
            x = F.conv2d(x, self.weights["conv1.pointwise.weight"], self.weights["conv1.pointwise.bias"]).relu()
        x = self.unit(self.unit(F.max_pool2d(x, 3, 2, ceil_mode=True), "conv2"), "conv3")
        return F.max_pool2d(x, 3, 2, ceil_mode=True)

    def __call__(self, image: torch.Tensor) -> torch.Tensor:
        x = self.stem(image)
        for path, widths in WIDTHS.items():
            pool = "max" if path == "inception5b" else "avg"
            x = self.inception(x, path, pool) if widths[0] else self.reduction(x, path)
        return F.linear(x.mean((2, 3)), self.weights["fc.weight"], self.weights["fc.bias"])


@pytest.mark.parametrize("name", GIVES)
@torch.no_grad()
def test_it_computes_what_is_written_by_hand(name: str) -> None:
    image = torch.randn(1, 3, 96, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(module_of(name)(image), ByHand(name)(image), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", GIVES)
@torch.no_grad()
def test_the_zeros_around_a_grid_count_in_caffe_only(name: str) -> None:
    grid = torch.rand(1, 192, 28, 28, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    hand, ours = ByHand(name), module_of(name).get_submodule("inception3a.pool")(grid)
    for counted in (True, False):
        pooled = F.avg_pool2d(grid, 3, 1, 1, count_include_pad=counted)
        assert torch.allclose(ours, hand.unit(pooled, "inception3a.pool.1")) is (counted is hand.caffe)


def test_weights_start_as_in_tensorflow() -> None:
    """Reductions and projections from a normal of their own, cut at 2 deviations; all others by the fan in."""
    torch.manual_seed(0)
    started = {
        key: (float(weight.detach().std()), float(weight.detach().abs().max()))
        for key, weight in compile_spec(ROOT / "specs/bn_inception_tf.yaml").named_parameters()
        if weight.dim() > 1
    }
    within_two = 0.8796
    for path, deviation in [
        ("conv1.depthwise", 1.0), ("conv1.pointwise", 1.0), ("conv2.conv", 0.1), ("inception4b.b3x3.0.conv", 0.09),
        ("inception4b.b3x3dbl.0.conv", 0.09), ("inception4e.b3x3.0.conv", 0.09), ("inception4b.pool.1.conv", 0.1),
    ]:  # fmt: skip
        std, furthest = started[f"{path}.weight"]
        assert std == pytest.approx(within_two * deviation, rel=0.05), path
        assert furthest <= 2 * deviation
    for path, fan_in in [("conv3.conv", 9 * 64), ("inception4b.b1x1.conv", 576), ("inception4b.b3x3.1.conv", 9 * 96)]:
        assert started[f"{path}.weight"][0] == pytest.approx((2 / fan_in) ** 0.5, rel=0.03), path
