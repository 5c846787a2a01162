"""n-orca: graphs in Markdown, its verifier in strict mode, and the source that it compiles to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from benchmarks.diagnostics.attempt import CODE
from benchmarks.diagnostics.peer import Peer, Planting, planted

BLOCK = """\
# architecture Block

## tensors

| Name | Shape            | Dtype   |
|------|------------------|---------|
| x    | (B, 192, 35, 35) | float32 |
| y    | (B, 128, 35, 35) | float32 |

## layer x [input]
## layer b1
- op: Conv2d(192, 64, 1)
## layer b2a
- op: Conv2d(192, 48, 1)
## layer b2b
- op: Conv2d(48, 64, 5, 1, 2)
## layer cat
- op: Concat(1)
## layer y [output]

## flow

| Source | Target | Tensor |
|--------|--------|--------|
| x      | b1     | x      |
| x      | b2a    | x      |
| b2a    | b2b    | v      |
| b1     | cat    | u      |
| b2b    | cat    | w      |
| cat    | y      | z      |
"""
B2B = "Conv2d(48, 64, 5, 1, 2)"
Y = "## layer y [output]\n"
LAST = "| cat    | y      | z      |\n"

ANY_SIZE = (("(B, 192, 35, 35)", "(B, 192, H, W)"), ("(B, 128, 35, 35)", "(B, 128, H, W)"))
LINEAR = (
    ("(B, 128, 35, 35)", "(B, 10)"),
    (Y, f"## layer flat\n- op: Flatten(1)\n## layer fc\n- op: Linear(156800, 10)\n{Y}"),
    (LAST, "| cat    | flat   | z      |\n| flat   | fc     | f      |\n| fc     | y      | o      |\n"),
)
LINEAR_OF_MEANS = (
    ANY_SIZE[0],
    *LINEAR,
    ("## layer flat\n", "## layer mean\n- op: AdaptiveAvgPool2d(1)\n## layer flat\n"),
    ("| cat    | flat   | z      |", "| cat    | mean   | z      |\n| mean   | flat   | m      |"),
    ("156800", "128"),
)
ACTIVATED = (
    (Y, f"## layer act\n- op: ReLU\n{Y}"),
    (LAST, "| cat    | act    | z      |\n| act    | y      | o      |\n"),
)
POSITIONAL = "parameters go by position"


class NOrca(Peer):
    """Graphs in Markdown to source of torch."""

    name: ClassVar[str] = "n-orca"
    packages: ClassVar[tuple[str, ...]] = ("n-orca",)
    roots: ClassVar[tuple[str, ...]] = ("n_orca",)
    block: ClassVar[str] = BLOCK
    lines: ClassVar[str] = r"\bline (\d+)"
    mistakes: ClassVar[Mapping[str, Planting]] = {
        "unknown-layer": planted((B2B, B2B.replace("Conv", "Cnov"))),
        "parameter-typo": POSITIONAL,
        "missing-parameter": planted((B2B, "Conv2d(48, 64)"), says=(r"\bk\b|kernel",)),
        "wrong-type": planted(("Conv2d(192, 64, 1)", "Conv2d(192, '64', 1)")),
        "unknown-key": planted(("## tensors", "## titel\n\nA block\n\n## tensors")),
        "unknown-input": planted(("| b2b    | cat    |", "| b2c    | cat    |")),
        "cycle": planted(("| x      | b2a    |", "| b2b    | b2a    |")),
        "duplicate-name": planted(("## layer cat\n", "## layer b2a\n- op: ReLU\n## layer cat\n")),
        "dead-branch": planted(("| b2b    | cat    |", "| b1     | cat    |")),
        "wrong-channels": planted((B2B, B2B.replace("48", "64"))),
        "concat-mismatch": planted((B2B, "Conv2d(48, 64, 5)")),
        "large-kernel": planted(("Conv2d(192, 48, 1)", "Conv2d(192, 48, 99)")),
        "rounded-up": "pools cannot round up",
        "symbolic": planted((B2B, "Conv2d(48, 64, 5)"), base=ANY_SIZE),
        "groups": "there are no groups",
        "pool-padding": "pools are not padded",
        "same-stride": "padding is a number",
        "zero-stride": planted((B2B, "Conv2d(48, 64, 5, 0, 2)")),
        "linear-features": planted(("156800", "147968"), base=LINEAR),
        "linear-any-size": planted(
            ("AdaptiveAvgPool2d(1)", "Identity"), ("Linear(128", "Linear(156800"), base=LINEAR_OF_MEANS
        ),
        "training-head": "there are no phases",
        "code": planted(("op: ReLU", f"op: {CODE}"), base=ACTIVATED),
        "two-mistakes": planted(
            ("Conv2d(192, 48, 1)", "Paddign(192, 48, 1)"), ("| b2b    | cat    |", "| b2c    | cat    |")
        ),
        "oblong-kernel": planted((B2B, "Conv2d(48, 64, (1, 7), 1, (0, 3))")),
    }

    def check(self, text: str) -> Sequence[str]:
        from n_orca import parse, verify

        report = verify(_only(parse(text)), strict=True)
        return [f"{error.code}: {error.message} -> {error.suggestion}" for error in report.errors]

    def build(self, text: str) -> Any:
        from n_orca import parse
        from n_orca.compiler.pytorch import compile_pytorch

        names: dict[str, Any] = {}
        exec(compile_pytorch(_only(parse(text))), names)
        return names["Block"]()


def _only(parsed: Any) -> Any:
    """The architecture of a file, which may hold several."""
    return parsed[0] if isinstance(parsed, list) else parsed
