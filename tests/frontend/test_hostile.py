"""Specs that mean harm: a report within bounds of time and memory, and nothing is run, opened or printed for them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import archspec
from archspec.commands.main import main
from archspec.compiler import check_spec
from archspec.source.formats import render_github, render_json, render_sarif
from archspec.source.report import render_text
from archspec.source.span import Source

HEAD = "archspec: 1\nname: net\ninputs: {x: [N, 3, H=9, W=9]}\n"
MEGABYTES = 300
"""What a check may take, the interpreter and its modules included."""
SECONDS = 60
"""Far more than a check takes, so that no busy machine fails."""
MEASURE = """
import resource, sys
from pathlib import Path
from archspec.commands.main import main
code = main(["check", sys.argv[1]])
status = Path("/proc/self/status")
if status.exists():  # Linux counts the peak of whoever started a process as its own in `ru_maxrss`
    (peak,) = (int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 2**10
print("peak", peak // 2**10, "code", code, file=sys.stderr)
"""


def layers(*rows: str, blocks: str = "") -> str:
    return HEAD + blocks + "layers:\n" + "".join(f"  - {row}\n" for row in rows)


def block_bomb(levels: int, uses: int) -> str:
    inner = "".join(f"  b{level}: {{layers: [{', '.join([f'b{level + 1}'] * uses)}]}}\n" for level in range(levels))
    return layers("b0", blocks=f"blocks:\n{inner}  b{levels}: {{layers: [relu]}}\n")


def laughs(levels: int) -> str:
    lines = ["a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join(lines) + "\n"


def branches_inside_branches(levels: int) -> str:
    return layers("{concat: {branches: [[relu], [" * levels + "relu" + "]]}}" * levels)


BOMBS = {
    "a power tower": (layers("conv: {kernel: 1, channels: $(9**9**9)}"), "wrong-expression"),
    "a product that overflows": (
        layers("conv: {kernel: 1, channels: $(" + "99999 * " * 40 + "9)}"),
        "wrong-expression",
    ),
    "a text times a number": (layers("conv: {kernel: 1, channels: $('a' * 999999999)}"), "wrong-expression"),
    "a thousand million turns": (layers("relu: {repeat: 1000000000}"), "too-many-nodes"),
    "a repeat by an expression": (layers("relu: {repeat: $(1000000 * 1000000)}"), "too-many-nodes"),
    "a repeat that no machine word holds": (
        layers("relu: {repeat: 99999999999999999999999999999999}"),
        "too-many-nodes",
    ),
    "repeats in repeats": (
        layers("sequence: {repeat: 1000, layers: [{sequence: {repeat: 1000, layers: [{relu: {repeat: 1000}}]}}]}"),
        "too-many-nodes",
    ),
    "repeats in repeats by expressions": (
        layers(
            "sequence: {repeat: $(n), layers: [{sequence: {repeat: $(n), layers: [{relu: {repeat: $(n)}}]}}]}",
            blocks="params: {n: 1000}\n",
        ),
        "too-many-nodes",
    ),
    "blocks that use blocks": (block_bomb(10, 10), "too-many-nodes"),
    "a chain of a thousand blocks": (block_bomb(1000, 1), "nested-too-deep"),
    "empty blocks that use blocks": (block_bomb(12, 8).replace("[relu]", "[]"), "too-many-nodes"),
    "names of a million turns": (layers("relu: {id: a1..999999}"), "wrong-value"),
    "a million million channels": (layers("conv: {kernel: 1, channels: 1000000000000}"), "wrong-value"),
    "channels beyond 64 bits": (layers("conv: {kernel: 1, channels: 1180591620717411303424}"), "wrong-value"),
    "a weight of the largest sides": (
        layers("conv: {kernel: 1, channels: 2147483647}", "conv: {kernel: 1, channels: 2147483647}"),
        "too-many-parameters",
    ),
    "an id of a megabyte": (layers("relu: {id: " + "a" * 2**20 + "}"), "wrong-value"),
    "a name of an op of a megabyte": (layers("a" * 2**20), "unknown-op"),
    "an expression of 100,000 characters": (
        layers("conv: {kernel: 1, channels: $(1" + "+1" * 50_000 + ")}"),
        "wrong-expression",
    ),
    "an expression of 200 parentheses": (
        layers("conv: {kernel: 1, channels: $(" + "(" * 199 + "1" + ")" * 198 + ")}"),
        "unbalanced-expression",
    ),
    "an expression of 180 minus signs": (
        layers("conv: {kernel: 1, channels: $(" + "-" * 180 + "1)}"),
        "wrong-expression",
    ),
    "a billion laughs": (laughs(12), "too-many-aliases"),
    "a million brackets": ("[" * 1_000_000, "nested-too-deep"),
    "branches in branches": (branches_inside_branches(20), "nested-too-deep"),
    "sequences in blocks": (
        layers(
            "b0",
            blocks="blocks:\n"
            + "".join(f"  b{n}: {{layers: [b{n + 1}, b{n + 1}]}}\n" for n in range(40))
            + "  b40: {layers: [{relu: {if: false}}]}\n",
        ),
        "too-many-nodes",
    ),
    "an object of Python": ('!!python/object/apply:os.system ["touch bang"]\n', "yaml-tag"),
    "an object of Python as a value": (layers('conv: {kernel: !!python/name:os.system "", channels: 3}'), "yaml-tag"),
    "a class of torch": (layers("torch.nn.Linear: {in_features: 3}"), "unknown-op"),
    "a call of Python": (
        layers("conv: {kernel: 1, channels: \"$(__import__('os').system('touch bang'))\"}"),
        "wrong-expression",
    ),
    "an attribute of Python": (layers("conv: {kernel: 1, channels: $(H.__class__)}"), "wrong-expression"),
    "a dunder id": (layers("relu: {id: __class__}"), "reserved-name"),
    "a dunder op": (layers("__init__"), "unknown-op"),
    "a dunder attribute": (layers("conv: {kernel: 1, channels: 3, __class__: 3}"), "unknown-attribute"),
    "a dunder parameter in an expression": (layers("conv: {kernel: 1, channels: $__builtins__}"), "unknown-parameter"),
    "a dim that multiplies without end": (
        layers(
            "b",
            blocks="blocks: {b: {in: [N, C, H, W], layers: [{conv: {kernel: 1, channels: $("
            + "(H + W) * " * 30
            + "1)}}]}}\n",
        ).replace("H=9, W=9", "H, W"),
        "wrong-value",
    ),
}


def run(script: str, spec: Path) -> subprocess.CompletedProcess[str]:
    """A script in a process of its own, in the folder of a spec, with its name as argument."""
    return subprocess.run(
        [sys.executable, "-c", script, spec.name],
        cwd=spec.parent,
        env={**os.environ, "PYTHONPATH": str(Path(archspec.__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def check_apart(path: Path) -> tuple[str, int, int]:
    """The report of a check in a process of its own, its peak of memory in megabytes, and its exit code."""
    done = run(MEASURE, path)
    assert done.returncode == 0, done.stderr
    _, peak, _, code = done.stderr.split()
    return done.stdout, int(peak), int(code)


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_a_report(name: str, tmp_path: Path) -> None:
    text, expected = BOMBS[name]
    path = tmp_path / "bomb.yaml"
    path.write_text(text, encoding="utf-8")
    report, peak, code = check_apart(path)
    assert f"error[{expected}]" in report
    assert report.count("error[") == 1
    assert code == 1
    assert len(report) < 3000
    assert peak < MEGABYTES
    assert [child.name for child in tmp_path.iterdir()] == ["bomb.yaml"]


# Files


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project beside a secret."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").touch()
    (tmp_path / "secret.yaml").write_text("archspec: 1\nblocks: {password: {layers: [hunter2]}}\n", encoding="utf-8")
    monkeypatch.chdir(project)
    return project


def report_of_including(name: str, capsys: pytest.CaptureFixture[str]) -> str:
    Path("spec.yaml").write_text(HEAD + f"include: [{json.dumps(name)}]\nlayers: [relu]\n", encoding="utf-8")
    assert main(["check", "spec.yaml"]) == 1
    printed = capsys.readouterr()
    assert printed.err == ""
    assert "hunter2" not in printed.out
    return printed.out


@pytest.mark.parametrize(
    "name", ["../secret.yaml", "./a/../../secret.yaml", "/etc/passwd", "~/secret.yaml", "file:///etc/passwd"]
)
def test_no_path_leads_out(inside: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert "error[file-" in report_of_including(name, capsys)


def test_no_link_leads_out(inside: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (inside / "link.yaml").symlink_to("../secret.yaml")
    (inside / "folder").symlink_to("..")
    assert "error[file-outside]" in report_of_including("link.yaml", capsys)
    assert "error[file-outside]" in report_of_including("folder/secret.yaml", capsys)


def test_a_pipe_is_not_waited_for(inside: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(inside / "pipe.yaml")
    assert "`pipe.yaml` is a device, a pipe or a socket, expected a file" in report_of_including("pipe.yaml", capsys)


def test_a_link_to_itself_is_reported(inside: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (inside / "loop.yaml").symlink_to("loop.yaml")
    assert "error[file-" in report_of_including("loop.yaml", capsys)


def test_files_that_include_each_other_many_times_are_read_once(inside: Path) -> None:
    names = [f"f{number}.yaml" for number in range(30)]
    for number, name in enumerate(names):
        Path(name).write_text(
            f"archspec: 1\ninclude: [{', '.join(names[number + 1 :])}]\nblocks: {{b{number}: {{layers: [relu]}}}}\n",
            encoding="utf-8",
        )
    Path("spec.yaml").write_text(HEAD + f"include: [{', '.join(names)}]\nlayers: [b0, b29]\n", encoding="utf-8")
    assert not check_spec("spec.yaml").failed


WATCH = """
import os, sys
before = set(sys.modules)
from pathlib import Path
import archspec.commands.main as commands
spec, here = sys.argv[1], Path.cwd()
installed = [Path(path).resolve() for path in sys.path if path]
seen = []
DEEDS = ("os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "subprocess.", "socket.", "ctypes.",
         "shutil.", "os.remove", "os.rename", "os.mkdir", "os.link", "os.symlink", "os.truncate", "webbrowser.")
def watch(event, details):
    if event == "open" and isinstance(details[0], str | bytes):
        path, writes = Path(os.fsdecode(details[0])).resolve(), bool(details[2] & 3)
        if writes or not any(path.is_relative_to(folder) for folder in installed):
            seen.append(f"{'write' if writes else 'read'} {path.name}")
    elif event == "import" and here in (Path(str(details[1] or "/")).parents):
        seen.append(f"import {details[0]}")
    elif event.startswith(DEEDS):
        seen.append(event)
sys.dont_write_bytecode = True
sys.addaudithook(watch)
commands.main(["check", spec])
ours = {"archspec", "annotated_types", "click", "networkx", "pydantic", "pydantic_core", "typing_extensions",
        "typing_inspection", "yaml", "_yaml"}
roots = {name.partition(".")[0] for name in set(sys.modules) - before}
theirs = ("_cython", "cython", "_sysconfigdata")  # what PyYAML and Python's own sysconfig bring
others = sorted(name for name in roots - ours - sys.stdlib_module_names if not name.startswith(theirs))
seen += [f"module {name}" for name in others]
print("\\n".join(seen), file=sys.stderr)
"""


def test_a_check_opens_the_spec_alone_and_does_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text(
        layers("relu", "yaml_evil.Payload", "$(__import__('os'))", "conv: {kernel: 1, channels: $(open('spec.yaml'))}"),
        encoding="utf-8",
    )
    (tmp_path / "yaml_evil.py").write_text("raise SystemExit(9)\n", encoding="utf-8")
    done = run(WATCH, tmp_path / "spec.yaml")
    assert "error[unknown-op]" in done.stdout
    assert done.stderr.splitlines() == ["read spec.yaml"]


# What is printed

CODES = "\x1b[2J\x1b]0;owned\x07\u202e\u200f\u2066\r\n::error file=x::owned\x9b31m\x00\x08"
PRINTERS: dict[str, Callable[..., str]] = {
    "text": render_text,
    "json": render_json,
    "github": render_github,
    "sarif": render_sarif,
}
PLACES = [
    "layers: [{TEXT: 3}]",
    "layers: [{relu: {TEXT: 3}}]",
    "layers: [{relu: {id: TEXT}}]",
    "layers: [{relu: {from: TEXT}}]",
    "layers: [{conv: {kernel: TEXT, channels: 3}}]",
    "layers: [{conv: {kernel: 1, channels: 3, init: {weight: TEXT}}}]",
    "layers: [{relu: {allow: {TEXT: why}}}]",
    "layers: [relu]\nTEXT: 3",
    "layers: [relu]\nparams: {TEXT: 3}",
    "layers: [relu]\nblocks: {TEXT: {layers: [relu]}}",
    "layers: [relu]\ninclude: [TEXT]",
    "layers: [relu]\noutputs: {a: TEXT}",
    "layers: [relu]\noutputs: {TEXT: '0'}",
    "layers: [relu]\nexpect: {TEXT: 3}",
    "layers: [relu]\nchecks: {TEXT: off}",
    "layers: [{concat: {branches: {TEXT: [relu]}}}]",
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("printer", PRINTERS)
def test_no_text_of_a_spec_acts_on_what_shows_it(place: str, printer: str) -> None:
    for text in (json.dumps(CODES), json.dumps(CODES, ensure_ascii=False), f'"{CODES}"'):
        found = check_spec(Source(CODES, HEAD + place.replace("TEXT", text)))
        assert found.failed
        printed = PRINTERS[printer](found)
        assert not set(printed) & set(CODES.translate(dict.fromkeys(b"\n[2J]0;owned:errfilx=31m "))), printed
        if printer == "github":
            assert [line.split(" ")[0] for line in printed.splitlines()] == ["::error"] * len(found)


def test_names_that_there_are_thousands_of_are_not_all_listed_at_every_mistake() -> None:
    params = ", ".join(f"p{index}: 1" for index in range(2000))
    rows = "".join(f"  - conv: {{kernel: 1, channels: $q{index}}}\n" for index in range(2000))
    report = render_text(check_spec(Source("net.yaml", f"{HEAD}params: {{{params}}}\nlayers:\n{rows}")))
    assert report.count("error[unknown-parameter]") == 2000
    assert len(report) < 2_000_000
