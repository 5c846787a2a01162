"""The commands that read a spec, on files as users have them."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from archspec.commands.main import main
from archspec.ir.graph import Graph

TINY = """\
archspec: 1
name: tiny
params: {width: 4}
inputs: {image: [N, 3, H=9, W=9]}
layers:
  - conv: {id: conv, kernel: 3, channels: $width}
  - relu: {id: features}
outputs: {features: features}
"""
MISTAKE = TINY.replace("kernel: 3", "kernel: 3, strid: 2")


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY, encoding="utf-8")
    (tmp_path / "mistake.yaml").write_text(MISTAKE, encoding="utf-8")
    return path


Capture = pytest.CaptureFixture[str]


def test_a_spec_without_mistakes_is_0(tiny: Path, capsys: Capture) -> None:
    assert main(["check", "tiny.yaml"]) == 0
    assert capsys.readouterr() == ("tiny.yaml: no errors, 2 nodes\n", "")


def test_the_report_of_check_is_its_result(tiny: Path, capsys: Capture) -> None:
    assert main(["check", "mistake.yaml"]) == 1
    printed = capsys.readouterr()
    assert "--> mistake.yaml:6:" in printed.out
    assert "`strid`" in printed.out
    assert printed.err == ""


def test_several_specs_are_checked_whatever_is_wrong_with_one(tiny: Path, capsys: Capture) -> None:
    assert main(["check", "mistake.yaml", "tiny.yaml"]) == 1
    printed = capsys.readouterr().out
    assert "--> mistake.yaml:6:" in printed
    assert printed.endswith("tiny.yaml: no errors, 2 nodes\n")


def test_a_spec_on_standard_input(tiny: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(MISTAKE.encode())))
    assert main(["check", "-"]) == 1
    assert "--> <stdin>:6:" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["check", "table", "expand", "build"])
def test_a_file_that_is_not_there_is_2(tiny: Path, capsys: Capture, command: str) -> None:
    assert main([command, "tinny.yaml"]) == 2
    printed = "".join(capsys.readouterr())
    assert "there is no file `tinny.yaml`" in printed
    assert "did you mean `tiny.yaml`?" in printed


@pytest.mark.parametrize("command", ["table", "expand", "build"])
def test_findings_go_to_standard_error_and_no_result_to_output(tiny: Path, capsys: Capture, command: str) -> None:
    assert main([command, "mistake.yaml"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "`strid`" in printed.err


def test_check_reports_for_programs(tiny: Path, capsys: Capture) -> None:
    assert main(["check", "mistake.yaml", "--format", "json"]) == 1
    (found,) = json.loads(capsys.readouterr().out)["diagnostics"]
    assert found["severity"] == "error"
    assert main(["check", "mistake.yaml", "--format", "sarif"]) == 1
    assert json.loads(capsys.readouterr().out)["version"] == "2.1.0"
    assert main(["check", "mistake.yaml", "--format", "github"]) == 1
    assert capsys.readouterr().out.startswith("::error ")


def test_color_is_asked_for_and_refused_by_the_environment(
    tiny: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    main(["check", "mistake.yaml"])
    assert "\x1b[" not in capsys.readouterr().out
    monkeypatch.setenv("FORCE_COLOR", "1")
    main(["check", "mistake.yaml"])
    assert "\x1b[" in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    main(["check", "mistake.yaml"])
    assert "\x1b[" not in capsys.readouterr().out


def test_a_setting_gives_a_parameter_another_value(tiny: Path, capsys: Capture) -> None:
    assert main(["table", "tiny.yaml", "--format", "json", "--set", "width=8"]) == 0
    assert json.loads(capsys.readouterr().out)[1]["inputs"][0]["shape"] == ["N", 8, 7, 7]


def test_a_setting_without_a_value_is_usage(tiny: Path, capsys: Capture) -> None:
    assert main(["table", "tiny.yaml", "--set", "width"]) == 2
    assert "`--set width` does not read `name=value`" in capsys.readouterr().err


def test_a_setting_of_no_parameter_is_an_error(tiny: Path, capsys: Capture) -> None:
    assert main(["table", "tiny.yaml", "--set", "widht=3"]) == 1
    assert "did you mean `width`?" in capsys.readouterr().err


def test_the_table_has_the_columns_of_the_paper(tiny: Path, capsys: Capture) -> None:
    assert main(["table", "tiny.yaml"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "type  patch size/stride or remarks  input size",
        "----  ----------------------------  ----------",
        "conv  3x3/1                         9x9x3",
        "relu  features                      7x7x4",
    ]


def test_a_result_is_written_to_a_file_whole(tiny: Path, capsys: Capture) -> None:
    assert main(["table", "tiny.yaml", "--format", "csv", "-o", "table.csv"]) == 0
    assert Path("table.csv").read_text(encoding="utf-8").startswith("type,patch size/stride or remarks,input size\n")
    assert capsys.readouterr().out == ""
    assert sorted(path.name for path in tiny.parent.iterdir()) == ["mistake.yaml", "table.csv", "tiny.yaml"]


def test_a_file_that_cannot_be_written_is_2_and_leaves_nothing(tiny: Path, capsys: Capture) -> None:
    assert main(["table", "tiny.yaml", "-o", "nowhere/table.txt"]) == 2
    assert "no such file or directory" in capsys.readouterr().err


def test_the_expanded_spec_means_the_same_and_expands_to_itself(tiny: Path, capsys: Capture) -> None:
    assert main(["expand", "tiny.yaml", "-o", "expanded.yaml"]) == 0
    assert main(["expand", "expanded.yaml"]) == 0
    again, once = capsys.readouterr().out, Path("expanded.yaml").read_text(encoding="utf-8")
    assert "  # tiny.yaml:6" in once
    assert again.replace("# expanded.yaml:", "# tiny.yaml:") == once
    tables = []
    for spec in ("tiny.yaml", "expanded.yaml"):
        assert main(["table", spec, "--depth", "9", "--format", "json"]) == 0
        tables.append(capsys.readouterr().out)
    assert tables[0] == tables[1]


def test_a_build_prints_the_table_the_totals_and_what_ran(tiny: Path, capsys: Capture) -> None:
    assert main(["build", "tiny.yaml"]) == 0
    printed = capsys.readouterr()
    assert printed.out == (
        "tiny\n"
        "\n"
        "name      type        output shape  parameters   MACs\n"
        "--------  ----------  ------------  ----------  -----\n"
        "conv      conv 3x3/1  [N, 4, 7, 7]         112  5,292\n"
        "features  relu        [N, 4, 7, 7]\n"
        "\n"
        "inputs      image [N, 3, 9, 9]\n"
        "outputs     features [N, 4, 7, 7]\n"
        "parameters  112, and 0 numbers in buffers\n"
        "MACs        5,292 per sample in eval mode\n"
        "ran         2 nodes in eval mode and 2 nodes in training mode, at N=2, H=9, W=9\n"
        "sizes       H and W 3 and up (`conv` stops at 2)\n"
        "checked     every tensor, parameter, buffer and MAC is as inferred\n"
    )
    assert printed.err.startswith("check 0.")


def test_a_build_as_data_says_nothing_of_time(tiny: Path, capsys: Capture) -> None:
    assert main(["build", "tiny.yaml", "--json"]) == 0
    first = capsys.readouterr().out
    assert main(["build", "tiny.yaml", "--json"]) == 0
    assert capsys.readouterr().out == first
    report = json.loads(first)
    assert report["total"] == {"parameters": 112, "buffers": 0, "macs": 5292, "training_macs": 5292}
    stops = {"size": 2, "node": "conv", "message": "a 3x3 kernel does not fit into the 2x2 input with padding 0"}
    sizes = {"symbols": ["H", "W"], "text": "H and W 3 and up", "minimum": 3, "maximum": None, "below": stops}
    assert report["sizes"]["eval"] == report["sizes"]["training"]
    assert report["sizes"]["eval"][0].items() >= sizes.items()
    assert report["sizes"]["eval"][0]["runs"] == [{"first": 3, "last": None, "step": 1}]
    assert report["run"] == {"sizes": {"N": 2, "H": 9, "W": 9}, "nodes": {"eval": 2, "training": 2}}
    assert report["mismatches"] == []


def test_build_without_torch_is_3(tiny: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "archspec.tools.build", raising=False)
    assert main(["build", "tiny.yaml"]) == 3
    assert capsys.readouterr().err.endswith("  = help: python -m pip install torch\n")


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")])
def test_build_without_enough_memory_is_3(
    tiny: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def emit(graph: Graph) -> None:
        raise error

    monkeypatch.setattr("archspec.tools.build.emit", emit)
    assert main(["build", str(tiny)]) == 3
    assert "the memory of this machine is not enough to build and run" in capsys.readouterr().err


def test_a_starter_spec_checks_clean_and_builds(tiny: Path, capsys: Capture) -> None:
    assert main(["new", "mine", "-o", "mine.yaml"]) == 0
    assert main(["build", "mine.yaml", "--json"]) == 0
    printed = capsys.readouterr()
    report = json.loads(printed.out)
    assert (report["name"], report["outputs"]["logits"]["shape"]) == ("mine", ["N", 10])
    assert "warning" not in printed.err


def test_a_starter_spec_overwrites_nothing(tiny: Path, capsys: Capture) -> None:
    assert main(["new", "-o", "tiny.yaml"]) == 2
    assert tiny.read_text(encoding="utf-8") == TINY


def test_a_name_that_no_spec_can_have_is_usage(capsys: Capture) -> None:
    assert main(["new", "3d"]) == 2
    assert "`3d`" in capsys.readouterr().err


def test_the_schema_accepts_what_check_accepts_and_refuses_a_typing_mistake(tiny: Path, capsys: Capture) -> None:
    import jsonschema
    import yaml

    assert main(["schema"]) == 0
    validator = jsonschema.Draft202012Validator(json.loads(capsys.readouterr().out))
    assert list(validator.iter_errors(yaml.safe_load(TINY))) == []
    assert list(validator.iter_errors(yaml.safe_load(MISTAKE))) != []


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("conv", "conv (convolution): Slide"),
        ("dead-node", "dead-node (error): No output needs"),
        ("shape-mismatch", "shape-mismatch: "),
    ],
)
def test_a_name_in_a_message_is_explained(capsys: Capture, name: str, begins: str) -> None:
    assert main(["explain", name]) == 0
    assert capsys.readouterr().out.startswith(begins)


def test_an_unknown_name_to_explain_names_the_nearest(capsys: Capture) -> None:
    assert main(["explain", "shape-missmatch"]) == 2
    assert "did you mean `shape-mismatch`?" in capsys.readouterr().err
