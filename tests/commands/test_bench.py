"""The command `bench`, and `build --optimize`, on a small network; nothing is said of how long it takes."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
import torch

import archspec.tools.bench.bench
from archspec.backends.engines import ENGINES
from archspec.commands.main import main
from archspec.tools.optimize.guard import OptimizeError
from archspec.tools.roof import measure_roof
from tests.doc_blocks import ROOT

LENET = str(ROOT / "specs" / "lenet.yaml")
QUICK = ("--rounds", "3")
VARIANTS = ["eager", "channels last", "torch"]
OURS = ["torch", "onnxruntime", "openvino"]
WIDE = """
archspec: 1
name: wide
inputs: {image: [N, 3, H=16, W=16]}
layers:
  - conv: {id: a, channels: 4, kernel: 3}
  - relu
  - repeat_of: {id: body, repeat: 24}
outputs: {y: body}
blocks:
  repeat_of:
    layers: [{conv: {id: conv, channels: 4, kernel: 1}}, {sigmoid: {id: act}}]
"""
MIXED = """
archspec: 1
name: mixed
inputs: {image: [N, 3, H=16, W=16]}
layers:
  - conv: {id: a, channels: 4, kernel: 3}
  - cast: float32
  - conv: {id: b, channels: 4, kernel: 3}
outputs: {y: b}
"""
TABLE = """
archspec: 1
name: table
inputs: {words: {shape: [N, T=8], dtype: int64, below: 10}}
layers:
  - embedding: {id: table, tokens: 10, features: 4}
  - linear: {id: y, features: 3}
