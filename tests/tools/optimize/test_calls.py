from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import archspec
from archspec.backends.engines import ENGINES
from archspec.backends.engines.engine import Job
from archspec.backends.fused import FusedConv
from archspec.backends.torch_fx import emit
from archspec.backends.weight_values import Values
from archspec.passes.network import Network, for_inference
from archspec.passes.pass_type import Pass
from archspec.tools.optimize.guard import graph_of
from archspec.tools.optimize.optimize import optimize
from archspec.tools.optimize.optimized import Held
from tests.specs import load
from tests.tools.optimize.small import close, outputs


def test_what_candidates_have_in_common_is_made_once(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    laid_out, passes = list[Tensor](), list[str]()
    lay_out, run = FusedConv.laid_out, Pass.__call__

    def noted(layer: FusedConv, sides: Any) -> Tensor:
        laid_out.append(layer.weight)
        return lay_out(layer, sides)

    def noted_pass(self: Pass, network: Network) -> Any:
        passes.append(self.name)
        return run(self, network)

    monkeypatch.setattr(FusedConv, "laid_out", noted)
    monkeypatch.setattr(Pass, "__call__", noted_pass)
    fast = optimize(model, engine="torch", cache=False)
    assert len(fast.report().timings) == 2
    assert len(laid_out) == 5 + 1, "`a`, `b` and `c` as one besides each alone"
    assert passes.count("fold-into-earlier") == 1
    assert passes.count("fuse-convolutions") == 2


def test_a_session_is_opened_for_other_sizes_when_they_are_met(model: Any) -> None:
    opened: list[bool] = []

    class Counting(type(ENGINES["onnxruntime"])):  # type: ignore[misc]
        def _session(self, job: Any, *, nominal: bool) -> Any:
            opened.append(nominal)
            return super()._session(job, nominal=nominal)

    network = for_inference(graph_of(model))
    values = Values(model.state_dict()).of(network)
    job = Job(network, values, {"N": 1, "H": 16, "W": 16}, torch.device("cpu"), torch.float32, torch.float32)
    run = Counting().prepare(job)
    for sides in ((1, 3, 16, 16), (2, 3, 16, 16), (1, 3, 16, 16), (3, 3, 9, 9)):
        image = torch.randn(sides)
        close(tuple(run([image])), tuple(outputs(model, image)))
    assert opened == [True, False]


def test_where_an_engine_gives_other_numbers_at_other_sizes_torch_takes_over(
    model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fast = optimize(model, engine="onnxruntime")
    run, calls = fast._run.run, list[int]()  # type: ignore[attr-defined]

    def wrong_at_two(inputs: Any) -> Any:
        calls.append(len(inputs[0]))
        return [each + 1 if len(inputs[0]) == 2 else each for each in run(inputs)]

    monkeypatch.setattr(fast._run, "run", wrong_at_two)
    two = torch.randn(2, 3, 16, 16)
    with pytest.warns(RuntimeWarning, match="onnxruntime gives other numbers than torch at") as told:
        found = fast(two)
    close(found, outputs(model, two))
    for batch in (2, 3, 3, 1):
        image = torch.randn(batch, 3, 16, 16)
        close(fast(image), outputs(model, image))
    assert calls == [2, 3, 3, 1]
    assert [Path(each.filename).name for each in told] == [Path(__file__).name]


def test_two_threads_get_their_own_numbers(model: Any) -> None:
    fast = optimize(model, engine="openvino")
    images = [torch.full((1, 3, 16, 16), float(index)) for index in range(2)]
    expected = [outputs(model, image) for image in images]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda index: fast(images[index % 2]), range(400)))
    for index, each in enumerate(found):
        close(each, expected[index % 2])


def test_what_a_table_has_no_row_for_is_told_on_all_engines() -> None:
    rows = "layers: [{embedding: {id: e, tokens: 10, features: 4}}, {linear: {id: y, features: 2}}]"
    made = emit(load(rows, "{x: {shape: [N, T=3], dtype: int64}}"))
    for engine in ("torch", "onnxruntime", "openvino"):
        fast = optimize(made, engine=engine)
        for index in (-1, 10):
            with pytest.raises(IndexError):
                fast(torch.tensor([[0, 1, index]]))


def test_whole_numbers_of_64_bits_are_not_left_to_an_engine_that_has_32() -> None:
    made = emit(load("layers: [{add: {id: y, from: [x, x]}}]", "{x: {shape: [N, 3], dtype: int64}}"))
    with pytest.raises(archspec.OptimizeError, match="computes whole numbers of 64 bits, as those of `y`, in 32"):
        optimize(made, engine="openvino")


