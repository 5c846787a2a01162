from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import archspec
import archspec.ops
from archspec.commands import _environment
from archspec.commands.main import COMMANDS, LazyGroup, cli, main


def test_every_command_is_there_and_says_what_it_does() -> None:
    assert isinstance(cli, LazyGroup)
    context = cli.make_context("archspec", ["ops"])
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        assert command.name == name
        assert command.help


def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    printed = capsys.readouterr().out
    assert all(f"\n  {name} " in printed for name in COMMANDS)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"archspec, version {archspec.__version__}\n"


def test_an_unknown_command_is_usage_and_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chekc"]) == 2
    assert "there is no command `chekc`, did you mean `check`?" in capsys.readouterr().err


def test_a_missing_argument_is_usage() -> None:
    assert main(["check"]) == 2


def test_a_bug_of_ours_is_one_polite_line_and_70(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archspec.ops, "names", _raise_key_error)
    assert main(["ops"]) == 70
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: this is a bug in archspec, sorry: KeyError: 'gone' (test_main.py:")
    assert "Traceback" not in printed.err


def test_debug_shows_the_traceback_of_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archspec.ops, "names", _raise_key_error)
    with pytest.raises(KeyError):
        main(["--debug", "ops"])


def test_ctrl_c_is_130(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archspec.ops, "names", _interrupt)
    assert main(["ops"]) == 130
    assert capsys.readouterr().err == "\nstopped\n"


def test_a_package_that_is_missing_is_3_with_the_command_that_brings_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pydantic", None)
    monkeypatch.delitem(sys.modules, "archspec.ir.describe", raising=False)
    assert main(["ops"]) == 3
    printed = capsys.readouterr().err
    assert printed.startswith("error: `pydantic` cannot be imported")
    assert printed.endswith("  = help: python -m pip install pydantic\n")


def test_a_closed_pipe_ends_quietly() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "archspec", "ops"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 141


def test_the_distribution_that_shares_our_name_is_warned_of(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    assert main(["ops", "relu"]) == 0
    assert capsys.readouterr().err == ""
    (tmp_path / "archspec-0.2.5.dist-info").mkdir()
    assert main(["ops", "relu"]) == 0
    warning = capsys.readouterr().err
    assert warning.startswith("warning: the distribution `archspec` (which describes CPUs) is installed too")
    assert warning.count("\n") == 1
    assert main(["doctor"]) == 0
    assert f"clash       archspec-0.2.5 in {tmp_path}" in capsys.readouterr().out


def test_doctor_says_what_is_missing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(_environment.NEEDED, "gone", "no-such-distribution")
    assert main(["doctor"]) == 3
    assert capsys.readouterr().err == (
        "missing: no-such-distribution\n  = help: python -m pip install no-such-distribution\n"
    )


def test_ops_lists_every_op_under_its_category(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ops"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("activation\n  celu ")
    assert sorted(line.split()[0] for line in printed.splitlines() if line.startswith("  ")) == archspec.ops.names()


def test_an_op_is_shown_with_its_attributes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ops", "conv"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("conv (convolution): ")
    assert "\nchannels: a positive whole number; required\n    The number of filters" in printed
    assert (
        '\npadding: `valid`, `same`, a whole number of 0 or more, or a list such as [1, 1]; default "valid"\n'
        in printed
    )


def test_ops_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ops", "dropout", "--json"]) == 0
    page = json.loads(capsys.readouterr().out)
    assert (page["name"], page["shorthand"], page["inputs"]) == ("dropout", "p", ["x"])
    assert [attribute["name"] for attribute in page["attributes"]] == ["p"]


def test_an_unknown_op_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ops", "conve"]) == 2
    assert "there is no op `conve`, did you mean `conv`?" in capsys.readouterr().err


def _raise_key_error() -> list[str]:
    raise KeyError("gone")


def _interrupt() -> list[str]:
    raise KeyboardInterrupt


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_told_in_a_line() -> None:
    command = [sys.executable, "-m", "archspec", "rules"]
    with open("/dev/full", "w") as full:
        finished = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (finished.returncode, finished.stderr) == (2, "Error: the output cannot be written: no space is left\n")
