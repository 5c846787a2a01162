"""Weights from files and mappings into modules: all that fits or nothing, and a report of every key and name."""

from __future__ import annotations

import copy
import json
import os
import pickle
import re
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

import archspec
from archspec.recipe.weights import WeightMap
from archspec.source.span import Source
from archspec.tools.weights.report import LoadReport

NETWORK = r"""
archspec: 1
name: small
params: {classes: 3}
inputs: {image: [N, 3, H=8, W=8]}
layers:
  - affine: {scale: [0.1, 0.2, 0.3]}
  - conv: {id: stem, kernel: 3, channels: 4, bias: false}
  - batch_norm: {id: bn}
  - conv: {id: depthwise, kernel: 1x3, channels: 8, groups: 4}
  - global_avg_pool
  - flatten
  - linear: {id: fc, features: $classes}
heads:
  aux:
    from: stem
    layers:
      - global_avg_pool: {when: training}
      - flatten: {when: training}
      - linear: {id: fc, features: 2, when: training}
outputs: {logits: fc, aux: aux}
weights:
  published:
    layout: tensorflow
    classes: drop-first
    words: {part: {weights: weight, biases: bias}}
    keys:
      'Net/bn/beta': bn.bias
      'Net/bn/(moving_mean)': bn.running_mean
      'Net/bn/(moving_variance)': bn.running_var
      'Net/Aux/(?P<part>\w+)': 'aux.fc.\g<part>'
      'Net/(\w+)/(?P<part>\w+)': '\1.\g<part>'
    ignore: [global_step]
    fill: {'bn\.weight': 1}
"""
TIED = """
archspec: 1
name: tied
inputs: {tokens: {shape: [N, T=4], dtype: int64, below: 5}}
layers:
  - embedding: {id: wte, tokens: 5, features: 3}
  - linear: {id: head, features: 5, bias: false, tie: {weight: wte.weight}}
"""


def build(text: str = NETWORK, **options: Any) -> nn.Module:
    return archspec.compile_spec(Source("small.yaml", text), **options)


def other_state(text: str = NETWORK) -> dict[str, torch.Tensor]:
    """The weights of another such network, with statistics as after training."""
    module = build(text)
    for name, tensor in module.state_dict().items():
        tensor.copy_(torch.rand(tensor.shape) + 1 if tensor.is_floating_point() else torch.tensor(7))
        assert name
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def assert_state(module: nn.Module, expected: dict[str, torch.Tensor]) -> None:
    state = module.state_dict()
    assert list(state) == list(expected)
    for name, tensor in expected.items():
        assert torch.equal(state[name], tensor), name


def refused(module: nn.Module, source: Any, **options: Any) -> archspec.WeightsError:
    """The error that loading raises, once it is sure that the module is as it was."""
    before = copy.deepcopy(module.state_dict())
    with pytest.raises(archspec.WeightsError) as caught:
        archspec.load_weights(module, source, **options)
    assert_state(module, before)
    return caught.value


def report_of(module: nn.Module, source: Any, **options: Any) -> LoadReport:
    report = refused(module, source, **options).report
    assert report is not None
    return report


@pytest.fixture
def state() -> dict[str, torch.Tensor]:
    return other_state()


# Sources


@pytest.mark.parametrize("name", ["a.safetensors", "a.pth", "old.pth", "weights", "wrapped.pth"])
def test_a_file_is_read_for_what_is_in_it(name: str, state: dict[str, torch.Tensor], tmp_path: Path) -> None:
    path = tmp_path / name
    if name in ("a.safetensors", "weights"):
        safetensors.torch.save_file(state, path)
    elif name == "wrapped.pth":
        torch.save({"epoch": 3, "state_dict": state, "optimizer": {"lr": 0.1}}, path)
    else:
        torch.save(state, path, _use_new_zipfile_serialization=name != "old.pth")
    for given in (path, str(path)):
        module = build()
        report = archspec.load_weights(module, given)
        assert_state(module, state)
        assert report.matched == {key: key for key in state}
        assert report.notes == (("the weights are those in its entry `state_dict`",) if "wrapped" in name else ())


