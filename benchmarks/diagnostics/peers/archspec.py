"""archspec itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import archspec
from benchmarks.diagnostics.attempt import CODE
from benchmarks.diagnostics.peer import Peer, Planting, planted

if TYPE_CHECKING:
    from archspec.source.diagnostic import Diagnostics

BLOCK = """\
archspec: 1
name: block
inputs: {x: [N, 192, H=35, W=35]}
layers:
  - conv: {id: b1, from: x, kernel: 1, channels: 64}
  - conv: {id: b2a, from: x, kernel: 1, channels: 48}
  - conv: {id: b2b, from: b2a, kernel: 5, channels: 64, padding: 2}
  - concat: {id: cat, from: [b1, b2b]}
"""
B1 = "conv: {id: b1, from: x, kernel: 1, channels: 64}"
B2B = "conv: {id: b2b, from: b2a, kernel: 5, channels: 64, padding: 2}"
CAT = "  - concat: {id: cat, from: [b1, b2b]}\n"

ANY_SIZE = ("H=35, W=35", "H, W")
HALVED = (
    (B1, "max_pool: {id: b1, from: x, kernel: 2, stride: 2}"),
    ("from: b2a, kernel: 5", "from: b2a, stride: 2, kernel: 5"),
    ("padding: 2", "padding: 1"),
)
STRIDED = (
    (B1, "max_pool: {id: b1, from: x, kernel: 3, stride: 2, padding: 1}"),
    ("from: b2a, kernel: 5", "from: b2a, stride: 2, kernel: 5"),
)
GROUPED = (("from: b2a,", "from: b2a, groups: 4,"),)
POOLED = ((B1, "max_pool: {id: b1, from: x, kernel: 3, stride: 1, padding: 1}"),)
LINEAR = ((CAT, CAT + "  - flatten: {id: flat}\n  - linear: {id: fc, features: 10, input: [N, 156800]}\n"),)
LINEAR_OF_MEANS = (ANY_SIZE, (CAT, CAT + "  - global_avg_pool: {id: flat}\n  - linear: {id: fc, features: 10}\n"))
HEAD = ((CAT, "  - relu: {id: aux, from: b1}\n  - concat: {id: cat, from: [aux, b2b]}\n"),)
ACTIVATED = ((CAT, CAT + "  - relu: {id: act}\n"),)


class Archspec(Peer):
    """Specs in YAML; `archspec check` finds what is wrong."""

    name: ClassVar[str] = "archspec"
    packages: ClassVar[tuple[str, ...]] = ("archspec-nn",)
    roots: ClassVar[tuple[str, ...]] = ("archspec",)
    block: ClassVar[str] = BLOCK
    lines: ClassVar[str] = r"block\.yaml:(\d+):"
    defines: ClassVar[str] = r"id: {}\b"
    mistakes: ClassVar[Mapping[str, Planting]] = {
        "unknown-layer": planted((B2B, B2B.replace("conv", "cnov"))),
        "parameter-typo": planted(("padding: 2", "paddign: 2")),
        "missing-parameter": planted(("from: b2a, kernel: 5,", "from: b2a,")),
        "wrong-type": planted((B1, B1.replace("64", '"64"'))),
        "unknown-key": planted(("name: block\n", "name: block\ntitel: A block\n")),
        "unknown-input": planted(("[b1, b2b]", "[b1, b2c]")),
        "cycle": planted(("id: b2a, from: x", "id: b2a, from: b2b")),
        "duplicate-name": planted((B1, f"conv: {{id: b2a, from: x, kernel: 1, channels: 8}}\n  - {B1}")),
        "dead-branch": planted(("[b1, b2b]", "[b1, b1]")),
        "wrong-channels": planted(("from: b2a,", "from: b2a, input: 35x35x64,")),
        "concat-mismatch": planted((", padding: 2", "")),
        "large-kernel": planted(("id: b2a, from: x, kernel: 1", "id: b2a, from: x, kernel: 99")),
        "rounded-up": planted(("kernel: 2, stride: 2}", "kernel: 2, stride: 2, ceil_mode: true}"), base=HALVED),
        "symbolic": planted((", padding: 2", ""), base=(ANY_SIZE,)),
        "groups": planted(("groups: 4", "groups: 5"), base=GROUPED),
        "pool-padding": planted(
            ("stride: 1, padding: 1", "stride: 1, padding: 2"), ("64, padding: 2", "64, padding: 3"), base=POOLED
        ),
        "same-stride": planted(("64, padding: 2", "64, padding: same"), base=STRIDED),
        "zero-stride": planted(("64, padding: 2", "64, padding: 2, stride: 0")),
        "linear-features": planted(("156800", "147968"), base=LINEAR),
        "linear-any-size": planted(("global_avg_pool", "flatten"), base=LINEAR_OF_MEANS),
        "training-head": planted(("from: b1}", "from: b1, when: training}"), base=HEAD),
        "code": planted(("relu: {id: act}", f'"{CODE}": {{id: act}}'), base=ACTIVATED),
        "two-mistakes": planted(
            ("from: x, kernel: 1, channels: 48", "from: x, kernel: 1, channels: 48, paddign: 0"),
            ("[b1, b2b]", "[b1, b2c]"),
        ),
        "oblong-kernel": planted(("kernel: 5, channels: 64, padding: 2", "kernel: 1x7, channels: 64, padding: [0, 3]")),
    }

    def check(self, text: str) -> Sequence[str]:
        return [str(found)] if (found := self.errors(text)).failed else ()

    def build(self, text: str) -> Any:
        return archspec.compile_spec(_written(text))

    def errors(self, text: str) -> Diagnostics:
        """What is wrong with a spec; what rules remark besides is left out."""
        from archspec.source.diagnostic import Severity

        return archspec.check_spec(_written(text)).without(Severity.WARNING).without(Severity.NOTE)


def _written(text: str) -> Path:
    path = Path("block.yaml")
    path.write_text(text, encoding="utf-8")
    return path
