"""ONNX in its text form: the checker with shape inference, both as strict as they get, and the reference evaluator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from benchmarks.diagnostics.attempt import CODE
from benchmarks.diagnostics.peer import Peer, Planting, planted

BLOCK = """\
<ir_version: 10, opset_import: ["" : 21]>
block (float[N, 192, 35, 35] x, float[64, 192, 1, 1] w1, float[48, 192, 1, 1] w2, float[64, 48, 5, 5] w3)
  => (float[N, 128, 35, 35] y)
{
  [b1] b1 = Conv <kernel_shape = [1, 1]> (x, w1)
  [b2a] b2a = Conv <kernel_shape = [1, 1]> (x, w2)
  [b2b] b2b = Conv <kernel_shape = [5, 5], pads = [2, 2, 2, 2]> (b2a, w3)
  [cat] y = Concat <axis = 1> (b1, b2b)
}
"""
PADS = ", pads = [2, 2, 2, 2]"
CAT = "  [cat] y = Concat <axis = 1> (b1, b2b)\n"
Y = "float[N, 128, 35, 35] y"
B1 = "Conv <kernel_shape = [1, 1]> (x, w1)"

ANY_SIZE = (("float[N, 192, 35, 35] x", "float[N, 192, H, W] x"), (Y, "float[N, 128, H, W] y"))
HALVED = (
    (B1, "MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (x)"),
    (PADS, ", pads = [1, 1, 1, 1], strides = [2, 2]"),
    (Y, "float[N, 256, OH, OW] y"),
)
GROUPED = (("[5, 5], pads", "[5, 5], group = 4, pads"), ("float[64, 48, 5, 5]", "float[64, 12, 5, 5]"))
LINEAR = (
    (Y, "float[N, 10] y"),
    ("5, 5] w3)\n", "5, 5] w3, float[10, 156800] w4)\n"),
    (CAT, "  [cat] z = Concat <axis = 1> (b1, b2b)\n  [flat] f = Flatten (z)\n  [fc] y = Gemm <transB = 1> (f, w4)\n"),
)
LINEAR_OF_MEANS = (
    ("float[N, 192, 35, 35] x", "float[N, 192, H, W] x"),
    *LINEAR,
    ("[flat] f = Flatten (z)", "[mean] m = GlobalAveragePool (z)\n  [flat] f = Flatten (m)"),
    ("156800", "128"),
)
ACTIVATED = ((CAT, "  [cat] z = Concat <axis = 1> (b1, b2b)\n  [act] y = Relu (z)\n"),)


class Onnx(Peer):
    """A format of graphs between tools."""

    name: ClassVar[str] = "onnx"
    packages: ClassVar[tuple[str, ...]] = ("onnx",)
    roots: ClassVar[tuple[str, ...]] = ("onnx",)
    block: ClassVar[str] = BLOCK
    lines: ClassVar[str] = r"line: (\d+)"
    defines: ClassVar[str] = r"\[{}\]"
    mistakes: ClassVar[Mapping[str, Planting]] = {
        "unknown-layer": planted(("[b2b] b2b = Conv", "[b2b] b2b = Cnov")),
        "parameter-typo": planted(("pads", "paddign")),
        "missing-parameter": planted((" <axis = 1> (b1, b2b)", " (b1, b2b)"), says=("axis",)),
        "wrong-type": planted((B1, 'Conv <kernel_shape = [1, 1], group = "64"> (x, w1)'), says=("group",)),
        "unknown-key": planted(("ir_version: 10,", 'ir_version: 10, titel: "A block",')),
        "unknown-input": planted(("(b1, b2b)", "(b1, b2c)")),
        "cycle": planted(("(x, w2)", "(b2b, w2)")),
        "duplicate-name": planted(("  [b2b]", "  [b2a] b2a = Relu (x)\n  [b2b]")),
        "dead-branch": planted(("(b1, b2b)", "(b1, b1)")),
        "wrong-channels": planted(("float[64, 48, 5, 5]", "float[64, 64, 5, 5]")),
        "concat-mismatch": planted((PADS, "")),
        "large-kernel": planted(
            ("[b2a] b2a = Conv <kernel_shape = [1, 1]>", "[b2a] b2a = Conv <kernel_shape = [99, 99]>"),
            ("float[48, 192, 1, 1]", "float[48, 192, 99, 99]"),
        ),
        "rounded-up": planted(("strides = [2, 2]> (x)", "strides = [2, 2], ceil_mode = 1> (x)"), base=HALVED),
        "symbolic": planted((PADS, ""), base=ANY_SIZE),
        "groups": planted(("group = 4", "group = 5"), base=GROUPED),
        "pool-padding": "windows may lie in the padding",
        "same-stride": "SAME_UPPER has a meaning at any stride",
        "zero-stride": planted(("[2, 2, 2, 2]>", "[2, 2, 2, 2], strides = [0, 0]>")),
        "linear-features": planted(("156800", "147968"), base=LINEAR),
        "linear-any-size": planted(
            ("[mean] m = GlobalAveragePool (z)", "[mean] m = Identity (z)"),
            ("float[10, 128] w4", "float[10, 156800] w4"),
            base=LINEAR_OF_MEANS,
        ),
        "training-head": "there are no phases",
        "code": planted(("y = Relu (z)", f"y = {CODE} (z)"), base=ACTIVATED),
        "two-mistakes": planted(
            (
                "[b2a] b2a = Conv <kernel_shape = [1, 1]>",
                "[b2a] b2a = Conv <kernel_shape = [1, 1], paddign = [0, 0, 0, 0]>",
            ),
            ("(b1, b2b)", "(b1, b2c)"),
        ),
        "oblong-kernel": planted(
            ("kernel_shape = [5, 5]", "kernel_shape = [1, 7]"),
            ("pads = [2, 2, 2, 2]", "pads = [0, 3, 0, 3]"),
            ("float[64, 48, 5, 5]", "float[64, 48, 1, 7]"),
        ),
    }

    def check(self, text: str) -> Sequence[str]:
        from onnx import checker, parser, shape_inference

        model = parser.parse_model(text)
        checker.check_model(model, full_check=True)
        shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
        return ()

    def build(self, text: str) -> Any:
        from onnx import parser
        from onnx.reference import ReferenceEvaluator

        return ReferenceEvaluator(parser.parse_model(text))

    def run(self, model: Any, side: int) -> tuple[int, ...]:
        import numpy

        sizes = {"N": 2, "H": side, "W": side}
        feeds = {
            value.name: numpy.zeros([sizes.get(dim.dim_param, dim.dim_value) for dim in _dims(value)], numpy.float32)
            for value in model.proto_.graph.input
        }
        return tuple(model.run(None, feeds)[0].shape)


def _dims(value: Any) -> Any:
    return value.type.tensor_type.shape.dim