def test_a_mapping_has_tensors_or_arrays(state: dict[str, torch.Tensor]) -> None:
    module = build()
    arrays: dict[str, Any] = {key: tensor.numpy() for key, tensor in state.items()}
    arrays["fc.bias"].flags.writeable = False
    assert archspec.load_weights(module, arrays).fits
    assert_state(module, state)


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod."])
def test_what_a_wrapper_put_before_every_name_is_left_out_and_noted(
    prefix: str, state: dict[str, torch.Tensor]
) -> None:
    module = build()
    report = archspec.load_weights(module, {prefix + key: tensor for key, tensor in state.items()})
    assert_state(module, state)
    assert report.notes == (f"every name begins with `{prefix}`, which a wrapper of the saved module put there",)
    mixed = {(prefix if key == "fc.bias" else "") + key: tensor for key, tensor in state.items()}
    assert report_of(module, mixed).unexpected == (f"{prefix}fc.bias",)


def test_a_wrapped_module_has_its_own_names(state: dict[str, torch.Tensor]) -> None:
    wrapped = nn.Sequential()
    wrapped.add_module("module", build())
    assert archspec.load_weights(wrapped, {f"module.{key}": tensor for key, tensor in state.items()}).notes == ()


class RunsCode:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.mark}",)


def test_a_pickle_that_would_run_code_is_refused_and_nothing_is_run(tmp_path: Path) -> None:
    mark = tmp_path / "was_here"
    torch.save({"fc.bias": torch.ones(3), "extra": RunsCode(mark)}, tmp_path / "evil.pth")
    (tmp_path / "evil.pkl").write_bytes(pickle.dumps(RunsCode(mark)))
    (tmp_path / "evil_2.pkl").write_bytes(pickle.dumps(RunsCode(mark), protocol=2))
    for name in ("evil.pth", "evil.pkl"):
        message = str(refused(build(), tmp_path / name))
        assert "is refused" in message
        assert "nothing of it was run" in message
        assert "safetensors.torch.save_file" in message
    refused(build(), tmp_path / "evil_2.pkl")
    assert not mark.exists()
    torch.load(tmp_path / "evil.pth", weights_only=False)
    assert mark.exists(), "it would have run code"


def test_a_pickled_module_is_refused_by_the_name_of_its_class(tmp_path: Path) -> None:
    torch.save(nn.Linear(2, 2), tmp_path / "module.pth")
    assert "`torch.nn.modules.linear.Linear`" in str(refused(build(), tmp_path / "module.pth"))


def _safetensors_of(header: Any, data: bytes = b"") -> bytes:
    text = json.dumps(header).encode() if not isinstance(header, bytes) else header
    return struct.pack("<Q", len(text)) + text + data


def _torch_bytes(values: Any, folder: Path) -> bytes:
    torch.save(values, folder / "saved")
    return (folder / "saved").read_bytes()


def _npz(folder: Path) -> bytes:
    with zipfile.ZipFile(folder / "saved", "w") as archive:
        archive.writestr("a.npy", b"1")
    return (folder / "saved").read_bytes()


