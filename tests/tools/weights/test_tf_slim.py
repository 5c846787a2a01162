"""TF-Slim's names, as its networks are laid out, onto ours: one to one, and every tensor the right way round.

The tables below are the variable scopes of TF-Slim (google-research/tf-slim and tensorflow/models, research/slim), with
the filters of each convolution. Kernels are what the end of a scope says, but for those that are named wrongly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

import archspec
from tests.doc_blocks import ROOT

Shapes = dict[str, tuple[int, ...]]
Conv = tuple[str, int]
Branch = list[Conv | tuple[Conv, ...]]
"""Convolutions in a row; a tuple of them reads one input and is joined."""

NAMED_WRONGLY = {
    "InceptionV3/Mixed_6a/Branch_0/Conv2d_1a_1x1": (3, 3),
    "InceptionV3/Mixed_6a/Branch_1/Conv2d_1a_1x1": (3, 3),
    "InceptionV4/AuxLogits/Conv2d_2a": (5, 5),
}


def conv(scope: str, inputs: int, outputs: int, *, norm: bool = True) -> Shapes:
    """The variables of one convolution: kernels are height, width, inputs, outputs; batch norm has no scale."""
    found = re.search(r"_(\d)x(\d)$", scope)
    height, width = NAMED_WRONGLY.get(scope) or ((int(found[1]), int(found[2])) if found else (0, 0))
    assert height, scope
    kernel: Shapes = {f"{scope}/weights": (height, width, inputs, outputs)}
    if not norm:
        return kernel | {f"{scope}/biases": (outputs,)}
    return kernel | {f"{scope}/BatchNorm/{name}": (outputs,) for name in ("beta", "moving_mean", "moving_variance")}


def linear(scope: str, inputs: int, outputs: int) -> Shapes:
    return {f"{scope}/weights": (inputs, outputs), f"{scope}/biases": (outputs,)}


def branches(scope: str, inputs: int, given: dict[int, Branch], pooled: int = 0) -> tuple[Shapes, int]:
    """The variables of a module's branches, and the channels of what they give; `pooled` of a pool by itself."""
    variables: Shapes = {}
    total = pooled
    for number, branch in given.items():
        channels = inputs
        for step in branch:
            parallel = step if isinstance(step[0], tuple) else (step,)
            for name, outputs in parallel:
                variables |= conv(f"{scope}/Branch_{number}/{name}", channels, outputs)
            channels = sum(outputs for _, outputs in parallel)
        total += channels
    return variables, total


def row(*filters: int, kernels: str, first: str = "a") -> Branch:
    """`Conv2d_0a_1x1`, `Conv2d_0b_3x3`, ..."""
    letters = "abcdefg"["abcdefg".index(first) :]
    return [
        (f"Conv2d_0{letter}_{kernel}", n) for letter, kernel, n in zip(letters, kernels.split(), filters, strict=False)
    ]


def inception_v1() -> Shapes:
    net = "InceptionV1"
    variables = conv(f"{net}/Conv2d_1a_7x7", 3, 64) | conv(f"{net}/Conv2d_2b_1x1", 64, 64)
    variables |= conv(f"{net}/Conv2d_2c_3x3", 64, 192)
    channels = 192
    for name, one, reduce3, three, reduce5, five, pool in (
        ("3b", 64, 96, 128, 16, 32, 32), ("3c", 128, 128, 192, 32, 96, 64), ("4b", 192, 96, 208, 16, 48, 64),
        ("4c", 160, 112, 224, 24, 64, 64), ("4d", 128, 128, 256, 24, 64, 64), ("4e", 112, 144, 288, 32, 64, 64),
        ("4f", 256, 160, 320, 32, 128, 128), ("5b", 256, 160, 320, 32, 128, 128), ("5c", 384, 192, 384, 48, 128, 128),
    ):  # fmt: skip
        second = row(reduce5, five, kernels="1x1 3x3")
        if name == "5b":
            second = [second[0], ("Conv2d_0a_3x3", five)]
        given = {0: row(one, kernels="1x1"), 1: row(reduce3, three, kernels="1x1 3x3"), 2: second}
        found, channels = branches(f"{net}/Mixed_{name}", channels, {**given, 3: row(pool, kernels="1x1", first="b")})
        variables |= found
    return variables | conv(f"{net}/Logits/Conv2d_0c_1x1", channels, 1001, norm=False)


