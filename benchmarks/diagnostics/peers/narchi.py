"""narchi: architectures in jsonnet, whose shapes are propagated before anything is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.diagnostics.attempt import CODE
from benchmarks.diagnostics.peer import Peer, Planting, planted

BLOCK = """\
{
  "_id": "block",
  "inputs": [{"_id": "x", "_shape": [192, 35, 35]}],
  "outputs": [{"_id": "y", "_shape": ["<<auto>>", "<<auto>>", "<<auto>>"]}],
  "blocks": [
    {"_id": "b1", "_class": "Conv2d", "output_feats": 64, "kernel_size": 1},
    {"_id": "b2a", "_class": "Conv2d", "output_feats": 48, "kernel_size": 1},
    {"_id": "b2b", "_class": "Conv2d", "output_feats": 64, "kernel_size": 5, "padding": 2},
    {"_id": "cat", "_class": "Concatenate", "dim": 0}
  ],
  "graph": [
    "x -> b1 -> cat",
    "x -> b2a -> b2b -> cat",
    "cat -> y"
  ]
}
"""
B1 = '"Conv2d", "output_feats": 64, "kernel_size": 1}'
B2A = '"output_feats": 48, "kernel_size": 1}'
B2B = '"kernel_size": 5, "padding": 2'
CAT = '{"_id": "cat", "_class": "Concatenate", "dim": 0}'
AUTO = '["<<auto>>", "<<auto>>", "<<auto>>"]'

ANY_SIZE = (("[192, 35, 35]", '[192, "<<variable:H>>", "<<variable:W>>"]'),)
HALVED = (
    (B1, '"MaxPool2d", "kernel_size": 2, "stride": 2}'),
    (B2B, '"kernel_size": 5, "padding": 1, "stride": 2'),
)
STRIDED = ((B1, '"MaxPool2d", "kernel_size": 3, "stride": 2, "padding": 1}'), (B2B, f'{B2B}, "stride": 2'))
LINEAR_OF_MEANS = (
    *ANY_SIZE,
    (AUTO, "[10]"),
    (
        CAT,
        f'{CAT},\n    {{"_id": "mean", "_class": "AdaptiveAvgPool2d", "output_feats": [1, 1]}},\n'
        '    {"_id": "flat", "_class": "Reshape", "reshape_spec": "flatten"},\n'
        '    {"_id": "fc", "_class": "Linear", "output_feats": 10}',
    ),
    ("cat -> y", "cat -> mean -> flat -> fc -> y"),
)
ACTIVATED = ((CAT, f'{CAT},\n    {{"_id": "act", "_class": "ReLU"}}'), ("cat -> y", "cat -> act -> y"))
INFERRED = "what a layer reads is inferred"


class Narchi(Peer):
    """Architectures in jsonnet to modules of torch."""

    name: ClassVar[str] = "narchi"
    packages: ClassVar[tuple[str, ...]] = ("narchi",)
    roots: ClassVar[tuple[str, ...]] = ("narchi",)
    block: ClassVar[str] = BLOCK
    lines: ClassVar[str] = r"block\.jsonnet:(\d+)"
    defines: ClassVar[str] = '"_id": "{}"'
    mistakes: ClassVar[Mapping[str, Planting]] = {
        "unknown-layer": planted(('"b2b", "_class": "Conv2d"', '"b2b", "_class": "Cnov2d"')),
        "parameter-typo": planted((B2B, B2B.replace("padding", "paddign"))),
        "missing-parameter": planted((B2B, '"padding": 2')),
        "wrong-type": planted((B1, B1.replace("64", '"64"'))),
        "unknown-key": planted(('  "inputs"', '  "titel": "A block",\n  "inputs"')),
        "unknown-input": planted(("b2b -> cat", 'b2b",\n    "b2c -> cat')),
        "cycle": planted(('"x -> b2a -> b2b -> cat"', '"b2a -> b2b -> b2a",\n    "b2b -> cat"')),
        "duplicate-name": planted((CAT, f'{{"_id": "b2a", "_class": "ReLU"}},\n    {CAT}')),
        "dead-branch": planted(
            ("b2a -> b2b -> cat", 'b2a -> b2b",\n    "x -> r -> cat'),
            (CAT, f'{{"_id": "r", "_class": "ReLU"}},\n    {CAT}'),
        ),
        "wrong-channels": INFERRED,
        "concat-mismatch": planted((B2B, '"kernel_size": 5')),
        "large-kernel": planted((B2A, B2A.replace('kernel_size": 1', 'kernel_size": 99'))),
        "rounded-up": planted(('"kernel_size": 2, ', '"kernel_size": 2, "ceil_mode": true, '), base=HALVED),
        "symbolic": planted((B2B, '"kernel_size": 5'), base=ANY_SIZE),
        "groups": planted(('"groups": 4', '"groups": 5'), base=((B2B, f'{B2B}, "groups": 4'),)),
        "pool-padding": planted(
            ('"padding": 1', '"padding": 2'),
            (B2B, B2B.replace("2", "3")),
            base=((B1, '"MaxPool2d", "kernel_size": 3, "stride": 1, "padding": 1}'),),
        ),
        "same-stride": planted(('"padding": 2, "stride"', '"padding": "same", "stride"'), base=STRIDED),
        "zero-stride": planted((B2B, f'{B2B}, "stride": 0')),
        "linear-features": INFERRED,
        "linear-any-size": planted(('"AdaptiveAvgPool2d", "output_feats": [1, 1]', '"Identity"'), base=LINEAR_OF_MEANS),
        "training-head": "there are no phases",
        "code": planted(('"act", "_class": "ReLU"', f'"act", "_class": "{CODE}"'), base=ACTIVATED),
        "two-mistakes": planted((B2A, B2A.replace("1}", '1, "paddign": 0}')), ("b2b -> cat", 'b2b",\n    "b2c -> cat')),
        "oblong-kernel": planted((B2B, '"kernel_size": [1, 7], "padding": [0, 3]')),
    }

    def check(self, text: str) -> Sequence[str]:
        from narchi.module import ModuleArchitecture

        ModuleArchitecture(_written(text))
        return ()

    def build(self, text: str) -> Any:
        from narchi.instantiators.pytorch import StandardModule

        return StandardModule(_written(text))

    def run(self, model: Any, side: int) -> tuple[int, ...]:
        import torch

        with torch.no_grad():
            return tuple(model.eval()(x=torch.zeros(2, 192, side, side)).shape)


def _written(text: str) -> str:
    path = Path("block.jsonnet")
    path.write_text(text, encoding="utf-8")
    return str(path)
