"""The Inception-ResNets: the published counts and widths, and the numbers of timm and facenet-pytorch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import torch
from torch import nn

from archspec.analysis.cost import cost
from archspec.backends.torch_fx import emit
from archspec.compiler import load_graph
from archspec.ir.graph import Graph, Node
from archspec.render.table import rows
from archspec.tools.verify import verify
from archspec.tools.verify.reference import load_reference
from tests.doc_blocks import ROOT
from tests.specs import keys

SMALL = {"N": 2, "H": 139, "W": 107}
"""The least that leaves batch norm more than a handful of values on the last grid, and sides that are not equal."""
NAMES = ("inception_resnet_v1", "inception_resnet_v1_face", "inception_resnet_v2", "inception_resnet_v2_paper")
CLASSES = {"classify": True, "classes": 40}


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """Several threads of several workers wait for each other longer than they compute."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@cache
def graph_of(name: str, **params: Any) -> Graph:
    return load_graph(ROOT / f"specs/{name}.yaml", params)


@cache
def timm() -> nn.Module:
    return load_reference("timm:inception_resnet_v2", {"drop_rate": 0.2})


@cache
def facenet(**arguments: Any) -> nn.Module:
    return load_reference("facenet_pytorch:InceptionResnetV1", arguments)


class PaperV1(nn.Module):
    """The paper's Inception-ResNet-v1, of the modules of facenet-pytorch."""

    def __init__(self) -> None:
        super().__init__()
        for name, module in facenet().named_children():
            if name not in ("block8", "dropout", "last_linear", "last_bn"):
                self.add_module(name, module)
        self.dropout = nn.Dropout(0.2)
        self.classif = nn.Linear(1792, 1000)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        for name, module in self.named_children():
            image = module(image.flatten(1) if name == "dropout" else image)
        return image


def of_op(graph: Graph, *names: str) -> list[Node]:
    return [node for node in graph.operations() if node.resolved.name in names]


# Counts -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "params", "parameters", "macs"),
    [
        ("inception_resnet_v1", {}, 22_756_328, 6_206_361_696),
        ("inception_resnet_v1_face", {}, 23_482_624, 1_417_662_304),
        ("inception_resnet_v1_face", {"classify": True, "classes": 8631}, 23_482_624 + 8631 * 513, 1_422_081_376),
        ("inception_resnet_v2", {}, 55_843_464, 13_155_794_016),
        ("inception_resnet_v2", {"auxiliary": True}, 55_843_464 + 3_367_656, 13_155_794_016),
        ("inception_resnet_v2_paper", {}, 32_433_928, 9_257_953_632),
        ("inception_resnet_v2_paper", {"a": 10, "b": 20, "c": 10}, 55_284_488, 14_142_011_232),
    ],
)
def test_the_whole_has_the_published_count(name: str, params: dict[str, Any], parameters: int, macs: int) -> None:
    total = cost(graph_of(name, **params)).total
    assert (total.parameters, total.macs) == (parameters, macs)


def test_the_auxiliary_classifier_costs_in_training_alone() -> None:
    total = cost(graph_of("inception_resnet_v2", auxiliary=True)).total
    assert total.training_macs == 13_155_794_016 + 6_707_200


