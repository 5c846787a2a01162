"""`archspec check`: its options, and what `--fix` does to files."""

from __future__ import annotations

import io
import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from archspec.commands.main import main

Capture = pytest.CaptureFixture[str]

SPEC = """\
archspec: 1
name: net
inputs: {x: [N, 4, 8, 8]}
layers:
  - conv: {id: a, kernel: 3, channels: 4}  # biased
  - batch_norm
  - relu
  - relu  # again
"""
FIXED = SPEC.replace("channels: 4}", "channels: 4, bias: false}").replace("  - relu  # again\n", "")
DIFF = """\
--- spec.yaml
+++ spec.yaml
@@ -2,7 +2,6 @@
 name: net
 inputs: {x: [N, 4, 8, 8]}
 layers:
-  - conv: {id: a, kernel: 3, channels: 4}  # biased
+  - conv: {id: a, kernel: 3, channels: 4, bias: false}  # biased
   - batch_norm
   - relu
-  - relu  # again
"""
SAID = """\
spec.yaml:5:5: {verb}: bias-before-batch-norm, write `bias: false` (-4 parameters)
spec.yaml:8:5: {verb}: double-activation, remove it (same parameters and MACs)
"""


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "spec.yaml"
    path.write_bytes(SPEC.encode())
    return path


def test_fix_writes_what_it_mends_and_reports_what_is_left(spec: Path, capsys: Capture) -> None:
    assert main(["check", "--fix", "spec.yaml"]) == 0
    printed = capsys.readouterr()
    assert spec.read_bytes() == FIXED.encode()
    assert printed.out == "spec.yaml: no errors, 3 nodes\n"
    assert printed.err == SAID.format(verb="fixed")
    assert main(["check", "--fix", "spec.yaml"]) == 0
    assert capsys.readouterr().err == ""


def test_diff_prints_what_fix_would_do_and_writes_nothing(spec: Path, capsys: Capture) -> None:
    assert main(["check", "--diff", "spec.yaml"]) == 0
    printed = capsys.readouterr()
    assert printed.out == DIFF
    assert printed.err == SAID.format(verb="would fix") + "spec.yaml: no errors, 3 nodes\n"
    assert spec.read_bytes() == SPEC.encode()


@pytest.mark.skipif(shutil.which("patch") is None, reason="there is no patch here")
@pytest.mark.parametrize("text", [SPEC, SPEC.removesuffix("\n"), "\ufeff" + SPEC], ids=["plain", "no newline", "mark"])
def test_a_diff_is_a_patch(spec: Path, capsys: Capture, text: str) -> None:
    spec.write_bytes(text.encode())
    main(["check", "--diff", "spec.yaml"])
    patch = capsys.readouterr().out
    subprocess.run(["patch", "--silent", "spec.yaml"], input=patch.encode(), check=True)
    patched = spec.read_bytes()
    spec.write_bytes(text.encode())
    main(["check", "--fix", "spec.yaml"])
    assert patched == spec.read_bytes()