ONE = {"a": torch.ones(100)}
BROKEN: dict[str, tuple[str, Callable[[Path], bytes], str]] = {
    "empty": ("a.safetensors", lambda _: b"", "is empty"),
    "empty_torch": ("a.pth", lambda _: b"", "is empty"),
    "truncated": ("a.safetensors", lambda _: safetensors.torch.save(ONE)[:-5], "no whole file of safetensors"),
    "truncated_header": ("a.safetensors", lambda _: safetensors.torch.save(ONE)[:20], "no whole file of safetensors"),
    "truncated_length": ("a.safetensors", lambda _: safetensors.torch.save(ONE)[:5], "no whole file of safetensors"),
    "huge_header": ("a.safetensors", lambda _: struct.pack("<Q", 2**60) + b"{}", "header too large"),
    "long_header": ("a.bin", lambda _: struct.pack("<Q", 2**27) + b"{}", "no whole file of safetensors"),
    "unknown_dtype": (
        "a.safetensors",
        lambda _: _safetensors_of({"a": {"dtype": "F99", "shape": [1], "data_offsets": [0, 4]}}, b"0000"),
        "unknown variant `F99`",
    ),
    "no_json": ("a.safetensors", lambda _: _safetensors_of(b"{'a'}"), "no whole file of safetensors"),
    "truncated_torch": ("a.pth", lambda folder: _torch_bytes(ONE, folder)[:-200], "no whole file of torch"),
    "beginning_of_torch": ("a.pth", lambda folder: _torch_bytes(ONE, folder)[:100], "no whole file of torch"),
    "no_pickle": ("a.pth", lambda _: b"\x80\x02" + b"nothing of the kind" * 9, "no pickle of tensors alone"),
    "deep_pickle": ("a.pth", lambda _: b"\x80\x02" + b"(" * 9999 + b"t" * 9999 + b".", "of torch"),
    "a_tensor": ("a.pth", lambda folder: _torch_bytes(torch.ones(2), folder), "a `Tensor` in it"),
    "a_list": ("a.pth", lambda folder: _torch_bytes([1], folder), "a `list` in it"),
    "zip": ("a.npz", _npz, "no whole file of torch"),
    "tensorflow": ("a.ckpt", lambda _: b"a" * 99 + bytes.fromhex("57fb808b247547db"), "a checkpoint of TensorFlow"),
    "hdf5": ("a.h5", lambda _: b"\x89HDF\r\n\x1a\n" + b"a" * 99, "an HDF5 file"),
    "index": ("a.safetensors.index.json", lambda _: b'{"weight_map": {}}', "JSON, perhaps the index"),
    "text": ("a.txt", lambda _: b"hello", "no file of safetensors or torch"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_cannot_be_read_is_said_and_changes_nothing(case: str, tmp_path: Path) -> None:
    name, make, expected = BROKEN[case]
    path = tmp_path / name
    path.write_bytes(make(tmp_path))
    error = refused(build(), path)
    assert error.report is None
    assert expected in str(error)
    assert str(path) in str(error)
    assert "\n" not in str(error)


def test_a_path_without_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "model.ckpt.index").touch()
    os.mkfifo(tmp_path / "pipe")
    assert "there is no file" in str(refused(build(), tmp_path / "nowhere.pth"))
    assert "is a directory" in str(refused(build(), tmp_path))
    assert "is no regular file" in str(refused(build(), tmp_path / "pipe"))
    assert "a checkpoint of TensorFlow" in str(refused(build(), tmp_path / "model.ckpt"))


def test_what_is_no_source_is_said() -> None:
    assert "pass its `state_dict()`" in str(refused(build(), build()))
    assert "`int`" in str(refused(build(), 3))
    assert "the key 3" in str(refused(build(), {3: torch.ones(1)}))
    assert "`model`, `optimizer`" in str(refused(build(), {"model": {"a": torch.ones(1)}, "optimizer": {}}))


# What fits, and what does not


def test_all_that_does_not_fit_is_said_at_once(state: dict[str, torch.Tensor]) -> None:
    wrong: dict[str, Any] = {**state, "fc.weight": torch.ones(5, 8), "bn.bias": 3, "epoch": 12}
    wrong["stem.wieght"] = wrong.pop("stem.weight")
    report = report_of(build(), wrong)
    assert report.missing == ("stem.weight",)
    assert report.nearest == {"stem.weight": "stem.wieght"}
    assert report.unexpected == ("epoch", "stem.wieght")
    assert [str(misfit) for misfit in report.wrong_shape] == ["`fc.weight`: [3, 8] is needed, the file has [5, 8]"]
    assert [misfit.key for misfit in report.wrong_type] == ["bn.bias"]
    assert len(report.matched) == len(state) - 3
    assert str(report) == (
        "the mapping: 9 of 12 keys come from it\n"
        "  1 missing:\n"
        "    `stem.weight`; the file has `stem.wieght`\n"
        "  2 unexpected:\n"
        "    `epoch`\n"
        "    `stem.wieght`\n"
        "  1 of a wrong shape:\n"
        "    `fc.weight`: [3, 8] is needed, the file has [5, 8]\n"
        "  1 of a wrong type:\n"
        "    `bn.bias`: the file has a `int`, which is no plain tensor"
    )


def test_long_lists_are_cut_off_with_their_counts() -> None:
    strange = {f"layer{index}.\x1b[31m": torch.ones(1) for index in range(1000)}
    text = str(refused(build(), strange))
    assert "1,000 unexpected" in text
    assert "and 992 more" in text
    assert "12 missing" in text
    assert "\x1b" not in text
    assert len(text) < 2000


def test_without_strictness_what_fits_is_loaded(state: dict[str, torch.Tensor]) -> None:
    module = build()
    before = {key: tensor.clone() for key, tensor in module.state_dict().items()}
    wrong = {**state, "fc.weight": torch.ones(5, 8), "strange": torch.ones(1)}
    del wrong["stem.weight"]
    report = archspec.load_weights(module, wrong, strict=False)
    assert not report.fits
    assert (report.missing, report.unexpected) == (("stem.weight",), ("strange",))
    kept = {key: before[key] for key in ("stem.weight", "fc.weight")}
    assert_state(module, state | kept)


def test_keys_that_are_to_stay_stay(state: dict[str, torch.Tensor]) -> None:
    module = build(params={"classes": 10})
    before = {key: tensor.clone() for key, tensor in module.state_dict().items()}
    report = archspec.load_weights(module, state, keep=[r"fc\..*"])
    assert report.kept == ("fc.weight", "fc.bias")
    assert_state(module, state | {key: before[key] for key in report.kept})


def test_names_that_may_be_there_are_ignored(state: dict[str, torch.Tensor]) -> None:
    report = archspec.load_weights(
        build(), {**state, "ema.fc.bias": torch.ones(1), "epoch": 3}, ignore=[r"ema\..*", "epoch"]
    )
    assert report.ignored == ("ema.fc.bias", "epoch")
    assert report.fits


@pytest.mark.parametrize(
    ("needed", "given"),
    [
        (torch.float32, torch.float16),
        (torch.float32, torch.bfloat16),
        (torch.float32, torch.float64),
        (torch.float16, torch.float32),
        (torch.float64, torch.float32),
    ],
)
def test_floating_point_numbers_become_the_models_and_that_is_reported(needed: torch.dtype, given: torch.dtype) -> None:
    module = build().to(needed)
    state = {key: tensor.to(given) if tensor.is_floating_point() else tensor for key, tensor in other_state().items()}
    report = archspec.load_weights(module, state)
    assert_state(
        module, {key: tensor.to(needed) if tensor.is_floating_point() else tensor for key, tensor in state.items()}
    )
    assert set(report.converted) == set(state) - {"bn.num_batches_tracked"}
    names = [str(dtype).removeprefix("torch.") for dtype in (given, needed)]
    assert f"11 converted from {names[0]} to {names[1]}" in str(report)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (torch.ones(3, dtype=torch.int64), "float32 is needed, the file has int64"),
        (torch.ones(3, dtype=torch.bool), "float32 is needed, the file has bool"),
        (torch.ones(3, dtype=torch.complex64), "float32 is needed, the file has complex64"),
        (torch.tensor([1.0, 2.0, 1e300], dtype=torch.float64), "numbers beyond 3.40282e+38"),
        (torch.ones(3).to_sparse(), "no plain tensor"),
        (torch.ones(3, device="meta"), "no plain tensor"),
        (np.array(["a", "b", "c"]), "no plain tensor"),
        ([1.0, 2.0, 3.0], "no plain tensor"),
        (None, "no plain tensor"),
    ],
    ids=str,
)
def test_nothing_else_becomes_a_floating_point_number(value: Any, reason: str, state: dict[str, Any]) -> None:
    (misfit,) = report_of(build(), {**state, "fc.bias": value}).wrong_type
    assert reason in misfit.reason


