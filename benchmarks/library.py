"""The specs of the library: checking each from the shell, and building the largest beside timm's own class."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import timm

import archspec
from benchmarks.measure import Figure, interleave, ratio
from benchmarks.startup import ARCHSPEC, ROOT, process

CHECKS = 9
BUILDS = 9
LARGEST = "specs/inception_resnet_v2.yaml"


def figures() -> Iterator[Figure]:
    specs = [str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("specs/*.yaml"))]
    with TemporaryDirectory() as folder:
        script = Path(folder) / "archspec_.py"
        script.write_text(ARCHSPEC, encoding="utf-8")
        checks = interleave({spec: process(script, "check", ROOT / spec) for spec in specs}, CHECKS)
    for spec, taken in checks.items():
        yield Figure(f"`archspec check {spec}`", taken.median * 1e3, "ms", 600, f"min {taken.minimum * 1e3:.0f} ms")
    builds = interleave(
        {
            "ours": lambda: archspec.compile_spec(ROOT / LARGEST),
            "timm": lambda: timm.create_model("inception_resnet_v2", pretrained=False),
        },
        BUILDS,
    )
    names = ("`compile_spec`, from the file,", "timm")
    yield ratio("building inception_resnet_v2", builds["ours"], builds["timm"], 1.2, names=names)
