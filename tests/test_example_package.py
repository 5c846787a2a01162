"""The example of a package with ops of its own: installed, used from the command line as its page says, and tested."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.doc_blocks import ROOT, Block, blocks_of, matches

EXAMPLE = "examples/archspec_toy_ops"
SESSIONS = [block for block in blocks_of(f"{EXAMPLE}/README.md") if block.language == "console"]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package, installed beside it without a network."""
    folder = tmp_path_factory.mktemp("package")
    source = shutil.copytree(ROOT / EXAMPLE, folder / "source")
    options = "--quiet --no-deps --no-build-isolation --no-index --disable-pip-version-check"
    command = [sys.executable, "-m", "pip", "install", *options.split(), "--target", str(folder / "installed")]
    subprocess.run([*command, str(source)], check=True, capture_output=True)
    (source / "archspec_toy_ops.py").unlink()
    return folder


def run(package: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a module of Python where the package is installed, in the folder of its source."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(package / "installed"), str(ROOT)])}
    environment.pop("FORCE_COLOR", None)
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(
        command, cwd=package / "source", env=environment, capture_output=True, encoding="utf-8", check=False
    )


def test_the_page_has_its_commands() -> None:
    assert [block.text.partition("\n")[0].split()[2] for block in SESSIONS] == ["check", "ops", "build"]


@pytest.mark.parametrize("block", SESSIONS, ids=str)
def test_a_command_prints_what_the_page_says(block: Block, package: Path) -> None:
    command, _, expected = block.text.removeprefix("$ ").partition("\n")
    finished = run(package, *shlex.split(command))
    assert finished.returncode == 0, finished.stderr
    assert matches(expected, finished.stdout), finished.stdout


def test_its_ops_are_listed_with_the_package(package: Path) -> None:
    listed = run(package, "archspec", "ops").stdout
    assert all(any(line.startswith(f"  {op} ") for line in listed.splitlines()) for op in ("blur_pool", "maxout"))
    assert listed.count("(archspec-toy-ops)") == 2


def test_without_the_package_its_ops_are_unknown(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    shutil.copy(ROOT / EXAMPLE / "blurred.yaml", tmp_path / "source")
    finished = run(tmp_path, "archspec", "check", "blurred.yaml")
    assert finished.returncode == 1
    assert "error[unknown-op]: there is no op or block `blur_pool`" in finished.stdout


def test_its_own_test_passes(package: Path) -> None:
    finished = run(package, "pytest", "-q", "-p", "no:cacheprovider")
    assert finished.returncode == 0, finished.stdout
    assert "3 passed" in finished.stdout
