"""From the file to a module, torch imported before, beside torchvision's class; weights are drawn alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from torch import nn

import archspec
from benchmarks.inference.networks import peer
from benchmarks.inference.setting import Setting
from benchmarks.measure import Figure, interleave, speed_up
from benchmarks.startup import ROOT

LEAST = {"inception_v3": 1.8}


def figures(setting: Setting) -> Iterator[Figure]:
    for name in setting.chosen(LEAST):
        calls: dict[str, Callable[[], nn.Module]] = {
            "ours": partial(archspec.compile_spec, ROOT / f"specs/{name}.yaml"),
            "peer": partial(peer, name, drawn=True),
        }
        _assert_drawn_alike(calls["ours"](), calls["peer"]())
        times = interleave(calls, setting.rounds)
        detail = f"{times['ours']} against {times['peer']}"
        yield speed_up(f"{name}: from the file to a module", times["ours"], times["peer"], LEAST.get(name), detail)


def _assert_drawn_alike(ours: nn.Module, theirs: nn.Module) -> None:
    """Assert that all weights have the same keys and deviations, up to six times what chance does."""
    expected = theirs.state_dict()
    assert ours.state_dict().keys() == expected.keys()
    for key, weight in ours.state_dict().items():
        if weight.dim() > 1:
            chance = (2 * weight.numel()) ** -0.5
            assert abs(float(weight.std() / expected[key].std()) - 1) < 6 * 2**0.5 * chance, key