def test_a_dry_run_reports_what_would_be_left(spec: Path, capsys: Capture) -> None:
    spec.write_text(SPEC + "  - linear: {feature: 3}\n", encoding="utf-8")
    assert main(["check", "--diff", "spec.yaml"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "error[unknown-attribute]" in printed.err
    assert main(["check", "--diff", "gone.yaml"]) == 2
    assert "there is no file `gone.yaml`" in capsys.readouterr().err


def test_standard_input_has_a_diff_but_cannot_be_fixed(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(SPEC.encode())))
    assert main(["check", "--diff", "-"]) == 0
    assert capsys.readouterr().out == DIFF.replace("spec.yaml", "<stdin>")
    assert main(["check", "--fix", "-"]) == 2
    assert "`--fix` writes to files, and standard input is none" in capsys.readouterr().err


def test_a_fixed_file_keeps_its_mark_its_line_breaks_its_mode_and_its_links(spec: Path) -> None:
    text = ("\ufeff" + SPEC.replace("\n", "\r\n")).encode()
    spec.write_bytes(text)
    spec.chmod(0o640)
    link = spec.with_name("link.yaml")
    link.symlink_to(spec)
    assert main(["check", "--fix", "link.yaml"]) == 0
    assert link.is_symlink()
    assert spec.read_bytes() == ("\ufeff" + FIXED.replace("\n", "\r\n")).encode()
    assert stat.S_IMODE(spec.stat().st_mode) == 0o640


def test_a_file_that_cannot_be_written_is_one_line_and_stays_whole(
    spec: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    assert main(["check", "--fix", "spec.yaml"]) == 2
    printed = capsys.readouterr()
    assert printed.err == "error: `spec.yaml` cannot be written: permission denied\n"
    assert printed.out.endswith("2 warnings\nspec.yaml: no errors, 4 nodes\n")
    assert [path.name for path in spec.parent.iterdir()] == ["spec.yaml"]
    assert spec.read_bytes() == SPEC.encode()


def test_a_file_that_changed_meanwhile_is_left(spec: Path) -> None:
    from archspec.source.span import Source
    from archspec.tools.fix.write import CannotWriteError, write

    with pytest.raises(CannotWriteError, match="was changed meanwhile"):
        write(Source("spec.yaml", "what was read", spec), "what is better")
    assert spec.read_bytes() == SPEC.encode()


def test_every_spec_that_is_named_is_fixed(spec: Path) -> None:
    other = spec.with_name("other.yaml")
    other.write_text(SPEC, encoding="utf-8")
    assert main(["check", "--fix", "spec.yaml", "other.yaml", "spec.yaml"]) == 0
    assert spec.read_text(encoding="utf-8") == other.read_text(encoding="utf-8") == FIXED


def test_only_the_rules_that_are_asked_are_fixed(spec: Path, capsys: Capture) -> None:
    assert main(["check", "--fix", "--select", "double-activation", "spec.yaml"]) == 0
    assert "channels: 4}" in spec.read_text(encoding="utf-8")
    assert capsys.readouterr().out == "spec.yaml: no errors, 3 nodes\n"


def test_rules_that_are_not_asked_hold_a_fix_to_account_too(spec: Path, capsys: Capture) -> None:
    spec.write_text(SPEC + "expect: {parameters: 156}\n", encoding="utf-8")
    main(["check", "--fix", "--select", "bias-before-batch-norm", "spec.yaml"])
    assert "not fixed: bias-before-batch-norm, write `bias: false`: then there would be `unmet-contract`" in (
        capsys.readouterr().err
    )


def names(capsys: Capture, *options: str) -> list[str]:
    main(["check", "--format", "json", *options, "spec.yaml"])
    return [one["name"] for one in json.loads(capsys.readouterr().out)["diagnostics"]]


def test_rules_are_selected_and_ignored_by_name(spec: Path, capsys: Capture) -> None:
    both = ["bias-before-batch-norm", "double-activation"]
    assert names(capsys) == both
    assert names(capsys, "--select", "dead-node, double-activation") == both[1:]
    assert names(capsys, "--select", both[0], "--select", both[1]) == both
    assert names(capsys, "--ignore", both[1]) == both[:1]
    assert names(capsys, "--select", ",".join(both), "--ignore", both[0]) == both[1:]


@pytest.mark.parametrize(
    ("option", "name", "said"),
    [
        ("--select", "dead-nod", "there is no rule `dead-nod`, did you mean `dead-node`?"),
        ("--ignore", "xyz", "there is no rule `xyz`, `archspec rules` lists them"),
        ("--select", "shape-mismatch", "`shape-mismatch` is no rule but an error of a spec, which is always reported"),
    ],
)
def test_a_rule_that_is_none_is_usage(spec: Path, capsys: Capture, option: str, name: str, said: str) -> None:
    assert main(["check", option, name, "spec.yaml"]) == 2
    assert said in capsys.readouterr().err


def test_statistics_count_findings_by_severity_and_name(spec: Path, capsys: Capture) -> None:
    spec.write_text(SPEC + "  - relu\n  - tanh: {from: x}\noutputs: {o: a}\n", encoding="utf-8")
    assert main(["check", "--statistics", "spec.yaml"]) == 1
    assert capsys.readouterr().out == ("2  error    dead-node\n2  warning  double-activation\n2 errors, 2 warnings\n")


@pytest.mark.parametrize(("level", "code"), [("error", 0), ("warning", 1), ("note", 1)])
def test_the_exit_code_fails_on_a_severity(spec: Path, level: str, code: int) -> None:
    assert main(["check", "--fail-on", level, "spec.yaml"]) == code
    spec.write_text(FIXED, encoding="utf-8")
    assert main(["check", "--fail-on", level, "spec.yaml"]) == 0


@pytest.mark.parametrize("option", ["--diff", "--statistics"])
def test_there_is_one_report_at_a_time(spec: Path, capsys: Capture, option: str) -> None:
    assert main(["check", "--format", "json", option, "spec.yaml"]) == 2
    assert f"`--format json` is another report than `{option}`" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_reported_and_the_others_are_fixed(spec: Path, capsys: Capture) -> None:
    assert main(["check", "--fix", "gone.yaml", "spec.yaml"]) == 2
    assert "there is no file `gone.yaml`" in capsys.readouterr().out
    assert spec.read_text(encoding="utf-8") == FIXED
