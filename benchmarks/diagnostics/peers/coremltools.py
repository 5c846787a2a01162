"""Core ML: the MIL builder of coremltools, where the check is part of the program. Models run on Apple's systems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from benchmarks.diagnostics.peer import LINE_OF_A_PROGRAM, PROGRAM_FILE, Peer, Planting, planted

BLOCK = """\
@mb.program(input_specs=[mb.TensorSpec(shape=(2, 192, 35, 35))])
def program(x):
    b1 = mb.conv(x=x, weight=zeros(64, 192, 1, 1), name="b1")
    b2a = mb.conv(x=x, weight=zeros(48, 192, 1, 1), name="b2a")
    b2b = mb.conv(x=b2a, weight=zeros(64, 48, 5, 5), pad_type="same", name="b2b")
    cat = mb.concat(values=[b1, b2b], axis=1, name="cat")
    return cat
"""
B1 = 'mb.conv(x=x, weight=zeros(64, 192, 1, 1), name="b1")'
LAST = "    return cat\n"
ANY_SIZE = (("shape=(2, 192, 35, 35)", "shape=(2, 192, any_side(), any_side())"),)
HALVED = (
    (B1, 'mb.max_pool(x=x, kernel_sizes=[2, 2], strides=[2, 2], pad_type="valid", name="b1")'),
    ('pad_type="same"', 'pad_type="custom", pad=[1, 1, 1, 1], strides=[2, 2]'),
)
LINEAR = (
    (
        LAST,
        '    flat = mb.reshape(x=cat, shape=[2, -1], name="flat")\n'
        '    fc = mb.linear(x=flat, weight=zeros(10, 156800), name="fc")\n    return fc\n',
    ),
)
LINEAR_OF_MEANS = (
    *ANY_SIZE,
    *LINEAR,
    ("156800", "128"),
    ("    flat", '    mean = mb.reduce_mean(x=cat, axes=[2, 3], keep_dims=True, name="mean")\n    flat'),
    ("mb.reshape(x=cat", "mb.reshape(x=mean"),
)


class Coremltools(Peer):
    """Programs that build Core ML's intermediate language."""

    name: ClassVar[str] = "coremltools"
    packages: ClassVar[tuple[str, ...]] = ("coremltools",)
    roots: ClassVar[tuple[str, ...]] = ("coremltools",)
    block: ClassVar[str] = BLOCK
    lines: ClassVar[str] = LINE_OF_A_PROGRAM
    defines: ClassVar[str] = 'name="{}"'
    mistakes: ClassVar[Mapping[str, Planting]] = {
        "unknown-layer": planted(("b2b = mb.conv", "b2b = mb.cnov")),
        "parameter-typo": planted(
            ("weight=zeros(64, 48, 5, 5), pad_type", "weight=zeros(64, 48, 5, 5), paddign=0, pad_type")
        ),
        "missing-parameter": planted((", axis=1", ""), says=("axis",)),
        "wrong-type": planted((B1, B1.replace(", name", ', groups="64", name')), says=("groups",)),
        "unknown-key": planted(("35, 35))])", '35, 35))], titel="A block")')),
        "unknown-input": planted(("[b1, b2b]", "[b1, b2c]")),
        "cycle": "a program can only name what is there already",
        "duplicate-name": planted((LAST, '    cat = mb.relu(x=cat, name="b2a")\n    return cat\n')),
        "dead-branch": planted(("[b1, b2b]", "[b1, b1]")),
        "wrong-channels": planted(("zeros(64, 48, 5, 5)", "zeros(64, 64, 5, 5)")),
        "concat-mismatch": planted(('pad_type="same"', 'pad_type="valid"')),
        "large-kernel": planted(("zeros(48, 192, 1, 1)", "zeros(48, 192, 99, 99)")),
        "rounded-up": planted(('pad_type="valid"', 'pad_type="valid", ceil_mode=True'), base=HALVED),
        "symbolic": planted(('pad_type="same"', 'pad_type="valid"'), base=ANY_SIZE),
        "groups": planted(("groups=4", "groups=5"), base=(("zeros(64, 48, 5, 5)", "zeros(64, 12, 5, 5), groups=4"),)),
        "pool-padding": "windows may lie in the padding",
        "same-stride": "`same` has a meaning at any stride",
        "zero-stride": planted(('pad_type="same"', 'pad_type="same", strides=[0, 0]')),
        "linear-features": planted(("156800", "147968"), base=LINEAR),
        "linear-any-size": planted(("x=mean", "x=cat"), ("zeros(10, 128)", "zeros(10, 156800)"), base=LINEAR_OF_MEANS),
        "training-head": "there are no phases",
        "code": "a spec is a program",
        "two-mistakes": planted(
            ("weight=zeros(48, 192, 1, 1)", "weight=zeros(48, 192, 1, 1), paddign=0"), ("[b1, b2b]", "[b1, b2c]")
        ),
        "oblong-kernel": planted(("zeros(64, 48, 5, 5)", "zeros(64, 48, 1, 7)")),
    }

    def check(self, text: str) -> Sequence[str]:
        """Nothing: there is no check but that of making the program."""
        return ()

    def build(self, text: str) -> Any:
        import numpy
        from coremltools.converters.mil import Builder
        from coremltools.converters.mil.mil import get_new_symbol

        def zeros(*shape: int) -> Any:
            return numpy.zeros(shape, numpy.float32)

        names: dict[str, Any] = {"mb": Builder, "any_side": get_new_symbol, "zeros": zeros}
        exec(compile(text, PROGRAM_FILE, "exec"), names)
        return names["program"]

    def run(self, model: Any, side: int) -> None:
        """Nothing: there is no runtime outside of Apple's systems."""