def test_whole_numbers_become_wider_or_narrower_where_nothing_is_lost(state: dict[str, torch.Tensor]) -> None:
    counted = {**state, "bn.num_batches_tracked": torch.tensor(9, dtype=torch.int32)}
    module = build()
    assert archspec.load_weights(module, counted).converted == {"bn.num_batches_tracked": ("int32", "int64")}
    assert module.get_buffer("bn.num_batches_tracked").item() == 9
    module.get_submodule("bn").num_batches_tracked = torch.tensor(1, dtype=torch.int8)
    large = {**state, "bn.num_batches_tracked": torch.tensor(300)}
    assert (
        report_of(module, large).wrong_type[0].reason == "int8 is needed, the file has int64, with numbers beyond that"
    )


def test_counters_of_batches_begin_at_0_where_a_file_has_none(state: dict[str, torch.Tensor]) -> None:
    module = build()
    module.get_buffer("bn.num_batches_tracked").fill_(5)
    del state["bn.num_batches_tracked"]
    report = archspec.load_weights(module, state)
    assert report.filled == {"bn.num_batches_tracked": 0}
    assert module.get_buffer("bn.num_batches_tracked").item() == 0
    del state["bn.running_mean"]
    assert report_of(module, state).missing == ("bn.running_mean", "bn.num_batches_tracked")


