from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from archspec.source.diagnostic import Diagnostic, Label, Severity
from archspec.source.origin import Origin
from archspec.source.report import render_text, summary
from archspec.source.span import Source, Span

Golden = Callable[[str, str], None]

SPEC = Source(
    "specs/inception.yaml",
    """\
blocks:
  mixed:
    layers:
      - concat:
          branches:
            b1x1: [{conv_bn: {channels: 64, kernel: 1}}]
            # 48, then 64
            b5x5: [{conv_bn: {channels: 48, kernel: 1}}, {conv_bn: {channels: 64, kernel: 5}}]
title: "層 日本語 caf\u0065\u0301"  # wide and combining
tabs:\t[1,\t2]
layers:
  - mixed: {id: mixed5, repeat: 3}
  - head: {from: mixed5}
""",
)
BLOCKS = Source("specs/blocks/head.yaml", "blocks:\n  head: {in: [N, C, H, W]}\n")


def at(text: str, source: Source = SPEC) -> Span:
    start = source.text.index(text)
    return Span(source, start, start + len(text))


def shape_mismatch() -> Diagnostic:
    use = Origin(at("mixed5"), "mixed5.1", Origin(at("layers:\n  - mixed"), "trunk"))
    return Diagnostic(
        "shape-mismatch",
        "`concat` needs equal height and width on every branch",
        at("b5x5"),
        "[N, 64, 31, 31]",
        (Label(at("b1x1"), "[N, 64, 35, 35]"),),
        "`padding: same` on the second `conv_bn` makes it [N, 64, 35, 35]",
        ("the sizes are those of the declared input",),
        origin=Origin(at("b5x5"), "mixed5.1.b5x5", use),
    )


def several_on_one_line() -> Diagnostic:
    labels = (
        Label(at("id:"), "the first"),
        Label(at("repeat"), "the third"),
        Label(at("head", BLOCKS), "in another file"),
        Label(at("mixed"), "far above"),
    )
    return Diagnostic(
        "odd-items", "three places on one line", at("mixed5"), "the second", labels, severity=Severity.WARNING
    )


def everything() -> list[Diagnostic]:
    return [
        shape_mismatch(),
        several_on_one_line(),
        Diagnostic("odd-text", "wide characters take two columns", at("日本語"), "here", severity=Severity.NOTE),
        Diagnostic("odd-text", "combining characters take none", at('"  #'), "here", severity=Severity.NOTE),
        Diagnostic("odd-text", "tabs go to the next stop", at("2]"), "here"),
        Diagnostic("odd-text", "only the first of several lines", at("mixed:\n    layers:\n")),
        Diagnostic("odd-text", "the end of the file", Span(SPEC, len(SPEC.text), len(SPEC.text)), "here"),
        Diagnostic("no-place", "nothing to point at", help="look elsewhere"),
        Diagnostic("no-place", "only a label", labels=(Label(at("head", BLOCKS), "see this"),)),
    ]


def test_frames(golden: Golden) -> None:
    golden("reports/frames.txt", render_text(everything(), dependent=3))


def test_colored_frames_differ_only_by_colors(golden: Golden) -> None:
    colored = render_text(everything(), dependent=3, color=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == render_text(everything(), dependent=3)
    golden("reports/colors.txt", colored.replace("\x1b", "<ESC>"))


def test_ascii_frames_are_ascii() -> None:
    text = render_text([*everything(), long_line(50)], ascii_only=True)
    assert text.isascii()
    assert "\\u65e5\\u672c\\u8a9e" in text


def long_line(item: int) -> Diagnostic:
    source = Source("long.yaml", "long: [" + ", ".join(f"item{number}" for number in range(100)) + "]")
    labels = (Label(at(f"item{item + 2},", source), "near"), Label(at("item99", source), "far"))
    return Diagnostic(
        "odd-text", "long lines are cropped around their marks", at(f"item{item},", source), "here", labels
    )


def test_long_lines_are_cropped(golden: Golden) -> None:
    text = render_text([long_line(0), long_line(50)], width=80)
    assert all(len(line) <= 80 for line in text.splitlines() if "item" in line)
    golden("reports/cropped.txt", text)


def test_a_line_of_megabytes_takes_no_time() -> None:
    source = Source("long.yaml", "x" * 5_000_000)
    text = render_text([Diagnostic("odd-text", "message", Span(source, 4_000_000, 4_000_010), "here")] * 100)
    assert len(text) < 50_000


def test_nothing_from_a_spec_reaches_the_terminal_as_a_control_character() -> None:
    source = Source("a\x1b.yaml", "x: \x1b[2J\u202e\n")
    hostile = Origin(Span(source, 0, 1), "a\x1b", Origin(Span(source, 0, 1), "b\x1b"))
    label = Label(Span(source, 3, 4), "\x1blabel")
    text = render_text(
        [Diagnostic("n", "m\x1b", Span(source, 0, 1), "c\x1b", (label,), "h\x1b", ("n\nn",), origin=hostile)]
    )
    assert all(character == "\n" or character.isprintable() for character in text)
    assert "m\\x1b" in text


def test_a_long_chain_of_uses_is_cut() -> None:
    origin = None
    for level in range(12):
        origin = Origin(at("mixed5"), f"level{level}", origin)
    text = render_text([Diagnostic("odd", "message", at("mixed5"), origin=origin)])
    assert "= note: in `level10`, a use at specs/inception.yaml:12:17" in text
    assert "= note: and 3 uses further out" in text


def test_summaries() -> None:
    error = Diagnostic("a", "m")
    warning = Diagnostic("a", "m", severity=Severity.WARNING)
    assert summary([error, error, warning], 3) == ("2 errors, 1 warning; 3 nodes that depend on them were not checked")
    assert summary([error], 1) == "1 error; 1 node that depends on it was not checked"
    assert summary([warning]) == "1 warning"
    assert render_text([]) == ""


@given(st.text(max_size=60), st.integers(0, 60), st.integers(0, 60), st.integers(0, 60), st.integers(1, 120))
def test_any_span_of_any_text_has_a_frame(text: str, start: int, end: int, other: int, width: int) -> None:
    source = Source("x.yaml", text)
    start, end = sorted((min(start, len(text)), min(end, len(text))))
    label = Label(Span(source, min(other, len(text)), len(text)), "label")
    frame = render_text([Diagnostic("odd", "message", Span(source, start, end), "caption", (label,))], width=width)
    assert "caption" in frame
    assert "label" in frame
    assert not any(line.endswith(" ") for line in frame.split("\n"))


def test_reading_and_reporting_need_neither_rich_nor_pydantic() -> None:
    program = (
        "import sys, archspec.language.reader, archspec.source.formats; print({'rich', 'pydantic'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