STEM_OF_V3 = {
    "conv2d_1a": ("32x149x149", 928, 19_181_664),
    "conv2d_2a": ("32x147x147", 9_280, 199_148_544),
    "conv2d_2b": ("64x147x147", 18_560, 398_297_088),
    "maxpool_3a": ("64x73x73", 0, 0),
    "conv2d_3b": ("80x73x73", 5_280, 27_284_480),
    "conv2d_4a": ("192x71x71", 138_624, 696_867_840),
}
LAYERS = {
    "inception_resnet_v1": STEM_OF_V3
    | {
        "conv2d_4b": ("256x35x35", 442_880, 541_900_800),
        "repeat_1": ("256x35x35", 5 * 77_440, 5 * 94_080_000),
        "mixed_6a": ("896x17x17", 1_710_080, 850_169_856),
        "repeat_2": ("896x17x17", 10 * 690_048, 10 * 198_868_992),
        "mixed_7a": ("1792x8x8", 3_346_176, 501_448_704),
        "repeat_3": ("1792x8x8", 5 * 1_600_768, 5 * 102_236_160),
        "avgpool_1a": ("1792", 0, 0),
        "dropout": ("1792", 0, 0),
        "classif": ("1000", 1_793_000, 1_792_000),
    },
    "inception_resnet_v2": STEM_OF_V3
    | {
        "maxpool_5a": ("192x35x35", 0, 0),
        "mixed_5b": ("320x35x35", 268_320, 327_398_400),
        "repeat": ("320x35x35", 10 * 123_168, 10 * 149_900_800),
        "mixed_6a": ("1088x17x17", 2_664_960, 1_398_185_984),
        "repeat_1": ("1088x17x17", 20 * 1_126_784, 20 * 324_937_728),
        "mixed_7a": ("2080x8x8", 3_880_960, 585_424_896),
        "repeat_2": ("2080x8x8", 9 * 2_035_424, 9 * 130_023_424),
        "block8": ("2080x8x8", 2_035_424, 130_023_424),
        "conv2d_7b": ("1536x8x8", 3_197_952, 204_472_320),
        "global_pool": ("1536", 0, 0),
        "head_drop": ("1536", 0, 0),
        "classif": ("1000", 1_537_000, 1_536_000),
    },
    "inception_resnet_v2_paper": {
        "repeat": ("384x35x35", 5 * 137_568, 5 * 167_462_400),
        "mixed_6a": ("1152x17x17", 2_902_528, 1_482_178_560),
        "repeat_1": ("1152x17x17", 10 * 1_171_904, 10 * 337_958_912),
        "mixed_7a": ("2144x8x8", 3_930_112, 599_629_824),
        "repeat_2": ("2144x8x8", 5 * 2_088_736, 5 * 133_431_296),
        "global_pool": ("2144", 0, 0),
        "head_drop": ("2144", 0, 0),
        "classif": ("1000", 2_145_000, 2_144_000),
    },
}


@pytest.mark.parametrize("name", LAYERS)
def test_every_row_has_the_published_shape_and_count(name: str) -> None:
    found = {
        row.path: ("x".join(map(str, row.outputs[0].shape[1:])), row.counts.parameters, row.counts.macs)
        for row in rows(graph_of(name))
        if row.outputs[0] is not None
    }
    stem = [found.pop(row) for row in list(found) if row not in LAYERS[name]]
    assert found == LAYERS[name]
    if stem:  # that of Inception v4 is held to its own figure elsewhere
        assert (stem[-1][0], sum(one[1] for one in stem)) == ("384x35x35", 605_728)


# One structure ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("of_v1", "of_v2"),
    [
        pytest.param("repeat_1.0", "repeat.0", id="A"),
        pytest.param("repeat_2.0", "repeat_1.0", id="B"),
        pytest.param("repeat_3.0", "repeat_2.0", id="C"),
        pytest.param("mixed_6a", "mixed_6a", id="reduction A"),
        pytest.param("mixed_7a", "mixed_7a", id="reduction B"),
    ],
)
def test_both_networks_have_the_same_modules_with_other_numbers(of_v1: str, of_v2: str) -> None:
    def parts(name: str, scope: str) -> dict[str, tuple[str, dict[str, Any]]]:
        return {
            node.path.removeprefix(scope): (node.resolved.name, node.resolved.model_dump(exclude={"channels"}))
            for node in graph_of(name).operations()
            if node.path.startswith(f"{scope}.")
        }

    assert parts("inception_resnet_v1", of_v1) == parts("inception_resnet_v2", of_v2)
    assert parts("inception_resnet_v1", of_v1) == parts("inception_resnet_v1_face", of_v1)
    assert parts("inception_resnet_v2", of_v2) == parts("inception_resnet_v2_paper", of_v2)