def inception_v3() -> Shapes:
    net = "InceptionV3"
    variables, channels = stem_of_v3(net)

    def add(name: str, given: dict[int, Branch], pooled: int = 0) -> None:
        nonlocal channels
        found, channels = branches(f"{net}/{name}", channels, given, pooled)
        variables.update(found)

    for letter, pool in zip("bcd", (32, 64, 64), strict=True):
        five: Branch = row(48, 64, kernels="1x1 5x5")
        if letter == "c":
            five = [("Conv2d_0b_1x1", 48), ("Conv_1_0c_5x5", 64)]
        double = row(64, 96, 96, kernels="1x1 3x3 3x3")
        add(f"Mixed_5{letter}", {0: row(64, kernels="1x1"), 1: five, 2: double, 3: row(pool, kernels="1x1", first="b")})
    add(
        "Mixed_6a", {0: [("Conv2d_1a_1x1", 384)], 1: [*row(64, 96, kernels="1x1 3x3"), ("Conv2d_1a_1x1", 96)]}, channels
    )
    for letter, c7 in zip("bcde", (128, 160, 160, 192), strict=True):
        seven = row(c7, c7, 192, kernels="1x1 1x7 7x1")
        double = row(c7, c7, c7, c7, 192, kernels="1x1 7x1 1x7 7x1 1x7")
        add(
            f"Mixed_6{letter}", {0: row(192, kernels="1x1"), 1: seven, 2: double, 3: row(192, kernels="1x1", first="b")}
        )
    variables.update(conv(f"{net}/AuxLogits/Conv2d_1b_1x1", channels, 128))
    variables.update(conv(f"{net}/AuxLogits/Conv2d_2a_5x5", 128, 768))
    variables.update(conv(f"{net}/AuxLogits/Conv2d_2b_1x1", 768, 1001, norm=False))
    seven = [*row(192, 192, 192, kernels="1x1 1x7 7x1"), ("Conv2d_1a_3x3", 192)]
    add("Mixed_7a", {0: [*row(192, kernels="1x1"), ("Conv2d_1a_3x3", 320)], 1: seven}, channels)
    for letter, upright in (("b", "Conv2d_0b_3x1"), ("c", "Conv2d_0c_3x1")):
        split: Branch = [("Conv2d_0a_1x1", 384), (("Conv2d_0b_1x3", 384), (upright, 384))]
        double = [*row(448, 384, kernels="1x1 3x3"), (("Conv2d_0c_1x3", 384), ("Conv2d_0d_3x1", 384))]
        add(
            f"Mixed_7{letter}", {0: row(320, kernels="1x1"), 1: split, 2: double, 3: row(192, kernels="1x1", first="b")}
        )
    return variables | conv(f"{net}/Logits/Conv2d_1c_1x1", channels, 1001, norm=False)


def stem_of_v3(net: str) -> tuple[Shapes, int]:
    """What Inception v3 and Inception-ResNet-v2 begin with."""
    variables: Shapes = {}
    channels = 3
    for name, outputs in (("1a_3x3", 32), ("2a_3x3", 32), ("2b_3x3", 64), ("3b_1x1", 80), ("4a_3x3", 192)):
        variables |= conv(f"{net}/Conv2d_{name}", channels, outputs)
        channels = outputs
    return variables, channels


def inception_v4() -> Shapes:
    net = "InceptionV4"
    variables: Shapes = conv(f"{net}/Conv2d_1a_3x3", 3, 32) | conv(f"{net}/Conv2d_2a_3x3", 32, 32)
    variables |= conv(f"{net}/Conv2d_2b_3x3", 32, 64)
    channels = 64

    def add(name: str, given: dict[int, Branch], pooled: int = 0) -> None:
        nonlocal channels
        found, channels = branches(f"{net}/{name}", channels, given, pooled)
        variables.update(found)

    pool_and_1x1 = {"first": "b", "kernels": "1x1"}
    add("Mixed_3a", {1: [("Conv2d_0a_3x3", 96)]}, 64)
    long: Branch = [*row(64, 64, 64, kernels="1x1 1x7 7x1"), ("Conv2d_1a_3x3", 96)]
    add("Mixed_4a", {0: [*row(64, kernels="1x1"), ("Conv2d_1a_3x3", 96)], 1: long})
    add("Mixed_5a", {0: [("Conv2d_1a_3x3", 192)]}, 192)
    for letter in "bcde":
        double = row(64, 96, 96, kernels="1x1 3x3 3x3")
        given = {0: row(96, kernels="1x1"), 1: row(64, 96, kernels="1x1 3x3"), 2: double}
        add(f"Mixed_5{letter}", {**given, 3: row(96, **pool_and_1x1)})
    reduced: Branch = [*row(192, 224, kernels="1x1 3x3"), ("Conv2d_1a_3x3", 256)]
    add("Mixed_6a", {0: [("Conv2d_1a_3x3", 384)], 1: reduced}, channels)
    for letter in "bcdefgh":
        double = row(192, 192, 224, 224, 256, kernels="1x1 7x1 1x7 7x1 1x7")
        given = {0: row(384, kernels="1x1"), 1: row(192, 224, 256, kernels="1x1 1x7 7x1"), 2: double}
        add(f"Mixed_6{letter}", {**given, 3: row(128, **pool_and_1x1)})
    variables.update(conv(f"{net}/AuxLogits/Conv2d_1b_1x1", channels, 128))
    variables.update(conv(f"{net}/AuxLogits/Conv2d_2a", 128, 768))
    variables.update(linear(f"{net}/AuxLogits/Aux_logits", 768, 1001))
    reduced = [*row(256, 256, 320, kernels="1x1 1x7 7x1"), ("Conv2d_1a_3x3", 320)]
    add("Mixed_7a", {0: [*row(192, kernels="1x1"), ("Conv2d_1a_3x3", 192)], 1: reduced}, channels)
    for letter in "bcd":
        split: Branch = [("Conv2d_0a_1x1", 384), (("Conv2d_0b_1x3", 256), ("Conv2d_0c_3x1", 256))]
        double = [*row(384, 448, 512, kernels="1x1 3x1 1x3"), (("Conv2d_0d_1x3", 256), ("Conv2d_0e_3x1", 256))]
        given = {0: row(256, kernels="1x1"), 1: split, 2: double}
        add(f"Mixed_7{letter}", {**given, 3: row(256, **pool_and_1x1)})
    return variables | linear(f"{net}/Logits/Logits", channels, 1001)