def test_a_file_with_some_counters_needs_all_of_them() -> None:
    two = NETWORK.replace("  - conv: {id: depthwise", "  - batch_norm: {id: again}\n  - conv: {id: depthwise")
    state = other_state(two)
    del state["again.num_batches_tracked"]
    assert report_of(build(two), state).missing == ("again.num_batches_tracked",)


def test_a_tied_key_may_be_left_out_but_not_contradicted() -> None:
    state = other_state(TIED)
    for left_out in state:
        module = build(TIED)
        report = archspec.load_weights(module, {key: tensor for key, tensor in state.items() if key != left_out})
        assert report.tied == (left_out,)
        assert_state(module, state)
    twice = {**state, "head.weight": state["head.weight"].half()}
    archspec.load_weights(build(TIED), state)
    (misfit,) = report_of(build(TIED), twice | {"wte.weight": state["wte.weight"] + 1}).ambiguous
    assert misfit.reason == "it is one parameter with `wte.weight`, for which the file has other numbers"


def test_weights_that_are_shared_have_one_key() -> None:
    text = TIED.partition("layers:")[0].replace("{tokens: {shape: [N, T=4], dtype: int64, below: 5}}", "{x: [N, 4]}")
    text += "layers:\n  - linear: {id: a, features: 4}\n  - linear: {id: b, share: a}\n"
    module, state = build(text), other_state(text)
    assert archspec.load_weights(module, state).expected == 2
    assert_state(module, state)


def test_a_module_can_be_given_its_own_tensors_in_another_order() -> None:
    text = "archspec: 1\nname: two\ninputs: {x: [N, 4]}\nlayers:\n"
    text += "  - linear: {id: a, features: 4, bias: false}\n  - linear: {id: b, features: 4, bias: false}\n"
    module = build(text)
    a, b = (module.state_dict()[key].clone() for key in ("a.weight", "b.weight"))
    archspec.load_weights(
        module, {"a.weight": module.state_dict()["b.weight"], "b.weight": module.state_dict()["a.weight"]}
    )
    assert_state(module, {"a.weight": b, "b.weight": a})


# The meta device, and outputs that were left out


@pytest.mark.parametrize("dtype", [None, torch.float16])
def test_a_module_on_the_meta_device_becomes_what_one_built_is(dtype: torch.dtype | None) -> None:
    state = other_state()
    built, module = build(dtype=dtype), build(device="meta", dtype=dtype)
    archspec.load_weights(built, state)
    report = archspec.load_weights(module, state)
    assert report.fits
    assert report.without_values == ()
    assert_state(module, built.state_dict())
    for (name, one), (_, other) in zip(module.named_buffers(), built.named_buffers(), strict=True):
        assert torch.equal(one, other), name
    assert [parameter.requires_grad for parameter in module.parameters()] == [True] * len(list(built.parameters()))
    if dtype is None:
        image = torch.rand(2, 3, 8, 8)
        assert torch.equal(module.eval()(image), built.eval()(image))
    assert state["fc.bias"].data_ptr() != module.get_parameter("fc.bias").data_ptr()


def test_tied_weights_on_the_meta_device_stay_one() -> None:
    module = build(TIED, device="meta")
    state = other_state(TIED)
    archspec.load_weights(module, state)
    assert module.get_parameter("head.weight") is module.get_parameter("wte.weight")
    assert_state(module, state)


def test_a_recurrent_module_on_the_meta_device_runs() -> None:
    with torch.device("meta"):
        module = nn.LSTM(3, 4)
    other = nn.LSTM(3, 4)
    archspec.load_weights(module, other.state_dict())
    steps = torch.rand(2, 1, 3)
    assert torch.equal(module(steps)[0], other(steps)[0])


