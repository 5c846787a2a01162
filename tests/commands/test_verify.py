"""The command `verify`, on files as users have them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from archspec.commands.main import main

SPEC = """\
archspec: 1
name: tiny
params: {slope: 0.1}
inputs: {image: [N, 3, H=9, W=9]}
layers:
  - conv: {id: conv, kernel: 3, channels: 4}
  - leaky_relu: {slope: $slope}
  - global_avg_pool
  - flatten
  - linear: {id: logits, features: 2}
outputs: {logits: logits}
"""

PYTHON = """
import torch
from torch import nn
from torch.nn import functional as F

class Net(nn.Module):
    def __init__(self, first="conv", slope=0.1):
        super().__init__()
        self.first = first
        self.slope = slope
        self.add_module(first, nn.Conv2d(3, 4, 3))
        self.logits = nn.Linear(4, 2)

    def forward(self, x):
        x = F.leaky_relu(getattr(self, self.first)(x), self.slope)
        return self.logits(x.mean((2, 3)))
"""

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "mine", raising=False)
    Path("tiny.yaml").write_text(SPEC, encoding="utf-8")
    Path("mine.py").write_text(PYTHON, encoding="utf-8")


def verify(*arguments: str) -> int:
    return main(["verify", "tiny.yaml", "--against", "mine:Net", *arguments])


def test_networks_that_are_one_are_0(capsys: Capture) -> None:
    assert verify() == 0
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert lines[:3] == ["tiny beside mine:Net, at N=2, H=9, W=9", "", "weights: 4, all keys are the same"]
    assert lines[4].split() == ["largest", "relative", "difference", "float64", "float32", "their", "float32"]
    assert [line[:48].rstrip() for line in lines[5:8]] == ["eval: logits", "training: logits", "training: 4 gradients"]
    assert lines[-1].startswith("equal: ")
    assert "run in float64" in printed.err


def test_networks_that_differ_are_1_and_it_is_said_where(capsys: Capture) -> None:
    assert verify("--with", "slope=0.2") == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-5].startswith("differs: output `logits` in eval mode differs by ")
    assert lines[-2:] == [
        "first at the network itself, after `conv`: `leaky_relu` has negative_slope=0.2 in theirs and 0.1 in ours",
        "not equal",
    ]


def test_a_parameter_of_the_spec_makes_it_the_other_network(capsys: Capture) -> None:
    assert verify("--with", "slope=0.2", "--set", "slope=0.2") == 0


def test_weights_under_other_keys_are_listed_with_their_partners(capsys: Capture) -> None:
    assert verify("--with", "first=stem") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2:5] == ["weights: 4, paired by the graph, theirs -> ours", "  stem -> conv", "  logits -> logits"]


def test_sizes_and_phases_are_chosen(capsys: Capture) -> None:
    assert verify("--size", "H=5,W=7", "--phase", "eval", "--size", "N=3") == 0
    printed = capsys.readouterr().out
    assert printed.startswith("tiny beside mine:Net, at N=3, H=5, W=7\n")
    assert "training" not in printed


def test_everything_is_there_as_data(capsys: Capture) -> None:
    assert verify("--json", "--with", "slope=0.2") == 1
    data = json.loads(capsys.readouterr().out)
    assert (data["passed"], data["paired_by"], data["against"]) == (False, "key", "mine:Net")
    assert {one["kind"] for one in data["comparisons"]} == {"output", "gradient"}
    assert data["places"][0]["after"] == "conv"
    assert data["pairs"]["conv.weight"] == "conv.weight"


def test_what_a_reference_prints_is_no_result(capsys: Capture) -> None:
    Path("mine.py").write_text("print('imported')\n" + PYTHON, encoding="utf-8")
    assert verify("--json") == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["passed"] is True
    assert printed.err.startswith("imported\n")


def test_a_tolerance_lets_differences_pass() -> None:
    assert verify("--with", "slope=0.100001", "--tolerance", "1e-3") == 0
    assert verify("--with", "slope=0.100001") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--size", "Q=3"], "`Q=3` is no size: `NAME=NUMBER` was expected, the names of this spec are `H`, `N`, `W`"),
        (["--size", "H"], "`H` is no size"),
        (["--output", "logit"], "`logit` is no output of this spec; its outputs are `logits`"),
        (["--with", "slope"], "`--with slope` does not read `name=value`"),
        (["--against", "mine:Nett"], "error: there is no `Nett` in `mine`, of which `mine:Nett` is to be made\n"),
        (["--with", "width=3"], "unexpected keyword argument 'width'"),
    ],
)
def test_what_cannot_be_meant_is_2(capsys: Capture, arguments: list[str], message: str) -> None:
    assert verify(*arguments) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert "Traceback" not in printed.err
    assert printed.out == ""


def test_a_network_that_does_not_run_is_1(capsys: Capture) -> None:
    assert verify("--size", "H=2,W=2") == 1
    printed = capsys.readouterr().err
    assert printed.startswith("error: the reference does not run in eval mode on [2, 3, 2, 2]: RuntimeError: ")
    assert printed.endswith("\n  = help: `--size` runs at another size\n")


def test_a_library_that_is_missing_is_3_with_what_brings_it(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    assert verify("--against", "timm:resnet18") == 3
    assert capsys.readouterr().err.endswith("error: `timm` is not installed\n  = help: python -m pip install timm\n")


def test_a_spec_with_mistakes_is_1_and_nothing_is_imported(capsys: Capture) -> None:
    Path("tiny.yaml").write_text(SPEC.replace("kernel: 3", "kernl: 3"), encoding="utf-8")
    Path("mine.py").write_text("raise SystemExit(9)", encoding="utf-8")
    assert verify() == 1
    assert "`kernl`" in capsys.readouterr().err
