"""ultralytics: layers in YAML as lists that read each other by number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.diagnostics.attempt import CODE
from benchmarks.diagnostics.peer import Peer, Planting, planted

BLOCK = """\
nc: 10
channels: 192
backbone:
  - [-1, 1, nn.Identity, []]
  - [0, 1, Conv, [64, 1]]
  - [0, 1, Conv, [48, 1]]
  - [-1, 1, Conv, [64, 5, 1, 2]]
head:
  - [[1, 3], 1, Concat, [1]]
"""
B1 = "[0, 1, Conv, [64, 1]]"
B2B = "Conv, [64, 5, 1, 2]"
CAT = "  - [[1, 3], 1, Concat, [1]]\n"
LINEAR = ((CAT, f"{CAT}  - [-1, 1, nn.Flatten, []]\n  - [-1, 1, nn.Linear, [156800, 10]]\n"),)
HALVED = ((B1, "[0, 1, nn.MaxPool2d, [2, 2]]"), (B2B, "Conv, [64, 5, 2, 1]"))
NO_SIZES = "sizes are not told"


class Ultralytics(Peer):
    """Layers in YAML to modules of torch, for detectors and classifiers."""

    name: ClassVar[str] = "ultralytics"
    packages: ClassVar[tuple[str, ...]] = ("ultralytics",)
    roots: ClassVar[tuple[str, ...]] = ("ultralytics",)
    block: ClassVar[str] = BLOCK
    mistakes: ClassVar[Mapping[str, Planting]] = {
        "unknown-layer": planted((B2B, B2B.replace("Conv", "Cnov"))),
        "parameter-typo": "parameters go by position",
        "missing-parameter": planted((B2B, "Conv, []"), says=("channels|c2",)),
        "wrong-type": planted((B1, B1.replace("64", "many")), says=("many",)),
        "unknown-key": planted(("nc: 10\n", "nc: 10\ntitel: A block\n")),
        "unknown-input": planted(("[[1, 3], 1, Concat", "[[1, 9], 1, Concat"), says=("9",)),
        "cycle": planted(("[0, 1, Conv, [48", "[3, 1, Conv, [48")),
        "duplicate-name": "layers have no names",
        "dead-branch": planted(("[[1, 3], 1, Concat", "[[1, 1], 1, Concat")),
        "wrong-channels": planted(("[48, 64, 5", "[64, 64, 5"), base=((B2B, "nn.Conv2d, [48, 64, 5, 1, 2]"),)),
        "concat-mismatch": planted((B2B, "Conv, [64, 5, 1, 0]")),
        "large-kernel": planted(("[48, 1]", "[48, 99, 1, 0]")),
        "rounded-up": planted(("[2, 2]]", "[2, 2, 0, 1, False, True]]"), base=HALVED),
        "symbolic": NO_SIZES,
        "groups": planted(
            ("5, 1, 2, 4]", "5, 1, 2, 3]"), base=((B2B, "Conv, [64, 5, 1, 2, 4]"),), says=("group", "3|48|64")
        ),
        "pool-padding": planted(
            ("[3, 1, 1]", "[3, 1, 2]"), (B2B, "Conv, [64, 5, 1, 3]"), base=((B1, "[0, 1, nn.MaxPool2d, [3, 1, 1]]"),)
        ),
        "same-stride": planted(
            ("[64, 5, 2, 2]", "[64, 5, 2, same]"),
            base=((B1, "[0, 1, nn.MaxPool2d, [3, 2, 1]]"), (B2B, "Conv, [64, 5, 2, 2]")),
        ),
        "zero-stride": planted((B2B, "Conv, [64, 5, 0, 2]")),
        "linear-features": planted(("156800", "147968"), base=LINEAR),
        "linear-any-size": NO_SIZES,
        "training-head": "there are no phases",
        "code": planted(
            ('"torch.nn.ReLU()"', f'"{CODE} or torch.nn.ReLU()"'),
            base=(("nc: 10\n", 'nc: 10\nactivation: "torch.nn.ReLU()"\n'),),
        ),
        "two-mistakes": planted(
            ("[48, 1]", "[many, 1]"), ("[[1, 3], 1, Concat", "[[1, 9], 1, Concat"), says=("many", "9")
        ),
        "oblong-kernel": planted((B2B, "Conv, [64, [1, 7], 1, [0, 3]]")),
    }

    def check(self, text: str) -> Sequence[str]:
        """Nothing: there is no check but that of making the model."""
        return ()

    def build(self, text: str) -> Any:
        from ultralytics.nn.tasks import ClassificationModel

        class Model(ClassificationModel):  # type: ignore[misc, unused-ignore]
            def info(self, *arguments: Any, **options: Any) -> None:
                """Nothing: it would count operations at 640x640, without an end where a kernel is large."""

        path = Path("block.yaml")
        path.write_text(text, encoding="utf-8")
        return Model(str(path), ch=192, nc=10, verbose=False)
