"""What has to hold of the code as a whole."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = sorted((ROOT / "archspec").rglob("*.py"))
HEAVY = {"torch", "yaml", "pydantic", "networkx"}
LONGEST = 400


def _run(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(arguments, input=text, capture_output=True, text=True, cwd=ROOT, check=False)


def _loaded_by(*arguments: str, text: str = "") -> set[str]:
    """The heavy packages that a command of archspec has imported by its end, which has to be a good one."""
    program = (
        "import sys, json, contextlib, io\n"
        "from archspec.commands.main import main\n"
        "with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO(), encoding='utf-8')):\n"
        f"    code = main({list(arguments)!r})\n"
        f"print(json.dumps([code, sorted({HEAVY!r} & sys.modules.keys())]))\n"
    )
    finished = _run(sys.executable, "-c", program, text=text)
    code, loaded = json.loads(finished.stdout)
    assert code == 0, finished.stderr
    return set(loaded)


def test_imports_keep_the_contracts() -> None:
    finished = _run(sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()")
    assert finished.returncode == 0, finished.stdout


def test_help_loads_nothing_heavy() -> None:
    assert _loaded_by("--help") == set()


@pytest.mark.parametrize(
    "command",
    [
        ["check", "-"],
        ["check", "--diff", "-"],
        ["expand", "-"],
        ["table", "-"],
        ["analyze", "-"],
        ["render", "-", "-o", "-"],
        ["render", "-", "--html", "-o", "-"],
        ["ops"],
        ["ops", "conv"],
        ["rules"],
        ["explain", "conv"],
        ["schema"],
        ["new"],
        ["doctor"],
    ],
    ids=" ".join,
)
def test_no_command_but_build_and_verify_loads_torch(command: list[str]) -> None:
    assert "torch" not in _loaded_by(*command, text=_starter())


def test_the_test_above_sees_torch_where_it_is_loaded() -> None:
    assert "torch" in _loaded_by("build", "-", text=_starter())


def _starter() -> str:
    finished = _run(sys.executable, "-m", "archspec", "new")
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def test_no_file_is_two_ideas() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert lengths
    assert {path: length for path, length in lengths.items() if length > LONGEST} == {}


def test_we_ship_no_file_of_the_distribution_that_shares_our_name() -> None:
    assert not (ROOT / "archspec" / "cli.py").exists()
    assert not (ROOT / "archspec" / "cpu").exists()
