from __future__ import annotations

import copy
import json
import os
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

import archspec
import archspec.tools.optimize.optimize
from archspec.backends.engines import ENGINES
from archspec.backends.torch_fx import emit
from archspec.passes.network import for_inference
from archspec.tools.optimize.cache import ChoiceCache
from archspec.tools.optimize.candidate import Ground, Way, WrongNumbersError, make
from archspec.tools.optimize.guard import graph_of
from archspec.tools.optimize.optimize import optimize
from tests.specs import load
from tests.tools.optimize.small import close, outputs

WRONG = "the module does not compute what its spec says"


@pytest.mark.parametrize("engine", ["torch", "onnxruntime", "openvino"])
def test_it_gives_the_outputs_of_eval_mode_at_all_sizes_and_leaves_the_module_alone(model: Any, engine: str) -> None:
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    model.bn.eval()
    modes = [each.training for each in model.modules()]
    fast = optimize(model, engine=engine)
    for sides in ((1, 3, 16, 16), (3, 3, 16, 16), (2, 3, 7, 20), (1, 3, 1, 1)):
        image = torch.randn(sides)
        close(fast(image), outputs(model, image))
        close(fast(image=image), outputs(model, image))
    assert [each.training for each in model.modules()] == modes
    assert all(torch.equal(before[key], tensor) for key, tensor in model.state_dict().items())
    assert fast.report().difference < 2e-6


def test_it_keeps_the_weights_that_the_module_had(model: Any) -> None:
    image, fast = torch.randn(1, 3, 16, 16), optimize(model, engine="torch")
    expected = outputs(model, image)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1)
    close(fast(image), expected)


def test_weights_that_were_replaced_count(model: Any) -> None:
    model.fc.weight = nn.Parameter(torch.randn(5, 12))
    model.bn.register_buffer("running_mean", torch.randn(8))
    image = torch.randn(1, 3, 16, 16)
    close(optimize(model, engine="torch")(image), outputs(model, image))


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_weights_of_another_dtype_run_on_torch_alone(model: Any, dtype: torch.dtype) -> None:
    model.to(dtype)
    fast = optimize(model)
    image = torch.randn(2, 3, 16, 16, dtype=dtype)
    for one, other in zip(fast(image), outputs(model, image), strict=True):
        assert one.dtype == dtype
        tolerance = 0.1 if dtype == torch.bfloat16 else 1e-12
        torch.testing.assert_close(one, other, rtol=tolerance, atol=tolerance)
    assert fast.engine == "torch"
    assert "not of torch" in fast.report().passed_over["onnxruntime"]


@pytest.mark.parametrize("engine", ["torch", "openvino"])
def test_a_coarser_dtype_is_computed_in_where_it_is_asked_for(model: Any, engine: str) -> None:
    fast = optimize(model, engine=engine, precision="bfloat16")
    assert (fast.engine, fast.precision) == (engine, "bfloat16")
    assert f"{engine} bfloat16" in str(fast.report())
    for sides in ((1, 3, 16, 16), (2, 3, 9, 12)):
        image = torch.randn(sides)
        for one, other in zip(fast(image), outputs(model, image), strict=True):
            assert one.dtype == torch.float32
            torch.testing.assert_close(one, other, rtol=0.05, atol=0.05 * float(other.abs().max()))
    assert engine == "openvino" or fast.report().difference > 1e-4


def test_of_several_dtypes_the_fastest_is_kept_and_remembered(model: Any) -> None:
    first, again = (optimize(model, precision=["float32", torch.bfloat16, "bfloat16"]) for _ in range(2))
    labels = [each.label.partition(" + ")[0] for each in first.report().timings]
    assert {"torch", "torch bfloat16", "onnxruntime", "openvino", "openvino bfloat16"} == set(labels)
    assert first.report().passed_over["onnxruntime bfloat16"] == "it does not compute in that"
    assert again.report().from_cache
    assert (again.engine, again.precision) == (first.engine, first.precision)
    assert optimize(model).precision == "float32"


def test_a_dtype_that_cannot_be_computed_in_is_refused(model: Any) -> None:
    with pytest.raises(ValueError, match="weights of float32 are not computed in `int8`; give `float32`, `bfloat16`"):
        optimize(model, precision="int8")
    with pytest.raises(ValueError, match="`precision` names nothing; give `float32`, `bfloat16`, `float16`"):
        optimize(model, precision=[])
    with pytest.raises(archspec.OptimizeError, match="`onnxruntime bfloat16` cannot run it: it does not compute in"):
        optimize(model, engine="onnxruntime", precision="bfloat16")
    with pytest.raises(ValueError, match="weights of float64 are not computed in `float32`; give `float64`"):
        optimize(model.double(), precision="float32")


def hooked(model: Any) -> None:
    model.bn.register_forward_hook(lambda module, args, output: output * 2)