def test_outputs_share_no_memory_with_weights_nor_inputs() -> None:
    rows = """
    layers: [{parameter: {id: p, shape: [3]}}, {identity: {id: same, from: x}}]
    outputs: {p: p, same: same}
    """
    made = emit(load(rows, "{x: [N, 3]}"))
    fast, x = optimize(made, engine="torch"), torch.randn(2, 3, requires_grad=True)
    kept = fast(x).p.clone()
    for _ in range(2):
        found = fast(x)
        assert not found.same.requires_grad
        assert torch.equal(found.p, kept)
        assert torch.equal(found.same, x)
        found.p.add_(1)
        found.same.add_(1)


def test_weights_made_in_inference_mode_do(model: Any) -> None:
    with torch.inference_mode():
        made = copy.deepcopy(model)
    image = torch.randn(1, 3, 16, 16)
    close(optimize(made, engine="torch")(image), outputs(model, image))


def test_torchs_default_device_makes_no_difference(model: Any) -> None:
    image, before = torch.randn(2, 3, 16, 16), torch.get_default_device()
    for engine in ("torch", "onnxruntime"):
        torch.set_default_device("meta")
        try:
            fast = optimize(model, engine=engine)
            found = fast(image)
        finally:
            torch.set_default_device(before)
        close(found, outputs(model, image))


def test_where_an_engine_fails_torch_takes_over_for_good(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fast, calls = optimize(model, engine="onnxruntime"), list[int]()

    def broken(inputs: Any) -> Any:
        calls.append(len(inputs[0]))
        raise RuntimeError("no kernel for these sizes")

    monkeypatch.setattr(fast._run, "run", broken)
    image = torch.randn(2, 3, 9, 9)
    with pytest.warns(RuntimeWarning, match=r"onnxruntime fails at \[2, 3, 9, 9\]: torch runs these from now on"):
        found = fast(image)
    for each in (found, fast(image), fast(image)):
        close(each, outputs(model, image))
    assert calls == [2]


def test_autocast_makes_no_difference(model: Any) -> None:
    image = torch.randn(2, 3, 16, 16)
    for engine in ("torch", "onnxruntime"):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            fast = optimize(model, engine=engine)
            found = fast(image)
            assert fast.report(effects_of_passes=True).difference < 2e-6
        close(found, outputs(model, image))


def test_random_numbers_of_the_caller_stay_as_they_are() -> None:
    rows = "layers: [{multi_head_attention: {id: a, heads: 2}}, {linear: {id: y, features: 4}}]"
    made = emit(load(rows, "{x: [N, 5, 8]}"))
    before = torch.random.get_rng_state()
    fast = optimize(made, engine="onnxruntime", cache=False)
    fast(torch.zeros(2, 5, 8))
    optimize(made, engine="torch", cache=False)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_tensor_that_is_not_dense_is_told_after_a_dense_one_of_its_shape(model: Any) -> None:
    fast = optimize(model, engine="torch")
    image = torch.randn(1, 3, 16, 16)
    fast(image)
    with pytest.raises(ValueError, match="has to be dense"):
        fast(image.to_sparse())


def test_what_does_nothing_at_the_nominal_sizes_only_stays() -> None:
    shuffled = emit(load("layers: [channel_shuffle: 4, relu]", "{x: [N, C=4, 8, 8]}"))
    wide = torch.randn(1, 8, 8, 8)
    assert torch.equal(optimize(shuffled, engine="torch")(wide), outputs(shuffled, wide))


def test_numbers_for_a_large_table_are_left_to_the_engine_beside_a_small_table(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = """
layers:
  - add:
      branches:
        - [{embedding: {id: words, from: tokens, tokens: 50, features: 4}}]
        - [{embedding: {id: kinds, from: segments, tokens: 2, features: 4}}]
"""
    model = emit(load(rows, "{tokens: {shape: [N, 3], dtype: int64}, segments: {shape: [N, 3], dtype: int64}}"))
    fast = optimize(model, engine="onnxruntime")
    monkeypatch.setattr(Held, "torch", None)  # nothing takes over
    tokens, segments = torch.tensor([[0, 30, 49]]), torch.tensor([[0, 1, 1]])
    torch.testing.assert_close(fast(tokens, segments), outputs(model, tokens, segments))


def test_a_network_that_runs_on_no_single_sample_is_tried_on_several() -> None:
    model = emit(load("layers: [batch_norm: {track: false}, linear: 3]", "{x: [N, 4]}"))
    fast = optimize(model, engine="torch")
    assert fast.report().sizes == {"N": 2}
    x = torch.randn(5, 4)
    torch.testing.assert_close(fast(x), outputs(model, x))