def test_what_has_no_values_after_loading_is_said(state: dict[str, torch.Tensor]) -> None:
    module = build(device="meta")
    del state["fc.bias"]
    assert archspec.load_weights(module, state, strict=False).without_values == ("fc.bias",)
    assert not module.get_buffer("0.scale").is_meta


def test_names_of_outputs_that_were_left_out_are_set_aside(state: dict[str, torch.Tensor]) -> None:
    module = build(outputs=["logits"])
    report = archspec.load_weights(module, state)
    assert report.fits
    assert report.left_out == ("aux.fc.weight", "aux.fc.bias")
    assert "2 of outputs that the model was compiled without" in str(report)
    assert report_of(module, {**state, "aux.other": torch.ones(1)}).unexpected == ("aux.other",)


def test_a_module_that_no_spec_made_is_loaded_as_well() -> None:
    module, other = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)), nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    assert archspec.load_weights(module, other.state_dict()).fits
    assert_state(module, dict(other.state_dict()))


def test_a_module_that_cannot_be_written_to_as_a_whole_is_refused() -> None:
    with pytest.raises(ValueError, match="`weight` of the model is a `UninitializedParameter`"):
        archspec.load_weights(nn.LazyLinear(3), {})


# Maps, layouts and classes


def tensorflow_state(state: dict[str, torch.Tensor], classes: int = 1) -> dict[str, Any]:
    """The names and arrays of the map above, made by hand."""
    depthwise = state["depthwise.weight"].numpy()  # (4 * 2, 1, 1, 3) to H, W, C, M
    extra = np.full((8, classes), 9, np.float32), np.full(classes, 9, np.float32)
    return {
        "Net/stem/weights": np.einsum("oihw->hwio", state["stem.weight"].numpy()),
        "Net/bn/beta": state["bn.bias"].numpy(),
        "Net/bn/moving_mean": state["bn.running_mean"].numpy(),
        "Net/bn/moving_variance": state["bn.running_var"].numpy(),
        "Net/depthwise/weights": np.stack([depthwise[0::2, 0], depthwise[1::2, 0]], axis=-1).transpose(1, 2, 0, 3),
        "Net/depthwise/biases": state["depthwise.bias"].numpy(),
        "Net/fc/weights": np.concatenate([extra[0], state["fc.weight"].numpy().T], axis=1)[None, None],
        "Net/fc/biases": np.concatenate([extra[1], state["fc.bias"].numpy()]),
        "Net/Aux/weights": state["aux.fc.weight"].numpy().T,
        "Net/Aux/biases": state["aux.fc.bias"].numpy(),
        "global_step": np.int64(12),
    }


def test_a_map_of_the_spec_renames_turns_trims_and_fills(state: dict[str, torch.Tensor]) -> None:
    module = build()
    report = archspec.load_weights(module, tensorflow_state(state), map="published")
    ones, none = torch.ones(4), torch.tensor(0)
    assert_state(module, state | {"bn.weight": ones, "bn.num_batches_tracked": none})
    assert report.matched["stem.weight"] == "Net/stem/weights"
    assert report.trimmed == ("fc.weight", "fc.bias")
    assert report.ignored == ("global_step",)
    assert report.filled == {"bn.weight": 1, "bn.num_batches_tracked": 0}
    assert str(report).splitlines()[0] == "the mapping: 10 of 12 keys come from it, 2 are filled in"


def test_a_map_goes_with_the_module_and_with_the_graph(state: dict[str, torch.Tensor]) -> None:
    given = tensorflow_state(state)
    graph = archspec.load_graph(Source("small.yaml", NETWORK))
    expected = build()
    archspec.load_weights(expected, given, map="published")
    described = graph.weight_maps["published"]
    for module in (build(), copy.deepcopy(build()), pickle.loads(pickle.dumps(build())), build(device="meta")):
        archspec.load_weights(module, given, map="published")
        assert_state(module, dict(expected.state_dict()))
    for given_map in (described, described.model_dump(exclude_defaults=True)):
        bare = build(NETWORK.partition("weights:\n")[0])
        archspec.load_weights(bare, given, map=given_map)
        assert_state(bare, dict(expected.state_dict()))


