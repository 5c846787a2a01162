"""structcast-model: flows of layers in YAML, and the source that it writes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.diagnostics.attempt import CODE
from benchmarks.diagnostics.peer import Peer, Planting, planted

BLOCK = """\
INPUTS: [x]
OUTPUTS: [y]
FLOW:
  - [x, u, b1, [_obj_, {_addr_: torch.nn.LazyConv2d}, {_call_: {out_channels: 64, kernel_size: 1}}]]
  - [x, v, b2a, [_obj_, {_addr_: torch.nn.LazyConv2d}, {_call_: {out_channels: 48, kernel_size: 1}}]]
  - [v, w, b2b, [_obj_, {_addr_: torch.nn.LazyConv2d}, {_call_: {out_channels: 64, kernel_size: 5, padding: 2}}]]
  - [[[u, w]], y, cat, [_obj_, {_addr_: structcast_model.torch.layers.Concatenate}, {_call_: {dim: 1}}]]
"""
B1 = "torch.nn.LazyConv2d}, {_call_: {out_channels: 64, kernel_size: 1}}]]"
B2A = "{out_channels: 48, kernel_size: 1}"
B2B = "kernel_size: 5, padding: 2}"
CAT = "  - [[[u, w]], y, cat"
RELU = "[_obj_, {_addr_: torch.nn.ReLU}, _call_]"
END = "{_call_: {dim: 1}}]]\n"

HALVED = (
    (B1, "torch.nn.MaxPool2d}, {_call_: {kernel_size: 2}}]]"),
    (B2B, "kernel_size: 5, padding: 1, stride: 2}"),
)
STRIDED = (
    (B1, "torch.nn.MaxPool2d}, {_call_: {kernel_size: 3, stride: 2, padding: 1}}]]"),
    (B2B, "kernel_size: 5, padding: 2, stride: 2}"),
)
POOLED = ((B1, "torch.nn.MaxPool2d}, {_call_: {kernel_size: 3, stride: 1, padding: 1}}]]"),)
LINEAR = (
    (CAT, CAT.replace("y", "z")),
    (
        END,
        f"{END}  - [z, f, flat, [_obj_, {{_addr_: torch.nn.Flatten}}, _call_]]\n"
        "  - [f, y, fc, [_obj_, {_addr_: torch.nn.Linear}, {_call_: {in_features: 156800, out_features: 10}}]]\n",
    ),
)
ACTIVATED = ((CAT, CAT.replace("y", "z")), (END, f"{END}  - [z, y, act, {RELU}]\n"))
PHASES = (
    (CAT, f"  - [u, aux, aux, {RELU}]\n  - [[[aux, w]], y, cat"),
    (
        END,
        f"{END}INFERENCE_FLOW:\n  - [x, u, b1]\n  - [x, v, b2a]\n  - [v, w, b2b]\n  - [u, aux, aux]\n"
        "  - [[[aux, w]], y, cat]\n",
    ),
)
NO_SIZES = "sizes are not told"


class StructcastModel(Peer):
    """Flows in YAML to source of torch; `scm torch create` is taken for the check."""

    name: ClassVar[str] = "structcast"
    packages: ClassVar[tuple[str, ...]] = ("structcast-model",)
    roots: ClassVar[tuple[str, ...]] = ("structcast_model", "structcast")
    block: ClassVar[str] = BLOCK
    mistakes: ClassVar[Mapping[str, Planting]] = {
        "unknown-layer": planted(
            ("b2b, [_obj_, {_addr_: torch.nn.LazyConv2d", "b2b, [_obj_, {_addr_: torch.nn.LazyCnov2d")
        ),
        "parameter-typo": planted((B2B, B2B.replace("padding", "paddign"))),
        "missing-parameter": planted((B2B, "padding: 2}")),
        "wrong-type": planted(("{out_channels: 64, kernel_size: 1}", '{out_channels: "64", kernel_size: 1}')),
        "unknown-key": planted(("FLOW:", "titel: A block\nFLOW:")),
        "unknown-input": planted(("[[u, w]]", "[[u, b2c]]")),
        "cycle": planted(("[x, v, b2a", "[w, v, b2a")),
        "duplicate-name": planted((CAT, f"  - [w, w, b2a, {RELU}]\n{CAT}")),
        "dead-branch": planted(("[[u, w]]", "[[u, u]]")),
        "wrong-channels": planted(
            ("in_channels: 48", "in_channels: 64"),
            base=(
                ("b2b, [_obj_, {_addr_: torch.nn.Lazy", "b2b, [_obj_, {_addr_: torch.nn."),
                (B2B, f"in_channels: 48, {B2B}"),
            ),
        ),
        "concat-mismatch": planted((B2B, "kernel_size: 5}")),
        "large-kernel": planted((B2A, B2A.replace("1}", "99}"))),
        "rounded-up": planted(("{kernel_size: 2}", "{kernel_size: 2, ceil_mode: true}"), base=HALVED),
        "symbolic": NO_SIZES,
        "groups": planted(("groups: 4", "groups: 5"), base=((B2B, f"groups: 4, {B2B}"),)),
        "pool-padding": planted(
            ("stride: 1, padding: 1", "stride: 1, padding: 2"), (B2B, B2B.replace("2", "3")), base=POOLED
        ),
        "same-stride": planted(("padding: 2, stride", "padding: same, stride"), base=STRIDED),
        "zero-stride": planted((B2B, f"stride: 0, {B2B}")),
        "linear-features": planted(("156800", "147968"), base=LINEAR),
        "linear-any-size": NO_SIZES,
        "training-head": planted(("  - [u, aux, aux]\n", ""), base=PHASES, says=("infer|train",)),
        "code": planted((RELU, RELU.replace("_call_", f'{{_call_: {{inplace: "eval: {CODE}"}}}}')), base=ACTIVATED),
        "two-mistakes": planted((B2A, B2A.replace("1}", "1, paddign: 0}")), ("[[u, w]]", "[[u, b2c]]")),
        "oblong-kernel": planted((B2B, "kernel_size: [1, 7], padding: [0, 3]}")),
    }

    def check(self, text: str) -> Sequence[str]:
        from structcast_model.builders.torch import TorchBuilder

        Path("block.yaml").write_text(text, encoding="utf-8")
        TorchBuilder.from_path("block.yaml")(classname="Block")("block_module.py")
        return ()

    def build(self, text: str) -> Any:
        """What the source gives that the check wrote."""
        names: dict[str, Any] = {}
        exec(Path("block_module.py").read_text(encoding="utf-8"), names)
        return names["Block"]()