def inception_resnet_v2() -> Shapes:
    net = "InceptionResnetV2"
    variables, channels = stem_of_v3(net)

    def add(name: str, given: dict[int, Branch], pooled: int = 0) -> None:
        nonlocal channels
        found, channels = branches(f"{net}/{name}", channels, given, pooled)
        variables.update(found)

    def residual(name: str, given: dict[int, Branch]) -> None:
        found, joined = branches(f"{net}/{name}", channels, given)
        variables.update(found | conv(f"{net}/{name}/Conv2d_1x1", joined, channels, norm=False))

    five, double = row(48, 64, kernels="1x1 5x5"), row(64, 96, 96, kernels="1x1 3x3 3x3")
    add("Mixed_5b", {0: [("Conv2d_1x1", 96)], 1: five, 2: double, 3: row(64, kernels="1x1", first="b")})
    for turn in range(1, 11):
        double = row(32, 48, 64, kernels="1x1 3x3 3x3")
        residual(f"Repeat/block35_{turn}", {0: [("Conv2d_1x1", 32)], 1: row(32, 32, kernels="1x1 3x3"), 2: double})
    reduced: Branch = [*row(256, 256, kernels="1x1 3x3"), ("Conv2d_1a_3x3", 384)]
    add("Mixed_6a", {0: [("Conv2d_1a_3x3", 384)], 1: reduced}, channels)
    for turn in range(1, 21):
        long = row(128, 160, 192, kernels="1x1 1x7 7x1")
        residual(f"Repeat_1/block17_{turn}", {0: [("Conv2d_1x1", 192)], 1: long})
    variables.update(conv(f"{net}/AuxLogits/Conv2d_1b_1x1", channels, 128))
    variables.update(conv(f"{net}/AuxLogits/Conv2d_2a_5x5", 128, 768))
    variables.update(linear(f"{net}/AuxLogits/Logits", 768, 1001))
    reductions: dict[int, Branch] = {
        0: [("Conv2d_0a_1x1", 256), ("Conv2d_1a_3x3", 384)],
        1: [("Conv2d_0a_1x1", 256), ("Conv2d_1a_3x3", 288)],
        2: [*row(256, 288, kernels="1x1 3x3"), ("Conv2d_1a_3x3", 320)],
    }
    add("Mixed_7a", reductions, channels)
    for name in [*(f"Repeat_2/block8_{turn}" for turn in range(1, 10)), "Block8"]:
        residual(name, {0: [("Conv2d_1x1", 192)], 1: row(192, 224, 256, kernels="1x1 1x3 3x1")})
    variables.update(conv(f"{net}/Conv2d_7b_1x1", channels, 1536))
    return variables | linear(f"{net}/Logits/Logits", 1536, 1001)


NETWORKS = {
    "googlenet": inception_v1,
    "inception_v3": inception_v3,
    "inception_v4": inception_v4,
    "inception_resnet_v2": inception_resnet_v2,
}
AUXILIARY = {"inception_v3": True, "inception_v4": True, "inception_resnet_v2": True, "googlenet": False}
"""Whether the checkpoint has the auxiliary head; TF-Slim's Inception v1 has none."""
NUMBERS = {
    "googlenet": 5_607_184,
    "inception_v3": 21_802_784,
    "inception_v4": 41_174_400,
    "inception_resnet_v2": 54_336_736,
}
"""In the variables before the classifier: the first two are what TF-Slim's own tests say."""


