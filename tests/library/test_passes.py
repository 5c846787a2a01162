"""What passes find in the networks of the library, and that all of them together find nothing more the second time."""

from __future__ import annotations

from collections.abc import Callable

from archspec.compiler import load_graph
from archspec.passes import PASSES, run_passes
from archspec.passes.network import for_inference
from tests.doc_blocks import ROOT

NAMES = [each.name for each in PASSES]


def test_what_passes_find_in_the_library(golden: Callable[[str, str], None]) -> None:
    lines = [f"{'':26}{'nodes':>7}{'after':>7}" + "".join(f"  {name}" for name in NAMES)]
    for path in sorted((ROOT / "specs").glob("*.yaml")):
        before = for_inference(load_graph(path))
        after, counts = run_passes(before, PASSES, NAMES)
        found = "".join(f"{counts[name]:{len(name) + 2}}" for name in NAMES)
        lines.append(f"{path.stem:26}{len(before.graph):7}{len(after.graph):7}{found}")
        assert not any(run_passes(after, PASSES, NAMES)[1].values()), path.stem
    golden("library/passes.txt", "\n".join(lines))
