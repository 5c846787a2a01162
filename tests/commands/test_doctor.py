from __future__ import annotations

import sys
from importlib import metadata

import pytest

from archspec.commands.main import main


def test_layout_engines_are_listed_with_the_one_that_draws(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    assert main(["doctor"]) == 0
    printed = capsys.readouterr().out
    assert "\nengine      pygraphviz 2." in printed
    assert "\nengine      dot: not installed\n" in printed
    assert printed.endswith("\ndraws with  pygraphviz\n")


def test_that_nothing_draws_is_said_with_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    assert main(["doctor"]) == 3
    assert "\ndraws with  nothing: no layout engine is installed\n  = help: python -m pip" in capsys.readouterr().out


def test_extras_are_listed_with_what_is_missing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    version = metadata.version

    def without_openvino(name: str) -> str:
        if name == "openvino":
            raise metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(metadata, "version", without_openvino)
    assert main(["doctor"]) == 0
    printed = capsys.readouterr().out
    assert f"\nextra       onnxruntime: onnx {version('onnx')}, onnxruntime {version('onnxruntime')}\n" in printed
    assert "\nextra       openvino: no openvino: pip install 'archspec-nn[openvino]'\n" in printed
    assert "extra       dev" not in printed