def another_layer(model: Any) -> None:
    model.fc = nn.Sequential(nn.Linear(12, 5))


def parametrized(model: Any) -> None:
    parametrize.register_parametrization(model.fc, "weight", nn.Identity())


def another_setting(model: Any) -> None:
    model.stem.dilation = (3, 3)
    model.stem.padding = (3, 3)


def another_shape(model: Any) -> None:
    model.bn.bias = nn.Parameter(torch.zeros(1))


def another_forward(model: Any) -> None:
    model.fc.forward = lambda x: x[:, :5]


def parameter_hooked(model: Any) -> None:
    def shift(module: Any, state: dict[str, Tensor], prefix: str, metadata: Any) -> None:
        state["fc.bias"] = state["fc.bias"].detach() + 1

    model.register_state_dict_post_hook(shift)


def mixed(model: Any) -> None:
    model.fc.double()


def without_values(model: Any) -> None:
    model.to("meta")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (hooked, "`bn` has a forward hook, which an engine would not call; remove it first"),
        (another_layer, "`fc` is a `torch.nn.modules.container.Sequential`, but the spec makes it `torch.nn.Linear`"),
        (parametrized, "`fc` is a .*ParametrizedLinear`, but the spec makes it `torch.nn.Linear`"),
        (another_setting, r"`stem.padding` is \(3, 3\), but the spec makes it \(1, 1\)"),
        (another_shape, r"the weight `bn.bias` is of the shape \[1\], but the spec makes it \[8\]"),
        (another_forward, "`fc` has a `forward` of its own, which an engine would not call; remove it first"),
        (parameter_hooked, WRONG),
        (mixed, "its weights are of torch.float32 and torch.float64; bring them to one dtype, as by `.float\\(\\)`"),
        (without_values, "its weights are on the meta device, and have no values"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_module_that_is_not_what_its_spec_says_is_refused(model: Any, change: Any, reason: str) -> None:
    change(model)
    with pytest.raises(archspec.OptimizeError, match=reason):
        optimize(model, engine="torch")


def test_a_part_whose_code_was_edited_is_refused() -> None:
    rows = "layers: [{sequence: {id: block, layers: [{linear: {id: y, features: 4}}, relu]}}]"
    made: Any = emit(load(rows, "{x: [N, 8]}"))
    graph = made.block.graph
    last = next(node for node in graph.nodes if node.op == "output")
    with graph.inserting_before(last):
        last.args = (graph.call_function(torch.clamp, (last.args[0],), {"max": 1e6}),)
    made.block.recompile()
    with pytest.raises(archspec.OptimizeError, match=r"`block` is a .* with code of its own"):
        optimize(made, engine="torch")


def test_what_does_not_know_its_spec_is_refused(model: Any) -> None:
    with pytest.raises(archspec.OptimizeError, match=r"only what `archspec.compile_spec` made can be optimised"):
        optimize(nn.Linear(2, 2))
    with pytest.raises(archspec.OptimizeError, match="this module does not know its spec"):
        optimize(pickle.loads(pickle.dumps(model)))
    assert optimize(copy.deepcopy(model), engine="torch").engine == "torch"


def test_a_choice_is_remembered_and_what_is_no_choice_is_made_anew(model: Any, folder: Path) -> None:
    first = optimize(model).report()
    assert not first.from_cache
    assert len(first.timings) > 1
    again = optimize(model).report()
    assert again.from_cache
    assert (again.engine, again.timings) == (first.engine, ())
    (entry,) = folder.iterdir()
    kept = json.loads(entry.read_text())
    for text in ("{", "[]", json.dumps(kept | {"key": "0"}), json.dumps(kept | {"engine": "nvidia"}), "\0" * 100_000):
        entry.write_text(text)
        assert not optimize(model).report().from_cache
        assert json.loads(entry.read_text())["key"] == kept["key"]
    assert not optimize(model, {"N": 2}).report().from_cache
    assert not optimize(model, cache=False).report().from_cache


def test_a_cache_that_cannot_be_written_is_done_without(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARCHSPEC_CACHE", "/dev/null/no/folder")
    assert optimize(model, engine="torch").engine == "torch"
    monkeypatch.delenv("ARCHSPEC_CACHE")
    monkeypatch.setattr(Path, "home", raise_no_home)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert not optimize(model, engine="torch").report().from_cache


def raise_no_home() -> Path:
    raise RuntimeError("Could not determine home directory.")


def test_an_entry_that_is_no_file_is_not_read(model: Any, folder: Path) -> None:
    optimize(model, engine="torch")
    (entry,) = folder.iterdir()
    entry.unlink()
    os.mkfifo(entry)
    assert not optimize(model, engine="torch").report().from_cache


def test_engines_that_are_missing_name_what_installs_them(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(ENGINES["openvino"]), "packages", ("onnx", "no_such_package"))
    wanted = "no_such_package: pip install 'archspec-nn[openvino]'"
    with pytest.raises(archspec.OptimizeError) as refused:
        optimize(model, engine="openvino")
    assert str(refused.value) == f"the engine `openvino` needs {wanted}"
    assert optimize(model).report().passed_over["openvino"] == f"needs {wanted}"
    with pytest.raises(ValueError, match="there is no engine `onxruntime`; there are auto, torch, onnxruntime"):
        optimize(model, engine="onxruntime")


@pytest.mark.parametrize(
    ("given", "error", "reason"),
    [
        ((), TypeError, "`small` takes `image`, each once"),
        ((torch.zeros(1, 3, 16, 16), torch.zeros(1)), TypeError, "`small` takes `image`, each once"),
        (([1.0],), TypeError, r"`image` is a tensor \[N, 3, H, W\], but a list was given"),
        ((torch.zeros(1, 3, 16, 16).double(),), ValueError, "`image` has to be torch.float32 on cpu"),
        (
            (torch.zeros(1, 4, 16, 16),),
            ValueError,
            r"\[N, 3, H, W\], and N=1, H=16, W=16 here, but \[1, 4, 16, 16\] was given",
        ),
        ((torch.zeros(3, 16, 16),), ValueError, r"`image` is a tensor \[N, 3, H, W\], but \[3, 16, 16\] was given"),
    ],
)
def test_inputs_that_are_none_are_refused(model: Any, given: Any, error: type[Exception], reason: str) -> None:
    fast = optimize(model, engine="torch")
    with pytest.raises(error, match=reason):
        fast(*given)


def test_the_report_says_what_was_tried_and_what_each_pass_gives(model: Any) -> None:
    fast, other = (optimize(model, torch.randn(2, 3, 16, 16), engine="torch") for _ in range(2))
    text = str(fast.report())
    assert text.startswith("small at N=2, H=16, W=16\nengine      torch")
    assert "drop-identities 1, fold-into-earlier 2" in text
    effects = fast.report(effects_of_passes=True).effects
    labels = [each.label for each in effects]
    assert labels[:4] == ["as it is", "torch, no pass", "+ drop-identities", "+ fold-into-earlier"]
    assert all(each.difference < 2e-6 for each in effects)
    with torch.no_grad():
        model.fc.bias.add_(1)
    with pytest.raises(ValueError, match="the module is gone, or has changed since"):
        other.report(effects_of_passes=True)


def test_where_outputs_hide_the_input_the_report_says_that_little_is_proved(model: Any) -> None:
    assert "is it trained?" not in str(optimize(model, engine="torch").report())
    made = emit(load("layers: [{linear: {id: y, features: 2}}]", "{x: [N, 3]}"))
    nn.init.zeros_(made.y.weight)  # type: ignore[arg-type, union-attr]
    assert "(but those of another input are only 0.0e+00 off: is it trained?)" in str(optimize(made).report())


def test_an_example_that_is_all_alike_is_no_reason_to_doubt_the_weights(model: Any) -> None:
    assert "is it trained" not in str(optimize(model, torch.zeros(1, 3, 16, 16), engine="torch").report())


def test_a_choice_is_one_for_a_device_and_a_dtype(model: Any) -> None:
    network, ways = for_inference(graph_of(model)), [Way(ENGINES["torch"])]
    kinds = [(device, dtype) for device in ("cpu", "meta") for dtype in (torch.float32, torch.float64)]
    keys = {ChoiceCache().key(network, torch.device(device), dtype, {"N": 1}, ways) for device, dtype in kinds}
    assert len(keys) == 4


def test_the_example_may_be_tensors_a_shape_or_sizes(model: Any) -> None:
    image = torch.randn(2, 3, 9, 8)
    for example in (image, [image], {"image": image}, (2, 3, 9, 8), {"N": 2, "H": 9, "W": 8}):
        assert optimize(model, example, engine="torch").report().sizes == {"N": 2, "H": 9, "W": 8}
    with pytest.raises(ValueError, match=r"`image` is a tensor \[N, 3, H, W\], but \[3, 9, 8\] was given"):
        optimize(model, (3, 9, 8))
    for sizes, reason in (
        ({"M": 2}, "the inputs have no size `M`, only `N`, `H`, `W`"),
        ({"N": 0}, "the size `N` is a whole number from 1 on, and 0 was given"),
    ):
        with pytest.raises(ValueError, match=reason):
            optimize(model, sizes)
    with pytest.raises(TypeError, match="the example is tensors, a shape or sizes by name, and 8 was given"):
        optimize(model, 8)  # type: ignore[arg-type]


def test_a_pass_that_is_tried_and_found_wrong_is_done_without(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(ground: Ground, way: Way) -> Any:
        if way.tried:
            raise WrongNumbersError("its outputs are off")
        return make(ground, way)

    monkeypatch.setattr(archspec.tools.optimize.optimize, "make", refused)
    assert optimize(model, engine="torch").report().engine == "torch"
