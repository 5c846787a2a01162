"""Every mistake beside the report of it: tests/cases/errors holds specs, and what `archspec check` says of them."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from archspec.commands.main import main
from tests.conftest import CASES

ERRORS = CASES / "errors"
COMMAND = "# archspec check "
"""How a case begins that takes more than its own name on the command line."""
FILES_THAT_ARE_NO_TEXT = {
    "binary": b"archspec: 1\0\0\0",
    "latin_1": "archspec: 1\ntitle: Netz für Bilder\n".encode("latin-1"),
    "utf_16": "archspec: 1\n".encode("utf-16"),
}
USAGE = {"set_malformed"}

Golden = Callable[[str, str], None]
Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cases in a project of their own, so that what lies around this one shows in no report."""
    folder = tmp_path_factory.mktemp("cases") / "project"
    shutil.copytree(ERRORS, folder, ignore=shutil.ignore_patterns("*.txt"))
    (folder / "pyproject.toml").touch()
    return folder


@pytest.fixture(autouse=True)
def _in_project(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    monkeypatch.delenv("FORCE_COLOR", raising=False)


@pytest.mark.parametrize("name", sorted(path.stem for path in ERRORS.glob("*.yaml")))
def test_a_mistake_is_reported(name: str, golden: Golden, capsys: Capture) -> None:
    first = Path(f"{name}.yaml").read_text(encoding="utf-8").split("\n", 1)[0]
    arguments = shlex.split(first.removeprefix(COMMAND)) if first.startswith(COMMAND) else [f"{name}.yaml"]
    code = main(["check", *arguments])
    printed = capsys.readouterr()
    golden(f"errors/{name}.txt", printed.out)
    assert printed.err == ""
    assert code == (2 if name in USAGE else 1 if "error[" in printed.out else 0)
    assert name.startswith("fine_") == printed.out.startswith(f"{name}.yaml: no errors")


@pytest.mark.parametrize("name", FILES_THAT_ARE_NO_TEXT)
def test_a_file_that_is_no_text_is_reported(name: str, golden: Golden, capsys: Capture) -> None:
    Path(f"{name}.yaml").write_bytes(FILES_THAT_ARE_NO_TEXT[name])
    assert main(["check", f"{name}.yaml"]) == 2
    golden(f"errors/{name}.txt", capsys.readouterr().out)


@pytest.mark.parametrize(("name", "path"), [("file_not_found", "unknown_opp.yaml"), ("folder", "include")])
def test_a_path_that_is_no_file_is_reported(name: str, path: str, golden: Golden, capsys: Capture) -> None:
    assert main(["check", path]) == 2
    golden(f"errors/{name}.txt", capsys.readouterr().out)