@pytest.mark.parametrize(
    ("name", "repeats"),
    [
        ("inception_resnet_v1", {"repeat_1": "a", "repeat_2": "b", "repeat_3": "c"}),
        ("inception_resnet_v1_face", {"repeat_1": "a", "repeat_2": "b", "repeat_3": "c", "block8": "c"}),
        ("inception_resnet_v2", {"repeat": "a", "repeat_1": "b", "repeat_2": "c", "block8": "c"}),
        ("inception_resnet_v2_paper", {"repeat": "a", "repeat_1": "b", "repeat_2": "c"}),
    ],
)
def test_the_repeats_of_v2_are_named_one_less_than_those_of_v1(name: str, repeats: dict[str, str]) -> None:
    modules = {
        scope.path.partition(".")[0]: scope.block.rpartition("_")[2]
        for scope in graph_of(name).root.scopes()
        if scope.block and scope.block[:-1] == "inception_resnet_"
    }
    assert modules == repeats


# Residuals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "scales"),
    [
        ("inception_resnet_v1", {0.17: 5, 0.1: 10, 0.2: 5}),
        ("inception_resnet_v1_face", {0.17: 5, 0.1: 10, 0.2: 5, 1.0: 1}),
        ("inception_resnet_v2", {0.17: 10, 0.1: 20, 0.2: 9, 1.0: 1}),
        ("inception_resnet_v2_paper", {0.17: 5, 0.1: 10, 0.2: 5}),
    ],
)
def test_residuals_are_scaled_as_released(name: str, scales: dict[float, int]) -> None:
    assert Counter(node.resolved.model_dump()["factor"] for node in of_op(graph_of(name), "scale")) == scales


@pytest.mark.parametrize(
    ("name", "next_op"), [("inception_resnet_v1_face", "global_avg_pool"), ("inception_resnet_v2", "conv")]
)
def test_only_the_extra_last_module_has_no_relu(name: str, next_op: str) -> None:
    graph = graph_of(name)
    after = {node.path: [graph[user].resolved.name for user in graph.users(node.path)] for node in of_op(graph, "add")}
    last = [path for path in after if path.startswith("block8")]
    assert after[last[0]] == [next_op]
    assert all(users == ["relu"] for path, users in after.items() if path not in last)


@pytest.mark.parametrize("name", NAMES)
def test_only_the_expansion_has_a_bias_and_neither_batch_norm_nor_relu(name: str) -> None:
    graph = graph_of(name)
    for node in of_op(graph, "conv"):
        (user,) = graph.users(node.path)
        expands = node.name == "conv2d"
        assert ("bias" in node.weights) == expands
        assert graph[user].resolved.name == ("scale" if expands else "batch_norm")
        if expands:
            assert node.types == graph[graph.users(user)[0]].types, "as many channels as came in"
    assert {node.resolved.model_dump()["eps"] for node in of_op(graph, "batch_norm")} == {1e-3}


def test_the_padding_does_not_count_in_the_mean_of_mixed_5b() -> None:
    (pool,) = of_op(graph_of("inception_resnet_v2"), "avg_pool")
    assert pool.path == "mixed_5b.branch3.0"
    assert pool.resolved.model_dump()["count_include_pad"] is False


def test_the_embedding_is_batch_norm_after_a_linear_layer_without_bias_on_the_unit_sphere() -> None:
    graph = graph_of("inception_resnet_v1_face")
    assert graph["last_linear"].weights.keys() == {"weight"}
    assert graph.users("last_linear") == ["last_bn"]
    module = emit(graph).eval()
    with torch.no_grad():
        embedding = module(torch.randn(2, 3, 160, 160))
    assert torch.allclose(embedding.norm(dim=1), torch.ones(2))