def test_what_was_left_out_is_known_by_its_name_in_the_file_too(state: dict[str, torch.Tensor]) -> None:
    report = archspec.load_weights(build(outputs=["logits"]), tensorflow_state(state), map="published")
    assert report.left_out == ("Net/Aux/weights", "Net/Aux/biases")


def test_the_first_row_is_left_out_only_where_there_is_exactly_one_too_many(state: dict[str, torch.Tensor]) -> None:
    assert archspec.load_weights(build(), tensorflow_state(state, classes=0), map="published").trimmed == ()
    report = report_of(build(), tensorflow_state(state, classes=2), map="published")
    assert [misfit.key for misfit in report.wrong_shape] == ["fc.weight", "fc.bias"]
    assert "[3, 8] is needed, the file has [1, 1, 8, 5], in torch's order [5, 8]" in str(report)
    report = report_of(build(), tensorflow_state(state), map="published", classes="all")
    assert [misfit.key for misfit in report.wrong_shape] == ["fc.weight", "fc.bias"]


def test_two_names_for_one_key_are_ambiguous(state: dict[str, torch.Tensor]) -> None:
    described = WeightMap(keys={r"(?:ema/)?(.*)": r"\1"})
    report = report_of(build(), {**state, "ema/fc.bias": state["fc.bias"]}, map=described)
    assert [misfit.key for misfit in report.ambiguous] == ["fc.bias"]
    assert "`fc.bias` and `ema/fc.bias`" in report.ambiguous[0].reason


def test_what_may_help_is_said(state: dict[str, torch.Tensor]) -> None:
    assert 'key map `published` of the spec: `map="published"`' in str(refused(build(), tensorflow_state(state)))
    larger = {**state, "fc.weight": torch.ones(4, 8), "fc.bias": torch.ones(4)}
    assert 'classes="drop-first"' in str(refused(build(), larger))
    assert archspec.load_weights(build(), larger, classes="drop-first").trimmed == ("fc.weight", "fc.bias")
    turned = {**state, "stem.weight": state["stem.weight"].permute(2, 3, 1, 0)}
    assert 'layout="tensorflow"' in str(refused(build(), turned))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"map": "publishd"}, "no key map `publishd`; did you mean `published`?"),
        ({"map": {"layout": "torch"}}, "this is no key map: `keys`"),
        ({"map": {"keys": {"a(": "b"}}}, "a pattern of the key map cannot be used"),
        ({"layout": "caffe"}, "`layout` is `caffe`; expected `torch` or `tensorflow`"),
        ({"classes": "first"}, "`classes` is `first`; expected `all` or `drop-first`"),
        ({"keep": ["a("]}, "a pattern of `keep` cannot be used"),
        ({"ignore": "a"}, "`ignore` is a list of patterns"),
    ],
)
def test_wrong_options_are_said(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        archspec.load_weights(build(), {}, **options)


@pytest.mark.parametrize(
    "owner",
    [nn.Conv1d(3, 4, 2), nn.Conv3d(3, 4, (1, 2, 3)), nn.Conv2d(1, 4, 3), nn.ConvTranspose2d(3, 4, 2), nn.Linear(3, 3)],
    ids=lambda owner: type(owner).__name__,
)
def test_kernels_of_tensorflow_are_turned(owner: nn.Module) -> None:
    weight = torch.rand_like(owner.get_parameter("weight"))
    space = "xyz"[: weight.dim() - 2]
    given = np.einsum(f"oi{space}->{space}io", weight.numpy())
    archspec.load_weights(
        owner, {"weight": given, "bias": torch.zeros_like(owner.get_parameter("bias"))}, layout="tensorflow"
    )
    assert torch.equal(owner.get_parameter("weight"), weight)


def test_a_table_of_embeddings_is_not_turned() -> None:
    table = torch.rand(4, 4)
    module = nn.Embedding(4, 4)
    archspec.load_weights(module, {"weight": table}, layout="tensorflow")
    assert torch.equal(module.weight, table)


def test_an_error_of_weights_survives_pickling(state: dict[str, torch.Tensor]) -> None:
    error = refused(build(), {**state, "strange": torch.ones(1)})
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.report) == (str(error), error.report)
