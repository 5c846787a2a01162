"""The commands of the README that prove networks equal, at the smallest size that each of them learns at."""

from __future__ import annotations

import re
import shlex

import pytest

from archspec.commands.main import main
from tests.doc_blocks import ROOT

COMMANDS = re.findall(r"^    archspec (verify .*)$", (ROOT / "README.md").read_text(encoding="utf-8"), re.M)
SMALL = {
    "googlenet": ["--size", "H=33,W=33"],
    "inception_v3": ["--size", "H=75,W=75", "--phase", "eval"],  # the auxiliary head needs 299 pixels
    "inception_v4": ["--size", "H=75,W=75"],
    "inception_resnet_v2": ["--size", "H=75,W=75"],
    "inception_resnet_v1_face": ["--size", "H=75,W=75"],
    "resnet50": ["--size", "H=33,W=33", "--phase", "eval"],
    "swin_t": ["--size", "H=32,W=32", "--phase", "eval"],
}


def test_every_network_that_another_library_has_is_proved_equal() -> None:
    assert [re.findall(r"specs/(\w+)\.yaml", command) for command in COMMANDS] == [[name] for name in SMALL]


@pytest.mark.parametrize("command", COMMANDS, ids=list(SMALL))
def test_it_is_the_network_of_the_other_library(
    command: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    code = main([*shlex.split(command), *SMALL[request.node.callspec.id]])
    printed = capsys.readouterr().out
    assert code == 0, printed
    assert "all keys are the same" in printed
    assert printed.splitlines()[-1].startswith("equal: ")
