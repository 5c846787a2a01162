"""Writing an ONNX file with `archspec.export_onnx`, beside `torch.onnx.export`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import archspec
from benchmarks.inference.networks import NETWORKS, assert_near, pair
from benchmarks.inference.peers import export, on_onnxruntime
from benchmarks.inference.setting import Setting
from benchmarks.measure import Figure, interleave, speed_up

LEAST = 10.0
_ROUNDS = 5
"""At most: torch takes ten seconds for each."""
_NEAR = 1e-5


def figures(setting: Setting) -> Iterator[Figure]:
    for name in setting.chosen(NETWORKS):
        both, images = pair(name), setting.images(name, 1)
        with TemporaryDirectory() as folder:
            ours, theirs = Path(folder) / "ours.onnx", Path(folder) / "theirs.onnx"
            writers = {
                "archspec": lambda: archspec.export_onnx(both.ours, ours),  # noqa: B023 - run in this turn
                "torch": lambda: export(both.theirs, images, theirs),  # noqa: B023
            }
            times = interleave(writers, min(setting.rounds, _ROUNDS))
            files = {path.stem: on_onnxruntime(path, images) for path in (ours, theirs)}
            assert_near(files, both.exact(images), _NEAR)
        detail = f"{times['archspec']} against {times['torch']}"
        yield speed_up(f"{name}: file written", times["archspec"], times["torch"], LEAST, detail)
