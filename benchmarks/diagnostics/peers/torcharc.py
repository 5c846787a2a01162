"""torcharc: modules in YAML that pass a dictionary of tensors on; a run with random numbers infers what they read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from benchmarks.diagnostics.attempt import CODE
from benchmarks.diagnostics.peer import Peer, Planting, planted

BLOCK = """\
dag_in_shape: [192, 35, 35]
x: {type: ReuseFork, names: [one, two]}
b1: {type: Conv2d, in_names: [one], layers: [[64, 1]]}
b2a: {type: Conv2d, in_names: [two], layers: [[48, 1]]}
b2b: {type: Conv2d, in_names: [two], layers: [[64, 5, 1, 2]]}
cat: {type: ConcatMerge, in_names: [one, two]}
"""
B1 = "b1: {type: Conv2d, in_names: [one], layers: [[64, 1]]}"
CAT = "cat: {type: ConcatMerge, in_names: [one, two]}\n"
HALVED = ((B1, "b1: {type: MaxPool2d, in_names: [one], kernel_size: 2}"), ("[[64, 5, 1, 2]]", "[[64, 5, 2, 1]]"))
POOLED = ((B1, "b1: {type: MaxPool2d, in_names: [one], kernel_size: 3, stride: 1, padding: 1}"),)
STRIDED = (
    (B1, "b1: {type: MaxPool2d, in_names: [one], kernel_size: 3, stride: 2, padding: 1}"),
    ("[[64, 5, 1, 2]]", "[[64, 5, 2, 2]]"),
)
INFERRED = "what a layer reads is inferred"
NUMBERS = "sizes are numbers"


class Torcharc(Peer):
    """Modules in YAML to modules of torch."""

    name: ClassVar[str] = "torcharc"
    packages: ClassVar[tuple[str, ...]] = ("torcharc",)
    roots: ClassVar[tuple[str, ...]] = ("torcharc",)
    block: ClassVar[str] = BLOCK
    mistakes: ClassVar[Mapping[str, Planting]] = {
        "unknown-layer": planted(("b2b: {type: Conv2d", "b2b: {type: Cnov2d")),
        "parameter-typo": planted(("b2b: {type: Conv2d", "b2b: {paddign: 2, type: Conv2d")),
        "missing-parameter": planted(("[[64, 5, 1, 2]]", "[[64]]")),
        "wrong-type": planted(("[[64, 1]]", '[["64", 1]]')),
        "unknown-key": planted(("x: {type", "titel: A block\nx: {type")),
        "unknown-input": planted(("ConcatMerge, in_names: [one, two]", "ConcatMerge, in_names: [one, b2c]")),
        "cycle": "modules read what is before them",
        "duplicate-name": planted((CAT, f"b2a: {{type: ReLU, in_names: [two]}}\n{CAT}")),
        "dead-branch": planted(("ConcatMerge, in_names: [one, two]", "ConcatMerge, in_names: [one, one]")),
        "wrong-channels": INFERRED,
        "concat-mismatch": planted(("[[64, 5, 1, 2]]", "[[64, 5]]")),
        "large-kernel": planted(("[[48, 1]]", "[[48, 99]]")),
        "rounded-up": planted(("kernel_size: 2", "kernel_size: 2, ceil_mode: true"), base=HALVED),
        "symbolic": NUMBERS,
        "groups": planted(("[[64, 5, 1, 2, 1, 4]]", "[[64, 5, 1, 2, 1, 5]]"), base=(("5, 1, 2]]", "5, 1, 2, 1, 4]]"),)),
        "pool-padding": planted(("padding: 1", "padding: 2"), ("5, 1, 2]]", "5, 1, 3]]"), base=POOLED),
        "same-stride": planted(("[[64, 5, 2, 2]]", "[[64, 5, 2, same]]"), base=STRIDED),
        "zero-stride": planted(("[[64, 5, 1, 2]]", "[[64, 5, 0, 2]]")),
        "linear-features": INFERRED,
        "linear-any-size": NUMBERS,
        "training-head": "there are no phases",
        "code": planted(
            ("activation: ReLU", f'activation: "{CODE}"'),
            base=((CAT, f"{CAT}act: {{type: Conv2d, layers: [[128, 1]], activation: ReLU}}\n"),),
        ),
        "two-mistakes": planted(
            ("b2a: {type: Conv2d", "b2a: {paddign: 0, type: Conv2d"),
            ("ConcatMerge, in_names: [one, two]", "ConcatMerge, in_names: [one, b2c]"),
        ),
        "oblong-kernel": planted(("[[64, 5, 1, 2]]", "[[64, [1, 7], 1, [0, 3]]]")),
    }

    def check(self, text: str) -> Sequence[str]:
        """Nothing: there is no check but that of making the modules."""
        return ()

    def build(self, text: str) -> Any:
        import torcharc
        import yaml

        return torcharc.build(yaml.safe_load(text))

    def run(self, model: Any, side: int) -> tuple[int, ...]:
        import torch

        with torch.no_grad():
            given = model.eval()(torch.zeros(2, 192, side, side))
        return tuple((given["one"] if isinstance(given, dict) else given).shape)
