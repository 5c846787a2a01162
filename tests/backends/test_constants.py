"""Constants of a network stay what they are wherever its tensors are made anew."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch

from archspec.backends.scope_module import ScopeModule
from archspec.compiler import compile_spec
from archspec.source.span import Source

SPEC = Source(
    "normalized.yaml",
    """
archspec: 1
name: normalized
inputs: {image: [N, 3, H=8, W=8]}
layers:
  - affine: {scale: [1.0, 2.0, 3.0], shift: [0.1, 0.2, 0.3]}
  - sequence:
      id: inner
      layers:
        - affine: {id: again.scaled, scale: [0.5, 0.25, 0.125]}
        - conv: {id: conv, kernel: 3, channels: 4}
""",
)


def constants(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    saved = module.state_dict()
    return {name: buffer for name, buffer in module.named_buffers() if name not in saved}


def build(device: str | None = None) -> ScopeModule:
    module = compile_spec(SPEC, device=device)
    assert isinstance(module, ScopeModule)
    return module


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16])
def test_emptying_a_module_on_the_meta_device_brings_its_constants(dtype: torch.dtype) -> None:
    expected = constants(build().to(dtype))
    assert sorted(expected) == ["0.scale", "0.shift", "inner.again.scaled.scale"]
    found = constants(build("meta").to(dtype).to_empty(device="cpu"))
    for name, constant in expected.items():
        torch.testing.assert_close(found[name], constant, rtol=0 if dtype is not torch.float64 else 1e-7, atol=0)


def test_inner_scopes_and_copies_bring_theirs_too() -> None:
    module = build("meta")
    for copied in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        inner = torch.nn.Sequential(copied.get_submodule("inner")).to_empty(device="cpu")
        assert inner.get_buffer("0.again.scaled.scale").flatten().tolist() == [0.5, 0.25, 0.125]
        assert copied.get_buffer("0.scale").is_meta


def test_a_constant_that_was_changed_by_hand_stays_changed() -> None:
    module = build()
    module.get_buffer("0.scale").fill_(7)
    assert module.double().get_buffer("0.scale").flatten().tolist() == [7, 7, 7]


def test_a_constant_that_was_taken_out_is_not_missed() -> None:
    module = build("meta")
    module.inner = torch.nn.Identity()
    assert list(constants(module.to_empty(device="cpu"))) == ["0.scale", "0.shift"]
