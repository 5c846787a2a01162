"""The steps of CONTRIBUTING.md, taken: an op from another package, a spec, a diagnostic."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from archspec.commands.main import main
from archspec.compiler import check_spec, load_graph
from archspec.ir.op import Op
from archspec.ops import find
from archspec.source.catalog import PAGES, Page
from archspec.testing import check_op
from archspec.tools.build import build
from tests.doc_blocks import ROOT, blocks_of, matches

BLOCKS = blocks_of("CONTRIBUTING.md")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of an installed package, `toy`, which registers the op of the page; its specs lie there too."""
    for block in BLOCKS:
        if name := block.value_of("file"):
            (tmp_path / name).write_text(block.text, encoding="utf-8")
    (registration,) = (block.text for block in BLOCKS if block.language == "toml")
    metadata = tmp_path / "toy-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n", encoding="utf-8")
    _, entry = registration.splitlines()
    (metadata / "entry_points.txt").write_text(f"[archspec.ops]\n{entry.replace(chr(34), '')}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    find.cache_clear()
    yield tmp_path
    find.cache_clear()
    sys.modules.pop("toy_ops", None)


def maxout() -> type[Op]:
    op = find("maxout")
    assert op is not None
    return op


def test_an_added_op_is_in_specs(package: Path) -> None:
    assert len(check_spec("toy.yaml")) == 0
    report = build(load_graph("toy.yaml"))
    assert (report.mismatches, report.compared) == ((), {"eval": 3, "training": 3})


def test_an_added_op_keeps_the_contract(package: Path) -> None:
    check_op(maxout())


def test_an_added_op_has_its_page(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ops", "maxout"]) == 0
    assert "pieces: a positive whole number; default 2" in capsys.readouterr().out


def test_commands_print_what_the_page_says(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sessions = [
        block.text.removeprefix("$ archspec ").split("\n", 1) for block in BLOCKS if block.language == "console"
    ]
    assert len(sessions) == 2
    for command, expected in sessions:
        main(command.split())
        printed = capsys.readouterr().out
        assert matches(expected, printed), printed


def test_an_op_in_the_catalogue_needs_no_more_than_its_class(tmp_path: Path) -> None:
    for name in ("archspec", "docs", "specs"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for page in ("README.md", "specs/README.md", "docs/figures.md"):
        without_figures = (ROOT / page).read_text(encoding="utf-8").replace("$ archspec render", "")
        (tmp_path / page).write_text(without_figures, encoding="utf-8")
    (text,) = (block.text for block in BLOCKS if block.value_of("file") == "toy_ops.py")
    (tmp_path / "archspec/ops/toy.py").write_text(text, encoding="utf-8")

    def generate(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "docs/generate.py", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    before = generate("--check")
    assert before.returncode == 1
    assert "archspec/ops/_table.py is not current" in before.stderr
    assert generate().returncode == 0
    assert generate("--check").returncode == 0
    assert "### maxout" in (tmp_path / "docs/ops.md").read_text(encoding="utf-8")


def test_an_added_diagnostic_has_its_page(
    package: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (found,) = check_spec("mistake.yaml")
    monkeypatch.setitem(PAGES, found.name, Page(found.name, "A maxout of one channel.", "Give it more pieces."))
    assert main(["explain", "maxout-of-one"]) == 0
    assert capsys.readouterr().out == "maxout-of-one: A maxout of one channel.\n\nGive it more pieces.\n"
