"""Whole processes of `archspec render`, with each layout engine that is installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from archspec.render.engines import ENGINES, find
from benchmarks.analysis import chain
from benchmarks.measure import Figure, interleave
from benchmarks.startup import ARCHSPEC, ROOT, process

ROUNDS = 5
HEADER = "archspec: 1\nname: dense\ninputs: {image: [N, 3, H=224, W=224]}\nlayers:\n"
DENSE_BLOCKS = (6, 12, 48, 32)
"""The layers of the blocks of DenseNet-201 (Huang et al. 2016, table 1), each of which reads all before it."""


def figures() -> Iterator[Figure]:
    with TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "archspec_.py").write_text(ARCHSPEC, encoding="utf-8")
        (place / "chain.yaml").write_text(chain(1_000), encoding="utf-8")
        (place / "dense.yaml").write_text(dense(), encoding="utf-8")
        cases = (
            ("specs/inception_v3.yaml", [ROOT / "specs/inception_v3.yaml"], 1.2),
            ("modules of 1,000 nodes, all open", [place / "chain.yaml", "--depth", "all"], 3),
            ("DenseNet-201, all open", [place / "dense.yaml", "--depth", "all"], 10),
        )
        for engine in filter(None, map(find, ENGINES)):
            for what, arguments, limit in cases:
                run = process(place / "archspec_.py", "render", *arguments, "--engine", engine.name, "-o", "-")
                times = interleave({"": run}, ROUNDS)[""]
                yield Figure(f"{what}, {engine.version}", times.median, "s", limit, f"min {times.minimum:.2f} s")


def dense() -> str:
    """A network whose layers read what all layers before them in their block gave."""
    rows = ["  - conv: {id: stem, kernel: 7, stride: 2, padding: 3, channels: 64}\n"]
    read = ["stem"]
    for block, layers in enumerate(DENSE_BLOCKS):
        for layer in range(layers):
            name = f"b{block}_{layer}"
            rows.append(f"  - concat: {{id: {name}_all, from: [{', '.join(read)}]}}\n" if len(read) > 1 else "")
            rows.append(f"  - conv: {{id: {name}, kernel: 3, padding: same, channels: 32}}\n")
            read.append(name)
        rows.append(f"  - concat: {{id: b{block}, from: [{', '.join(read)}]}}\n")
        rows.append(f"  - conv: {{id: down{block}, kernel: 1, channels: 64}}\n")
        read = [f"down{block}"]
    return HEADER + "".join(rows)
