"""NNEF: the parser and shape inference of Khronos, and the interpreter of its tools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from benchmarks.diagnostics.attempt import CODE
from benchmarks.diagnostics.peer import Peer, Planting, planted

BLOCK = """\
version 1.0;

graph block(x) -> (cat)
{
    x = external<scalar>(shape = [2, 192, 35, 35]);
    w1 = variable<scalar>(shape = [64, 192, 1, 1], label = 'w1');
    w2 = variable<scalar>(shape = [48, 192, 1, 1], label = 'w2');
    w3 = variable<scalar>(shape = [64, 48, 5, 5], label = 'w3');
    b1 = conv(x, w1, padding = [(0, 0), (0, 0)]);
    b2a = conv(x, w2, padding = [(0, 0), (0, 0)]);
    b2b = conv(b2a, w3, padding = [(2, 2), (2, 2)]);
    cat = concat([b1, b2b], axis = 1);
}
"""
PADDING = "padding = [(2, 2), (2, 2)]"
B1 = "b1 = conv(x, w1, padding = [(0, 0), (0, 0)]);"
B2A = "b2a = conv(x, w2, padding"
CAT = "    cat = concat([b1, b2b], axis = 1);\n"

GROUPED = ((PADDING, f"{PADDING}, groups = 4"), ("shape = [64, 48, 5, 5]", "shape = [64, 12, 5, 5]"))
LINEAR = (
    ("-> (cat)", "-> (fc)"),
    (CAT, f"    w4 = variable<scalar>(shape = [10, 156800], label = 'w4');\n{CAT}    fc = linear(flat, w4);\n"),
    ("    fc", "    flat = reshape(cat, shape = [2, -1]);\n    fc"),
)
ACTIVATED = (("-> (cat)", "-> (act)"), (CAT, f"{CAT}    act = relu(cat);\n"))


class Nnef(Peer):
    """A format of graphs between tools, made to be read."""

    name: ClassVar[str] = "nnef"
    packages: ClassVar[tuple[str, ...]] = ("nnef", "nnef-tools")
    roots: ClassVar[tuple[str, ...]] = ("nnef", "nnef_tools")
    block: ClassVar[str] = BLOCK
    lines: ClassVar[str] = r"\[(\d+):\d+\]"
    defines: ClassVar[str] = r"^ *{} ="
    mistakes: ClassVar[Mapping[str, Planting]] = {
        "unknown-layer": planted(("b2b = conv", "b2b = cnov")),
        "parameter-typo": planted((PADDING, PADDING.replace("padding", "paddign"))),
        "missing-parameter": planted((", axis = 1", ""), says=("axis",)),
        "wrong-type": planted((B1, B1.replace(");", ", groups = '64');")), says=("groups",)),
        "unknown-key": planted(("version 1.0;\n", "version 1.0;\ntitel 'A block';\n")),
        "unknown-input": planted(("[b1, b2b]", "[b1, b2c]")),
        "cycle": planted((B2A, B2A.replace("x", "b2b"))),
        "duplicate-name": planted((B1, f"{B1}\n    b2a = relu(x);")),
        "dead-branch": planted(("[b1, b2b]", "[b1, b1]")),
        "wrong-channels": planted(("shape = [64, 48, 5, 5]", "shape = [64, 64, 5, 5]")),
        "concat-mismatch": planted((PADDING, "padding = [(0, 0), (0, 0)]")),
        "large-kernel": planted(("shape = [48, 192, 1, 1]", "shape = [48, 192, 99, 99]")),
        "rounded-up": "sides are not rounded: they follow from the padding",
        "symbolic": "sizes are numbers",
        "groups": planted(("groups = 4", "groups = 5"), base=GROUPED),
        "pool-padding": "windows may lie in the padding",
        "same-stride": "the padding that keeps the size has a meaning at any stride",
        "zero-stride": planted((PADDING, f"{PADDING}, stride = [0, 0]")),
        "linear-features": planted(("156800", "147968"), base=LINEAR),
        "linear-any-size": "sizes are numbers",
        "training-head": "there are no phases",
        "code": planted(("act = relu(cat)", f"act = {CODE}(cat)"), base=ACTIVATED),
        "two-mistakes": planted((B2A, B2A.replace("padding", "paddign")), ("[b1, b2b]", "[b1, b2c]")),
        "oblong-kernel": planted(
            ("shape = [64, 48, 5, 5]", "shape = [64, 48, 1, 7]"), (PADDING, "padding = [(0, 0), (3, 3)]")
        ),
    }

    def check(self, text: str) -> Sequence[str]:
        import nnef

        graph = nnef.parse_string(text)
        nnef.infer_shapes(graph)
        return ()

    def build(self, text: str) -> Any:
        import nnef
        import numpy
        from nnef_tools.interpreter.pytorch import NNEFModule

        graph = nnef.parse_string(text)
        nnef.infer_shapes(graph)
        for name in [operation.outputs["output"] for operation in graph.operations if operation.name == "variable"]:
            tensor = graph.tensors[name]
            graph.tensors[name] = tensor._replace(data=numpy.zeros(tensor.shape, numpy.float32))
        return NNEFModule(graph)

    def run(self, model: Any, side: int) -> tuple[int, ...]:
        import torch

        with torch.no_grad():
            return tuple(model(torch.zeros(2, 192, side, side))[0].shape)
