"""`archspec render`, from the command line to what it writes, says and refuses."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from archspec.commands.main import main
from tests.conftest import CASES
from tests.doc_blocks import ROOT
from tests.programs import needs

SPEC = """\
archspec: 1
name: small
params: {width: 8}
inputs: {image: [N, 3, H=33, W=33]}
blocks:
  inception:
    params: {width: 8}
    layers:
      - concat:
          branches:
            one: [{conv: {id: c, kernel: 1, channels: $width}}, relu]
            three: [{conv: {id: c, kernel: 3, channels: 8, padding: same}}, relu]
layers:
  - conv: {id: stem, kernel: 3, stride: 2, channels: 16}
  - relu: {id: act}
  - inception: {id: mixed, each: {width: [8, 16]}}
  - max_pool: {id: pool, kernel: 3, stride: 2}
  - global_avg_pool
  - flatten
  - linear: {id: logits, features: $width}
outputs: {logits: logits}
"""
BROKEN = SPEC.replace("kernel: 3, stride: 2, channels: 16", "kernel: 99, channels: 16")
RED = b'color="#d0021b"'

SPECS = sorted((ROOT / "specs").glob("*.yaml"))
ERRORS = sorted((CASES / "errors").glob("*.yaml"))
Capture = pytest.CaptureFixture[str]
Binary = pytest.CaptureFixture[bytes]
Fake = Callable[..., None]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(SPEC, encoding="utf-8")
    Path("broken.yaml").write_text(BROKEN, encoding="utf-8")


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """`fake(script)`: the layout engine is a shell script."""

    def write(script: str) -> None:
        (programs := tmp_path / "programs").mkdir()
        program = programs / "dot"
        program.write_text(f"#!/bin/sh\nif [ $1 = -V ]; then echo 'dot version 9.9' >&2; exit; fi\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
        monkeypatch.setenv("ARCHSPEC_ENGINE", "dot")

    return write


def written(capsysbinary: Binary, *arguments: str, code: int = 0) -> bytes:
    """What is written to standard output."""
    assert main(["render", *arguments, "-o", "-"]) == code
    return capsysbinary.readouterr().out


def said(capsys: Capture, *arguments: str, code: int = 2) -> str:
    """What is said of a command that fails."""
    assert main(["render", *arguments]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err
    return err


def boxes(dot: bytes) -> list[str]:
    """The ids of the boxes of a figure."""
    return re.findall(r'class="box [^\n]* id=(?:"?)([^" ]+)', dot.decode())


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_every_published_network_is_drawn(spec: Path, capsysbinary: Binary) -> None:
    svg = ElementTree.fromstring(written(capsysbinary, str(spec)))
    assert svg.attrib["role"] == "img"
    counts = [len(boxes(written(capsysbinary, str(spec), "--dot", "--depth", depth))) for depth in "012"]
    counts.append(len(boxes(written(capsysbinary, str(spec), "--dot", "--depth", "all"))))
    assert counts[0] == 1 < counts[1]
    assert counts == sorted(counts)  # a network without blocks has nothing more to open


@pytest.mark.parametrize("spec", ERRORS, ids=lambda path: path.stem)
def test_specs_with_errors_are_drawn_as_far_as_they_go(spec: Path, capsysbinary: Binary) -> None:
    code = main(["render", str(spec), "--dot", "--labels", "full", "-o", "-"])
    out, err = capsysbinary.readouterr()
    assert code in (0, 1)
    assert (b"error[" in err) == (code == 1)
    assert out == b"" or out.startswith(b"digraph figure {")


def test_what_is_wrong_is_red_and_says_why(capsysbinary: Binary) -> None:
    svg = written(capsysbinary, "broken.yaml", code=1)
    assert b'stroke="#d0021b"' in svg
    titles = [element.text or "" for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}title")]
    assert any("error[side-not-positive]" in title for title in titles)


@pytest.mark.parametrize(
    ("arguments", "name", "beginning"),
    [
        ([], "net.svg", b"<?xml"),
        (["--png"], "net.png", b"\x89PNG\r\n"),
        (["--pdf"], "net.pdf", b"%PDF-1"),
        (["--dot"], "net.dot", b"digraph"),
        (["-o", "figure.PNG"], "figure.PNG", b"\x89PNG"),
        (["-o", "figure.dot"], "figure.dot", b"digraph"),
        (["-o", "figure.txt", "--svg"], "figure.txt", b"<?xml"),
    ],
)
def test_a_file_is_written_and_named(arguments: list[str], name: str, beginning: bytes, capsys: Capture) -> None:
    assert main(["render", "net.yaml", *arguments]) == 0
    assert Path(name).read_bytes().startswith(beginning)
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(rf"{name}: 8 boxes, depth 2(, drawn by \w+ \d.*)?\n", err)


def test_a_spec_comes_through_standard_input(monkeypatch: pytest.MonkeyPatch, capsysbinary: Binary) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(SPEC.encode())))
    assert main(["render", "-", "--dot"]) == 0
    assert Path("network.dot").read_bytes() == written(capsysbinary, "net.yaml", "--dot")


def test_parameters_are_given(capsysbinary: Binary) -> None:
    assert b">linear, 8<" in written(capsysbinary, "net.yaml", "--dot")
    assert b">linear, 5<" in written(capsysbinary, "net.yaml", "--dot", "--set", "width=5")


def test_each_of_several_networks_has_a_file(capsys: Capture) -> None:
    Path("other.yaml").write_text(SPEC, encoding="utf-8")
    assert main(["render", "net.yaml", "other.yaml", "--dot"]) == 0
    assert capsys.readouterr().err.splitlines() == ["net.dot: 8 boxes, depth 2", "other.dot: 8 boxes, depth 2"]


def test_networks_stand_side_by_side(capsysbinary: Binary) -> None:
    dot = written(capsysbinary, "net.yaml", "broken.yaml", "--side-by-side", "--dot", code=1)
    assert {"1:pool", "2:pool"} <= set(boxes(dot))
    assert main(["render", "net.yaml", "net.yaml", "--side-by-side", "--dot"]) == 0
    assert Path("net-net.dot").exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--depth", "0"], ["network:"]),
        (["--depth", "1"], ["stem", "mixed", "pool", "4", "5", "logits"]),
        (["--block", "inception"], ["mixed.0.one", "mixed.0.three", "mixed.0.0"]),
        (["--block", "mixed.1", "--depth", "0"], ["mixed.1.one", "mixed.1.three", "mixed.1.0"]),
        (["--unfold", "--depth", "1"], ["stem", "mixed.0", "mixed.1", "pool", "4", "5", "logits"]),
    ],
    ids=" ".join,
)
def test_as_much_is_drawn_as_is_asked_for(arguments: list[str], expected: list[str], capsysbinary: Binary) -> None:
    found = boxes(written(capsysbinary, "net.yaml", "--dot", *arguments))
    assert [id_.partition("+")[0] for id_ in found] == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pool", {"pool"}),
        ("mixed.1.three.c", {"mixed"}),
        ("inception", {"mixed"}),
        ("even-kernel", set()),
        ("activation-missing", {"hidden"}),
    ],
)
def test_what_is_asked_for_is_highlighted(name: str, expected: set[str], capsysbinary: Binary) -> None:
    spec = SPEC.replace("  - linear:", "  - linear: {id: hidden, features: 8}\n  - linear:")
    Path("net.yaml").write_text(spec, encoding="utf-8")
    dot = written(capsysbinary, "net.yaml", "--dot", "--depth", "1", "--highlight", name)
    marked = [line for line in dot.splitlines() if b"highlight" in line and b"class=" in line]
    assert set(boxes(b"\n".join(marked))) == expected


@pytest.mark.parametrize("measure", ["macs", "params", "memory", "receptive_field"])
def test_boxes_are_coloured_by_what_they_cost(measure: str, capsysbinary: Binary) -> None:
    dot = written(capsysbinary, "net.yaml", "--dot", "--color-by", measure).decode()
    assert "coloured by" in dot
    fills = set(re.findall(r'class="box [^\n]*fillcolor="(#\w+)"', dot))
    assert "#640f2a" in fills, "something has most"
    assert len(fills) > 1


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["net.yaml", "-o", "figure.jpg"], "`figure.jpg` has an ending that says nothing; expected one of `.svg`"),
        (["net.yaml", "-o", "nowhere/figure.dot"], "nowhere/figure.dot` cannot be written: no such file or directory"),
        (["net.yaml", "--dot", "-o", "."], "cannot be written: is a directory"),
        (["net.yaml", "--block", "incption"], "has no block or sequence `incption`, did you mean `inception`?"),
        (["net.yaml", "--block", "\x1b[31m"], r"has no block or sequence `\x1b[31m`"),
        (["net.yaml", "--highlight", "stemm"], "has no path, block or rule `stemm`, did you mean `stem`?"),
        (["net.yaml", "--highlight", "incption"], "did you mean `inception`?"),
        (["net.yaml", "--highlight", "even-kernels"], "did you mean `even-kernel`?"),
        (["net.yaml", "--engine", "dto"], "there is no layout engine `dto`, did you mean `dot`?"),
        (["net.yaml", "--depth", "deep"], "`deep` is no depth; expected 0, 1, 2, ... or `all`"),
        (["net.yaml", "--depth", "-1"], "`-1` is no depth"),
        (["net.yaml", "--font", "<b>"], "`<b>` is no name of a font"),
        (["net.yaml", "--seconds", "0"], "--seconds"),
        (["net.yaml", "broken.yaml", "-o", "both.svg"], "several specs go into one file with --side-by-side only"),
        (["net.yaml", "net.yaml", "--dot"], "two of the files are called `net`"),
        (["missing.yaml"], "missing.yaml"),
        ([], "SPEC"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_a_line(arguments: list[str], expected: str, capsys: Capture) -> None:
    assert expected in said(capsys, *arguments)
    assert sorted(path.name for path in Path().iterdir()) == ["broken.yaml", "net.yaml"]


def test_what_has_errors_is_not_measured(capsys: Capture) -> None:
    assert "a spec that has errors cannot be measured" in said(capsys, "broken.yaml", "--color-by", "macs")


def test_without_a_layout_engine_it_is_said_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Capture
) -> None:
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    text = said(capsys, "net.yaml", code=3)
    assert "no layout engine is installed" in text
    assert "python -m pip install pygraphviz" in text
    assert main(["render", "net.yaml", "--dot"]) == 0


def test_a_layout_engine_that_fails_leaves_what_was_there(fake: Fake, capsys: Capture) -> None:
    fake("echo 'Error: out of memory' >&2; exit 1")
    Path("net.svg").write_text("as it was", encoding="utf-8")
    assert "the layout engine `dot` failed: Error: out of memory" in said(capsys, "net.yaml", code=3)
    assert Path("net.svg").read_text(encoding="utf-8") == "as it was"
    assert sorted(path.name for path in Path().iterdir()) == ["broken.yaml", "net.svg", "net.yaml", "programs"]


def test_a_layout_engine_that_never_ends_is_ended(fake: Fake, capsys: Capture) -> None:
    fake("sleep 60")
    text = said(capsys, "net.yaml", "--seconds", "0.1", code=1)
    assert "`dot` needs more than 0.1 s to lay the figure out" in text
    assert "fold more of the network" in text
    assert not Path("net.svg").exists()


@needs("dot")
def test_what_takes_too_long_to_lay_out_is_drawn_with_less_in_it(fake: Fake, capsys: Capture) -> None:
    fake('in=$(cat); case "$in" in *mixed.1*) sleep 60;; *) echo "<?xml?><svg width=\'1\'></svg>";; esac')
    assert main(["render", "net.yaml", "--unfold", "--depth", "1", "--seconds", "0.5"]) == 0
    text = capsys.readouterr().err
    assert text.startswith("net.svg: 6 boxes, depth 1, drawn by dot 9.9; ")
    assert text.endswith("; what was asked for took too long to lay out, so there is less in it\n")


def test_the_same_spec_is_the_same_bytes(capsysbinary: Binary) -> None:
    assert written(capsysbinary, "net.yaml") == written(capsysbinary, "net.yaml")


def test_drawing_loads_no_torch() -> None:
    program = (
        "import sys\nfrom archspec.commands.main import main\n"
        "assert main(['render', 'net.yaml', '--color-by', 'macs']) == 0\nprint(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "archspec.render.figure.picture" in done.stdout.split()
    assert not {"torch", "pygraphviz"} & set(done.stdout.split())


def test_a_png_that_is_made_smaller_is_said_to_be(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    tall = "archspec: 1\nname: tall\ninputs: {x: [N, 4]}\nlayers:\n" + "  - relu\n  - tanh\n" * 200
    (tmp_path / "tall.yaml").write_text(tall, encoding="utf-8")
    main(["render", str(tmp_path / "tall.yaml"), "--depth", "1", "-o", str(tmp_path / "tall.png")])
    assert "made smaller than 144 dots an inch" in capsys.readouterr().err


def test_with_a_wrong_setting_nothing_is_drawn(tmp_path: Path) -> None:
    assert (
        main(["render", str(ROOT / "specs/inception_v4.yaml"), "--set", "no=1", "-o", str(tmp_path / "net.svg")]) == 1
    )
    assert not (tmp_path / "net.svg").exists()


def test_where_no_name_is_nearly_right_some_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", str(ROOT / "specs/inception_v4.yaml"), "--block", "zebra"]) == 2
    assert "has no block or sequence `zebra`; there is `conv_bn`, `features.0`," in capsys.readouterr().err
