"""From the file to a module with its weights drawn, beside torchvision's class, which draws them alike."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn
from torchvision.models import inception_v3

import archspec
from benchmarks.inference.setting import Setting
from benchmarks.measure import Figure, interleave, speed_up
from benchmarks.startup import ROOT

LEAST = 1.8
SPEC = ROOT / "specs/inception_v3.yaml"


def figures(setting: Setting) -> Iterator[Figure]:
    calls = {"ours": _ours, "peer": _theirs}
    _assert_drawn_alike(_ours(), _theirs())
    times = interleave(calls, setting.rounds)
    detail = f"{times['ours']} against {times['peer']}"
    yield speed_up("inception_v3: compile_spec to torchvision's class", times["ours"], times["peer"], LEAST, detail)


def _ours() -> nn.Module:
    return archspec.compile_spec(SPEC)


def _theirs() -> nn.Module:
    made: nn.Module = inception_v3(weights=None, init_weights=True)
    return made


def _assert_drawn_alike(ours: nn.Module, theirs: nn.Module) -> None:
    """Assert that all weights have the same keys and deviations, up to six times what chance does."""
    expected = theirs.state_dict()
    assert ours.state_dict().keys() == expected.keys()
    for key, weight in ours.state_dict().items():
        if weight.dim() > 1:
            chance = (2 * weight.numel()) ** -0.5
            assert abs(float(weight.std() / expected[key].std()) - 1) < 6 * 2**0.5 * chance, key