@pytest.fixture(scope="module", params=NETWORKS)
def checkpoint(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """A network and what a checkpoint of it has: every number another, so that none can stand for another."""
    name: str = request.param
    arrays: dict[str, Any] = {}
    for index, (variable, shape) in enumerate(NETWORKS[name]().items()):
        arrays[variable] = (np.arange(np.prod(shape), dtype=np.float32) + index).reshape(shape)
    return name, {**arrays, "global_step": np.int64(1)}


def compiled(name: str, *, auxiliary: bool, **options: Any) -> torch.nn.Module:
    spec = ROOT / "specs" / f"{name}.yaml"
    return archspec.compile_spec(spec, {"auxiliary": auxiliary}, device="meta", **options)


def test_the_tables_have_as_many_numbers_as_tf_slim_counts(checkpoint: tuple[str, dict[str, Any]]) -> None:
    name, arrays = checkpoint
    base = [array.size for variable, array in arrays.items() if "Logits" not in variable and variable != "global_step"]
    assert sum(base) == NUMBERS[name]


def test_every_variable_is_a_key_and_every_key_a_variable(checkpoint: tuple[str, dict[str, Any]]) -> None:
    name, arrays = checkpoint
    module = compiled(name, auxiliary=AUXILIARY[name])
    report = archspec.load_weights(module, arrays, map="tf_slim")
    assert report.ignored == ("global_step",)
    assert set(report.matched.values()) == set(arrays) - {"global_step"}
    assert {key.rpartition(".")[2] for key in report.filled} == {"weight", "num_batches_tracked"}
    assert len(report.matched) + len(report.filled) == len(module.state_dict())
    assert len(report.trimmed) == 2 * len(list(_classifiers(arrays)))
    state = module.state_dict()
    for key, variable in report.matched.items():
        assert torch.equal(state[key], _turned(variable, torch.from_numpy(arrays[variable]))), key


def test_convolutions_come_in_the_order_of_tf_slim(checkpoint: tuple[str, dict[str, Any]]) -> None:
    name, arrays = checkpoint
    module = compiled(name, auxiliary=False)
    report = archspec.load_weights(module, arrays, map="tf_slim")
    ours = [report.matched[key] for key in module.state_dict() if report.matched.get(key, "").endswith("/weights")]
    assert ours == [variable for variable in arrays if variable.endswith("/weights") and "/AuxLogits/" not in variable]


def _classifiers(arrays: dict[str, Any]) -> Iterator[str]:
    return (variable for variable, array in arrays.items() if variable.endswith("/biases") and array.shape == (1001,))


def _turned(variable: str, tensor: torch.Tensor) -> torch.Tensor:
    """A variable as torch has it, made by hand."""
    if variable.endswith("/weights"):
        tensor = torch.einsum("hwio->oihw" if tensor.dim() == 4 else "io->oi", tensor)
    if len(tensor) == 1001:
        tensor = tensor[1:].flatten(1) if tensor.dim() == 4 else tensor[1:]
    return tensor


def test_without_the_auxiliary_head_its_variables_are_set_aside(checkpoint: tuple[str, dict[str, Any]]) -> None:
    name, arrays = checkpoint
    side = {variable for variable in arrays if "/AuxLogits/" in variable}
    dropped = archspec.load_weights(compiled(name, auxiliary=True, outputs=["logits"]), arrays, map="tf_slim")
    assert set(dropped.left_out) == side
    never_there = archspec.load_weights(compiled(name, auxiliary=False), arrays, map="tf_slim")
    assert set(never_there.ignored) == side | {"global_step"}


def test_a_convolution_gives_what_tensorflow_defines() -> None:
    name = "InceptionV3/Mixed_6b/Branch_1/Conv2d_0b_1x7"
    generator = np.random.default_rng(0)
    arrays = {variable: generator.normal(size=shape).astype(np.float32) for variable, shape in inception_v3().items()}
    module = compiled("inception_v3", auxiliary=True)
    archspec.load_weights(module, arrays, map="tf_slim")
    image = generator.normal(size=(2, 5, 9, 128)).astype(np.float32)  # batch, height, width, channels
    padded = np.pad(image, ((0, 0), (0, 0), (3, 3), (0, 0)))
    windows = np.stack([padded[:, :, place : place + 9] for place in range(7)], axis=3)
    expected = np.einsum("nhwki,kio->nhwo", windows, arrays[f"{name}/weights"][0])
    convolution = module.get_submodule("Mixed_6b.branch7x7_2.conv")
    with torch.no_grad():
        given = convolution(torch.from_numpy(image.transpose(0, 3, 1, 2)))
    np.testing.assert_allclose(given.numpy().transpose(0, 2, 3, 1), expected, rtol=1e-4, atol=1e-3)