# References ---------------------------------------------------------------------------------------------------------


def test_keys_are_those_of_timm_in_its_order() -> None:
    theirs = timm().state_dict()
    assert keys(graph_of("inception_resnet_v2")) == list(theirs)
    assert len(theirs) == 1306
    emit(graph_of("inception_resnet_v2")).load_state_dict(theirs, strict=True)


@pytest.mark.parametrize("params", [{}, CLASSES], ids=["embedding", "classify"])
def test_keys_are_those_of_facenet_pytorch_in_its_order(params: dict[str, Any]) -> None:
    theirs = facenet(**_arguments(params)).state_dict()
    assert keys(graph_of("inception_resnet_v1_face", **params)) == list(theirs)
    emit(graph_of("inception_resnet_v1_face", **params)).load_state_dict(theirs, strict=True)


def test_the_weights_for_faces_fit_the_paper_network_but_for_its_head() -> None:
    ours, theirs = emit(graph_of("inception_resnet_v1")).state_dict(), facenet().state_dict()
    assert {key.partition(".")[0] for key in theirs.keys() - ours.keys()} == {"block8", "last_linear", "last_bn"}
    assert {key.partition(".")[0] for key in ours.keys() - theirs.keys()} == {"classif"}
    assert all(ours[key].shape == theirs[key].shape for key in ours.keys() & theirs.keys())


def test_v2_gives_what_timm_gives() -> None:
    assert_equal(graph_of("inception_resnet_v2"), timm(), SMALL)


def test_v2_gives_what_timm_gives_at_its_nominal_size() -> None:
    found = verify(graph_of("inception_resnet_v2"), timm(), phases=["eval"])
    assert found.sizes == {"N": 2, "H": 299, "W": 299}
    assert found.differs == ()


@pytest.mark.parametrize("params", [{}, CLASSES], ids=["embedding", "classify"])
def test_v1_for_faces_gives_what_facenet_pytorch_gives(params: dict[str, Any]) -> None:
    assert_equal(graph_of("inception_resnet_v1_face", **params), facenet(**_arguments(params)), {"N": 2})


def test_v1_gives_what_its_modules_give_without_the_additions_for_faces() -> None:
    assert_equal(graph_of("inception_resnet_v1"), PaperV1(), SMALL)


def assert_equal(graph: Graph, reference: nn.Module, sizes: dict[str, int]) -> None:
    """Outputs, one step's statistics and gradients are those of the reference, to the last bit of float64 or nearly."""
    found = verify(graph, reference, sizes=sizes)
    assert found.differs == ()
    assert found.paired_by == "key"
    assert len(found.pairs) == len(reference.state_dict())
    in_eval = found.largest("output", "eval")
    assert in_eval is not None
    assert in_eval.rounding < 1e-5


@pytest.mark.parametrize(
    "change",
    [
        "repeat: {inception_resnet_a: {scale: 0.1}}",
        "repeat_1: {inception_resnet_b: {scale: 0.17}}",
        "repeat_2: {inception_resnet_c: {scale: 0.1}}",
        "block8: {inception_resnet_c: {scale: 0.2}}",
        "block8: {inception_resnet_c: {activate: true}}",
    ],
)
def test_a_network_that_falls_into_a_trap_differs_from_timm(change: str, tmp_path: Path) -> None:
    copytree(ROOT / "specs", tmp_path / "specs")
    trapped = tmp_path / "trapped.yaml"
    trapped.write_text(f"archspec: 1\nname: net\nextends: specs/inception_resnet_v2.yaml\nlayers: {{{change}}}\n")
    found = verify(load_graph(trapped), timm(), sizes={"N": 2, "H": 75, "W": 75}, phases=["eval"])
    assert found.differs


def _arguments(params: dict[str, Any]) -> dict[str, Any]:
    return {"classify": True, "num_classes": params["classes"]} if params else {}
