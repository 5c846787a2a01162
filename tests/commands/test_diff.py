"""`archspec diff`, from the command line to what it prints and what its exit code says."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from archspec.commands.main import main
from tests.doc_blocks import ROOT

Golden = Callable[[str, str], None]

SPEC = """\
archspec: 1
name: small
params: {width: 8, depth: 2}
inputs: {image: [N, 3, H=33, W=33]}
blocks:
  unit:
    title: unit, as nobody drew it
    params: {channels: int, kernel: 3}
    layers:
      - conv: {id: conv, kernel: $kernel, channels: $channels, padding: same}
      - batch_norm: {id: bn}
      - relu
layers:
  - unit: {id: stem, channels: $width}
  - unit: {id: body, channels: 8, repeat: $depth}
  - global_avg_pool: {keep: false}
  - linear: {id: logits, features: 10}
outputs: {logits: logits}
"""


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(SPEC, encoding="utf-8")
    return "small.yaml"


def printed(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 1) -> str:
    assert main(["diff", *arguments]) == code
    return capsys.readouterr().out


def published(name: str) -> str:
    return str(ROOT / f"specs/{name}.yaml")


@pytest.mark.parametrize(
    ("golden_name", "arguments"),
    [
        ("naive", [published("inception_v1"), published("inception_v1_naive")]),
        ("naive_open", [published("inception_v1"), published("inception_v1_naive"), "--depth", "2"]),
        ("auxiliary", [published("inception_v4"), published("inception_v4"), "--set-b", "auxiliary=true"]),
        ("resnets", [published("inception_resnet_v1"), published("inception_resnet_v2")]),
        ("v2_v3", [published("inception_v2"), published("inception_v3")]),
    ],
)
def test_published_networks_are_told_apart(
    golden_name: str, arguments: list[str], golden: Golden, capsys: pytest.CaptureFixture[str]
) -> None:
    golden(f"diff/{golden_name}.txt", printed(capsys, *arguments))


def test_the_same_network_is_no_difference(small: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, small, small, code=0) == "no difference: 11 nodes\n"


def test_another_recipe_alone_is_said_and_no_difference(small: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("trained.yaml").write_text(Path(small).read_text(encoding="utf-8") + "training: {epochs: 3}\n", "utf-8")
    assert printed(capsys, small, "trained.yaml", code=0) == "no difference: 11 nodes, but another training recipe\n"


def test_one_spec_is_compared_with_itself_at_other_settings(
    small: str, golden: Golden, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = (small, small, "--set", "depth=4", "--set-a", "width=16", "--set-b", "width=4")
    golden("diff/settings.txt", printed(capsys, *arguments))
    assert printed(capsys, small, small, "--set", "width=4", code=0) == "no difference: 11 nodes\n"


def test_everything_is_told_as_data(small: str, golden: Golden, capsys: pytest.CaptureFixture[str]) -> None:
    golden("diff/settings.json", printed(capsys, small, small, "--set-b", "width=4", "--json"))
    assert json.loads(printed(capsys, small, small, "--json", code=0))["same"] is True


def test_one_of_the_two_may_be_standard_input(
    small: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = Path(small).read_bytes().replace(b"depth: 2", b"depth: 3")
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(text)))
    assert "+ body.2" in printed(capsys, small, "-")
    assert main(["diff", "-", "-"]) == 2
    assert "standard input can be one of the two specs only" in capsys.readouterr().err


def test_trouble_is_2_with_the_findings_of_both(small: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("wrong.yaml").write_text(Path(small).read_text(encoding="utf-8").replace("conv:", "cnov:"), "utf-8")
    assert main(["diff", "wrong.yaml", "none.yaml"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "unknown-op" in said.err
    assert "none.yaml" in said.err


def test_torch_is_not_loaded(small: str) -> None:
    call = f"main(['diff', {small!r}, {small!r}, '--set-b', 'width=4'])"
    program = f"import sys; from archspec.commands.main import main; print({call}, 'torch' in sys.modules)"
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert finished.stdout.endswith("1 False\n"), finished.stderr


def test_arrows_are_written_in_ascii_where_nothing_else_can_be_shown(
    small: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archspec.commands.diff.shows_unicode", lambda stream: False)
    assert "channels 8 -> 4" in (out := printed(capsys, small, small, "--set-b", "width=4"))
    assert out.isascii()
