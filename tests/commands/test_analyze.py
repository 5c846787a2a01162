"""`archspec analyze`, from the command line to what it prints, writes and refuses."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archspec.commands import analyze
from archspec.commands.main import main
from tests.doc_blocks import ROOT

Golden = Callable[[str, str], None]

SPEC = """\
archspec: 1
name: small
inputs: {image: [N, 3, H=33, W=33]}
blocks:
  inception:
    layers:
      - concat:
          branches:
            one: [{conv: {kernel: 1, channels: 8}}, relu]
            five: [{conv: {kernel: 1, channels: 4}}, relu, {conv: {kernel: 5, channels: 8, padding: same}}, relu]
layers:
  - conv: {id: stem, kernel: 3, stride: 2, channels: 16}
  - relu: {id: act}
  - inception: {id: mixed}
  - max_pool: {id: pool, kernel: 3, stride: 2}
  - global_avg_pool
  - flatten
  - linear: {id: logits, features: 10}
heads:
  aux: {sequence: {when: training, layers: [{avg_pool: 8}, flatten, {linear: {features: 10}}], from: mixed}}
outputs: {logits: logits, aux: aux}
"""


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(SPEC, encoding="utf-8")
    return "small.yaml"


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["analyze", *arguments]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("table", []),
        ("depth", ["--depth", "2"]),
        ("at", ["--at", "H=65,W=49", "--batch", "8", "--dtype", "float16"]),
        ("cuts", ["--cuts"]),
        ("sizes", ["--input-sizes"]),
        ("factorize", ["--factorize"]),
        ("symbolic", ["--symbolic"]),
    ],
)
def test_each_fact_is_told(
    name: str, options: list[str], small: str, golden: Golden, capsys: pytest.CaptureFixture[str]
) -> None:
    golden(f"analyze/{name}.txt", printed(capsys, small, *options))


@pytest.mark.parametrize("name", ["googlenet", "inception_v3", "inception_resnet_v2"])
def test_published_networks_are_told(name: str, golden: Golden, capsys: pytest.CaptureFixture[str]) -> None:
    golden(f"analyze/{name}.txt", printed(capsys, str(ROOT / f"specs/{name}.yaml")))


def test_a_sequence_has_places(capsys: pytest.CaptureFixture[str]) -> None:
    assert "1772 places at a stride of 1024" in printed(capsys, str(ROOT / "specs/audio_cnn.yaml"))


def test_networks_are_compared(golden: Golden, capsys: pytest.CaptureFixture[str]) -> None:
    names = ("inception_v3", "inception_v2", "inception_resnet_v1", "inception_v4", "inception_resnet_v2_paper")
    specs = [str(ROOT / f"specs/{name}.yaml") for name in names]
    golden("analyze/compare.txt", printed(capsys, "--compare", *specs))


@pytest.mark.parametrize(
    ("kernel", "others", "ratio"),
    [("3", ["5"], "2.78x   +178%"), ("5", ["3", "3"], "0.72x    -28%"), ("3", ["3x1", "1x3"], "0.67x    -33%")],
)
def test_the_claims_of_the_paper_can_be_read_off(
    kernel: str,
    others: list[str],
    ratio: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    head = "archspec: 1\ninputs: {x: [N, 64, 17, 17]}\ndefaults: {conv: {channels: 64, padding: same, bias: false}}\n"
    for name, kernels in (("a", [kernel]), ("b", others)):
        layers = ", relu, ".join(f"{{conv: {{kernel: {one}}}}}" for one in kernels)
        Path(f"{name}.yaml").write_text(f"{head}name: {name}\nlayers: [{layers}]\n", encoding="utf-8")
    assert ratio in printed(capsys, "--compare", "a.yaml", "b.yaml").splitlines()[3]


@pytest.mark.parametrize("name", ["inception_resnet_v2_paper", "inception_v4"])
@pytest.mark.parametrize("options", [[], ["--depth", "3"], ["--cuts"], ["--factorize"], ["--input-sizes"]], ids=str)
def test_reports_fit_100_columns(name: str, options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, str(ROOT / f"specs/{name}.yaml"), *options).splitlines()
    assert [line for line in lines if len(line) > 100] == []


def test_without_unicode_bars_and_dots_are_plain(
    small: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(analyze, "shows_unicode", lambda stream: False)
    text = printed(capsys, small)
    assert text.isascii()
    assert "###" in text


def test_json_holds_every_fact(small: str, golden: Golden, capsys: pytest.CaptureFixture[str]) -> None:
    golden("analyze/small.json", printed(capsys, small, "--json"))


def test_compared_networks_are_a_list_of_data(small: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(printed(capsys, small, small, "--compare", "--json"))
    assert [one["name"] for one in found] == ["small", "small"]


def test_symbols_without_a_nominal_size_leave_what_needs_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, golden: Golden, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("open.yaml").write_text(SPEC.replace("H=33, W=33", "H, W").partition("heads")[0], encoding="utf-8")
    golden("analyze/open.txt", printed(capsys, "open.yaml"))
    assert "cuts" not in printed(capsys, "open.yaml", "--at", "H=33,W=33")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("inputs: {x: [N, 4]}\nlayers: [{linear: {features: 8}}, relu]", "narrowest cut  4 elements: x [N, 4]"),
        (
            "inputs: {x: [N, 2, 4], y: [N, 3, 4]}\nlayers: [{add: {id: a, from: [x, x]}}, {relu: {id: b, from: y}}]\n"
            "outputs: {a: a, b: b}",
            "narrowest cut  20 elements: x + y",
        ),
        (
            "inputs: {x: [N, 4]}\nlayers: [relu, {parameter: {id: p, shape: [1, 2]}}, {tanh: {id: b, from: p}}]\n"
            "outputs: {b: b}\nchecks: {dead-node: off}",
            "cuts         no output depends on an input",
        ),
    ],
    ids=["no space", "several inputs and outputs", "nothing gets through"],
)
def test_networks_of_any_form_are_told(
    rows: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(f"archspec: 1\nname: net\n{rows}\n", encoding="utf-8")
    assert said in printed(capsys, "net.yaml")
    for option in ("--cuts", "--input-sizes", "--factorize", "--symbolic", "--json"):
        assert printed(capsys, "net.yaml", option)


def test_where_training_does_not_fit_eval_mode_is_told(small: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", small, "--at", "H=15"]) == 0
    out, err = capsys.readouterr()
    assert "small, at H=15" in out
    assert err.startswith("note: small: it does not run in training mode at H=15: in `aux.0`, a 8x8 window does not")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (
            ["small.yaml", "--at", "H=3"],
            1,
            "Error: small: it does not run at H=3: in `pool`, a 3x3 window does not fit",
        ),
        (["small.yaml", "--at", "H=zero"], 2, "`H=zero` is no size; expected `H=331,W=331`"),
        (["small.yaml", "--at", "D=7"], 2, "the inputs of small have no size `D`: its sizes are `H`, `W`"),
        (["small.yaml", "--at", "N=7"], 2, "the inputs of small have no size `N`: `--batch` sets the batch"),
        (["small.yaml", "small.yaml"], 2, "several networks are put beside each other with `--compare`"),
        (["small.yaml", "--plot", "a.gif"], 2, "`a.gif` ends in none of .svg, .png, .pdf"),
        (["small.yaml", "--plot", "no/a.svg"], 2, "cannot be written: no such file or directory"),
        (["none.yaml"], 2, "error[file-not-found]"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    arguments: list[str], code: int, said: str, small: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["analyze", *arguments]) == code
    out, err = capsys.readouterr()
    assert said in err
    assert out == ""
    assert [path.name for path in Path().iterdir()] == [small]


@pytest.mark.parametrize("form", ["svg", "png", "pdf"])
def test_a_picture_is_the_same_to_the_byte(form: str, small: str, capsys: pytest.CaptureFixture[str]) -> None:
    pictures = []
    for turn in range(2):
        printed(capsys, small, "--plot", f"{turn}.{form}")
        pictures.append(Path(f"{turn}.{form}").read_bytes())
    assert pictures[0] == pictures[1]
    assert pictures[0].startswith({"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}[form])


def test_a_picture_names_the_narrowest_cut_and_the_grid_changes(small: str, capsys: pytest.CaptureFixture[str]) -> None:
    printed(capsys, small, "--plot", "a.svg")
    text = Path("a.svg").read_text(encoding="utf-8")
    assert "784: pool" in text
    assert "pool keeps 19%" in text
    assert "final representation 784" in text


def test_a_title_may_hold_any_characters(small: str, capsys: pytest.CaptureFixture[str]) -> None:
    title = r'"$\\frac{ & <b> 起始"'
    Path(small).write_text(SPEC.replace("name: small", f"name: small\ntitle: {title}"), encoding="utf-8")
    assert printed(capsys, small, "--plot", "a.svg").startswith("$\\frac{ & <b> 起始\n")
    assert r"$\frac{ &amp; &lt;b&gt;" in Path("a.svg").read_text(encoding="utf-8")


def test_without_matplotlib_it_is_said_what_brings_it(
    small: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "archspec.render.analysis_plot", raising=False)
    assert main(["analyze", small, "--plot", "a.svg"]) == 3
    assert "pip install matplotlib" in capsys.readouterr().err
    assert not Path("a.svg").exists()


def test_on_a_terminal_it_is_said_when_it_takes_its_time(
    small: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(analyze, "_PATIENCE", 0.0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(["analyze", small]) == 0
    assert "measuring...\r\x1b[K" in capsys.readouterr().err


def data_keys(value: Any) -> set[str]:
    """The keys anywhere in data, without those that are paths or names."""
    if isinstance(value, list):
        return set().union(*map(data_keys, value))
    if not isinstance(value, dict):
        return set()
    return set(value).union(*map(data_keys, value.values()))


def test_every_key_of_the_data_is_documented(small: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(printed(capsys, small, "--json"))
    found["symbolic"], found["capacity"]["blocks"] = {}, {"": found["capacity"]["blocks"]["mixed"]}
    found["inputs"], found["outputs"] = found["inputs"]["image"], {}
    for batches in found["batch_sizes"].values():
        batches[0]["beside"] = {}
    page = (ROOT / "docs/analysis.md").read_text(encoding="utf-8")
    assert {key for key in data_keys(found) if key and f"`{key}`" not in page} == set()


MANY = 130
"""Inputs with symbols of their own: more than the terms of a total that is told."""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check"], "no errors"),
        (["analyze"], "(too many terms to be written) per sample in eval mode"),
        (["analyze", "--symbolic"], "total  (too many terms to be written)"),
        (["analyze", "--json"], '"macs": "(too many terms to be written)"'),
        (["analyze", "--cuts"], "has no nominal size"),
        (["analyze", "--input-sizes"], "3 and up"),
        (["table", "--format", "json"], "108*H7*W7 - 216*H7"),
    ],
)
def test_totals_of_too_many_symbols_are_not_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    spec = tmp_path / "many.yaml"
    inputs = "".join(f"  x{index}: [N, 3, H{index}, W{index}]\n" for index in range(MANY))
    layers = "".join(f"  - conv: {{id: c{index}, kernel: 3, channels: 4, from: x{index}}}\n" for index in range(MANY))
    outputs = ", ".join(f"c{index}: c{index}" for index in range(MANY))
    spec.write_text(f"archspec: 1\nname: many\ninputs:\n{inputs}layers:\n{layers}outputs: {{{outputs}}}\n", "utf-8")
    assert main([arguments[0], str(spec), *arguments[1:]]) == 0
    assert said in capsys.readouterr().out