outputs: {y: y}
"""

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARCHSPEC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(archspec.tools.bench.bench, "measure_roof", lambda: 100.0)
    Path("wide.yaml").write_text(WIDE, encoding="utf-8")


def data(capsys: Capture, *arguments: str) -> Any:
    assert main(["bench", LENET, *QUICK, "--json", *arguments]) == 0
    return json.loads(capsys.readouterr().out)


def test_variants_stand_in_a_table_with_what_they_are_measured_by(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archspec.tools.bench.bench, "measure_roof", measure_roof)
    assert main(["bench", LENET, *QUICK, "--engines", "torch"]) == 0
    title, table, facts = capsys.readouterr().out.split("\n\n")
    assert title == "lenet at N=1, H=32, W=32"
    heading, _, *rows = table.splitlines()
    assert re.split(r"\s{2,}", heading) == [
        *("variant", "median", "spread", "ratio", "of roof", "ready in", "peak", "bound", "difference")
    ]
    cell = r"\s{2,}\d+\.\d+ ms\s+[\d.]+%\s+[\d.]+x\s+[\d.]+%\s+(\d+\.\d\d s|\u2014)(\s+[\d.]+kB){2}\s+\d\.\de-\d\d"
    assert all(re.fullmatch(rf"{name}{cell}", row) for name, row in zip(VARIANTS, rows, strict=False))
    assert [row.split("  ")[0] for row in rows] == VARIANTS
    labels = [line.split()[0] for line in facts.splitlines()]
    assert labels == ["torch", "roof", "MACs", "peak", "difference", "weights", *(["load"] * hasattr(os, "getloadavg"))]


def test_all_that_is_installed_and_brief_is_timed_and_gives_the_same(capsys: Capture) -> None:
    found = data(capsys)
    assert [each["variant"] for each in found["variants"]] == ["eager", "channels last", *OURS]
    assert all(each["difference"] < 2e-6 for each in found["variants"])
    assert all(len(each["times"]) == 3 and each["median"] > 0 for each in found["variants"])
    assert (found["name"], found["sizes"], found["macs"]) == ("lenet", {"N": 1, "H": 32, "W": 32}, 416_520)
    eager = found["variants"][0]
    assert eager["ratio"] == 1
    assert found["roof"] == 100
    assert eager["roof_share"] == pytest.approx(2 * 416_520 / eager["median"] / 100e9)
    assert found["left_out"] == {}
    assert found["by_node"] is None


def test_memory_is_told_of_what_torch_allocates(capsys: Capture) -> None:
    found = data(capsys, "--engines", "torch,onnxruntime")
    memory = {each["variant"]: (each["peak"], each["bound"]) for each in found["variants"]}
    (eager, plain), (fused, bound) = memory["eager"], memory["torch"]
    assert plain <= eager <= 1.3 * plain
    assert bound <= fused <= 1.3 * bound
    assert bound < plain
    assert memory["onnxruntime"] == (None, None)


def test_a_batch_and_sizes_are_what_is_run(capsys: Capture) -> None:
    found = data(capsys, "--engines", "torch", "--batch", "3", "--size", "H=32,W=32")
    assert found["sizes"] == {"N": 3, "H": 32, "W": 32}
    assert found["macs"] == 3 * 416_520
    assert [each["variant"] for each in found["variants"]] == VARIANTS


def test_threads_are_those_that_are_asked_for_while_it_runs(capsys: Capture) -> None:
    before = torch.get_num_threads()
    assert data(capsys, "--engines", "torch", "--threads", "1")["threads"] == 1
    assert torch.get_num_threads() == before


def test_an_engine_that_is_missing_is_said_with_what_installs_it(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(ENGINES["openvino"]), "packages", ("onnx", "no_such_package"))
    monkeypatch.setattr(type(ENGINES["onnxruntime"]), "packages", ("no_such_package",))
    assert main(["bench", "wide.yaml", *QUICK]) == 0
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("not ")]
    assert [re.split(r"\s{2,}", line) for line in said] == [
        ["not onnxruntime", "needs no_such_package: pip install 'archspec-nn[onnxruntime]'"],
        ["not openvino", "needs no_such_package: pip install 'archspec-nn[openvino]'"],
    ]


def test_an_engine_that_is_asked_for_by_name_has_to_be_installed(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(ENGINES["openvino"]), "packages", ("torch", "no_such_package"))
    assert main(["bench", "wide.yaml", *QUICK, "--engines", "torch,openvino"]) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.endswith(
        "error: the engine `openvino` needs no_such_package\n  = help: pip install 'archspec-nn[openvino]'\n"
    )


def test_nodes_are_listed_by_time_with_what_they_cost(capsys: Capture) -> None:
    nodes = data(capsys, "--engines", "onnxruntime", "--by-node")["by_node"]
    costs = {each["path"]: (each["op"], each["macs"]) for each in nodes["nodes"]}
    assert costs["c3"] == ("fused_conv", 240_000)
    assert costs["s2"] == ("avg_pool", 0)
    assert sum(macs for _, macs in costs.values()) == 416_520
    seconds = [each["seconds"] for each in nodes["nodes"]]
    assert seconds == sorted(seconds, reverse=True)
    assert nodes["total"] == pytest.approx(sum(seconds))
    assert nodes["whole"] > 0


def test_of_many_nodes_the_slowest_are_printed_and_all_on_demand(capsys: Capture) -> None:
    printed = []
    for more in ([], ["--all"]):
        assert main(["bench", "wide.yaml", *QUICK, "--engines", "torch", "--by-node", *more]) == 0
        printed.append(capsys.readouterr().out.split("by node, on the engine torch\n\n")[1])
    some, every = printed
    shown = re.findall(r"^body\.\d+\.conv +fused_conv +\[1, 4, 14, 14\] ", every, re.M)
    assert len(shown) == 24
    assert re.split(r"\s{2,}", every.splitlines()[0]) == [
        *("node", "op", "gives", "median", "share", "MACs", "of roof")
    ]
    assert len(some.split("\n... and ")[0].splitlines()) == 2 + 20
    assert re.search(r"^\.\.\. and 5 more, of [\d.]+%; `--all` prints them$", some, re.M)
    assert all(re.search(r"^fused_conv +25 +[\d.]+ ms +100% ", text, re.M) for text in printed)
    total = r"^total  [\d.]+ ms, [\d.]+% (more|less) than a run without clocks between them, which takes [\d.]+ ms$"
    assert all(re.search(total, text, re.M) for text in printed)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--engines", "onxruntime"], "there is no engine `onxruntime`, did you mean `onnxruntime`?"),
        (["--engines", "jax"], "there is no engine `jax`, there are torch, onnxruntime, openvino, inductor, and `all`"),
        (["--size", "Q=3"], "`Q=3` is no size: `NAME=NUMBER` was expected, the names of this spec are `H`, `N`, `W`"),
        (["--threads", "0"], "0 is not in the range 1<=x<=1024"),
        (["--batch", "0"], "0 is not in the range"),
        (["--all"], "`--all` prints all nodes of `--by-node`, which is not there"),
    ],
)
def test_what_cannot_be_meant_is_2(capsys: Capture, arguments: list[str], message: str) -> None:
    assert main(["bench", LENET, *arguments]) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.out == ""


def test_a_size_that_does_not_fit_is_1_and_what_stops_is_said(capsys: Capture) -> None:
    assert main(["bench", LENET, "--size", "H=20,W=20"]) == 1
    printed = capsys.readouterr()
    assert printed.err == (
        "Error: lenet: it does not run at H=20, W=20: in `c5`, a 5x5 kernel does not fit into the 2x2 input with"
        " padding 0\n"
    )
    assert printed.out == ""


def test_a_batch_that_is_fixed_is_2(capsys: Capture) -> None:
    Path("wide.yaml").write_text(WIDE.replace("[N, 3,", "[2, 3,"), encoding="utf-8")
    assert main(["bench", "wide.yaml", "--batch", "2"]) == 2
    assert "the first axes of the inputs of wide are fixed" in capsys.readouterr().err


def test_a_network_that_does_not_run_in_float64_is_timed_without_a_difference(capsys: Capture) -> None:
    Path("wide.yaml").write_text(MIXED, encoding="utf-8")
    assert main(["bench", "wide.yaml", *QUICK, "--engines", "torch", "--json"]) == 0
    assert {each["difference"] for each in json.loads(capsys.readouterr().out)["variants"]} == {None}


def test_sequences_have_no_variant_whose_channels_are_last(capsys: Capture) -> None:
    Path("wide.yaml").write_text(TABLE, encoding="utf-8")
    assert main(["bench", "wide.yaml", *QUICK, "--engines", "torch", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["variant"] for each in found["variants"]] == ["eager", "torch"]
    assert found["sizes"]["N"] == 1


def test_a_build_that_optimizes_prints_the_report_below_its_own(capsys: Capture) -> None:
    assert main(["build", LENET]) == 0
    plain = capsys.readouterr().out
    assert main(["build", LENET, "--optimize"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"{plain}\nlenet at N=1, H=32, W=32\nengine      ")
    assert main(["build", LENET, "--optimize"]) == 0
    assert ", as before on this machine\n" in capsys.readouterr().out


def test_a_build_that_optimizes_has_what_came_of_it_as_data(capsys: Capture) -> None:
    assert main(["build", LENET, "--json", "--optimize"]) == 0
    data = json.loads(capsys.readouterr().out)
    found = data["optimized"]
    assert data["total"]["macs"] == 416_520
    assert found["engine"].split(" + ")[0] in OURS
    assert found["difference"] < 1e-5
    assert (found["sizes"], found["from_cache"]) == ({"N": 1, "H": 32, "W": 32}, False)
    assert {each["label"] for each in found["tried"]} >= {*OURS}
    assert found["passed_over"] == {"inductor": "takes a minute; ask for it"}


def test_a_build_that_cannot_be_optimized_is_1_with_the_reason(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OptimizeError("its weights are on two devices")

    monkeypatch.setattr("archspec.tools.optimize.optimize.optimize", refuse)
    assert main(["build", LENET, "--optimize"]) == 1
    printed = capsys.readouterr()
    assert "checked     every tensor" in printed.out
    assert printed.err.endswith("\nError: lenet cannot be optimised: its weights are on two devices\n")


def test_where_torch_cannot_run_a_network_there_are_no_nodes_but_all_else(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OptimizeError("it is of no use")

    monkeypatch.setattr(archspec.tools.bench.bench, "on_engine", refuse)
    found = data(capsys, "--engines", "torch", "--by-node")
    assert [each["variant"] for each in found["variants"]] == ["eager", "channels last"]
    assert found["by_node"] is None
    assert found["left_out"] == {"torch": "it is of no use", "by node": "torch cannot run it: it is of no use"}
