"""netloader: layers in JSON, one after another, which read earlier ones by the number of a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.diagnostics.attempt import CODE
from benchmarks.diagnostics.peer import Peer, Planting, planted

BLOCK = """\
{"net": {"checkpoints": true, "Conv": {"activation": null}},
 "layers": [
  {"type": "Checkpoint"},
  {"type": "Conv", "filters": 64, "kernel": 1},
  {"type": "Checkpoint"},
  {"type": "Skip", "layer": 0},
  {"type": "Conv", "filters": 48, "kernel": 1},
  {"type": "Conv", "filters": 64, "kernel": 5, "padding": 2},
  {"type": "Concatenate", "layer": 1}
]}
"""
B1 = '"Conv", "filters": 64, "kernel": 1}'
B2A = '"filters": 48, "kernel": 1}'
B2B = '"Conv", "filters": 64, "kernel": 5, "padding": 2'
CAT = '{"type": "Concatenate", "layer": 1}'

HALVED = ((B1, '"Pool", "kernel": 2}'), (B2B, '"Conv", "filters": 64, "kernel": 5, "padding": 1, "stride": 2'))
STRIDED = ((B1, '"Pool", "kernel": 3, "stride": 2, "padding": 1}'), (B2B, f'{B2B}, "stride": 2'))
INFERRED = "what a layer reads is inferred"
NUMBERS = "sizes are numbers"


class Netloader(Peer):
    """Layers in JSON to modules of torch; shapes are followed while they are made."""

    name: ClassVar[str] = "netloader"
    packages: ClassVar[tuple[str, ...]] = ("netloader",)
    roots: ClassVar[tuple[str, ...]] = ("netloader",)
    block: ClassVar[str] = BLOCK
    places: ClassVar[Mapping[str, str]] = {
        "b1": r"layer 1\b",
        "b2a": r"layer 4\b",
        "b2b": r"layer 5\b",
        "cat": r"layer 6\b",
        "act": r"layer 7\b",
    }
    mistakes: ClassVar[Mapping[str, Planting]] = {
        "unknown-layer": planted((B2B, B2B.replace("Conv", "Cnov"))),
        "parameter-typo": planted((B2B, B2B.replace("padding", "paddign"))),
        "missing-parameter": planted((B2B, '"Conv", "kernel": 5, "padding": 2'), says=("filters",)),
        "wrong-type": planted((B1, B1.replace("64", '"64"'))),
        "unknown-key": planted((' "layers"', ' "titel": "A block",\n "layers"')),
        "unknown-input": planted((CAT, CAT.replace("1", "7")), says=("7",)),
        "cycle": "layers read what is before them",
        "duplicate-name": "layers have no names",
        "dead-branch": planted((CAT, '{"type": "Skip", "layer": 1}')),
        "wrong-channels": INFERRED,
        "concat-mismatch": planted((B2B, B2B.replace(', "padding": 2', ""))),
        "large-kernel": planted((B2A, B2A.replace("1}", "99}"))),
        "rounded-up": planted(('"kernel": 2}', '"kernel": 2, "pool_kwargs": {"ceil_mode": true}}'), base=HALVED),
        "symbolic": NUMBERS,
        "groups": planted(('"groups": 4', '"groups": 5'), base=((B2B, f'{B2B}, "groups": 4'),)),
        "pool-padding": planted(
            ('"padding": 1', '"padding": 2'),
            (B2B, B2B.replace("2", "3")),
            base=((B1, '"Pool", "kernel": 3, "stride": 1, "padding": 1}'),),
        ),
        "same-stride": planted(('"padding": 2, "stride"', '"padding": "same", "stride"'), base=STRIDED),
        "zero-stride": planted((B2B, f'{B2B}, "stride": 0')),
        "linear-features": INFERRED,
        "linear-any-size": NUMBERS,
        "training-head": "there are no phases",
        "code": planted(
            ('"ReLU"', f'"{CODE}"'), base=((CAT, f'{CAT},\n  {{"type": "Activation", "activation": "ReLU"}}'),)
        ),
        "two-mistakes": planted(
            (B2A, B2A.replace("1}", '1, "paddign": 0}')), (CAT, CAT.replace("1", "7")), says=("paddign", "7")
        ),
        "oblong-kernel": planted((B2B, '"Conv", "filters": 64, "kernel": [1, 7], "padding": [0, 3]')),
    }

    def check(self, text: str) -> Sequence[str]:
        """Nothing: there is no check but that of making the layers."""
        return ()

    def build(self, text: str) -> Any:
        from netloader.network import Network

        Path("block.json").write_text(text, encoding="utf-8")
        return Network("block", ".", [192, 35, 35], [128, 35, 35], suppress_warning=True)
