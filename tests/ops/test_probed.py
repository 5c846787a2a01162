"""Ops without a shape rule: refused, or run on tensors without memory where that is asked for, and said to be."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch

from archspec.analysis.input_sizes import input_sizes
from archspec.commands.main import main
from archspec.compiler import check_spec, compile_spec, load_graph
from archspec.ir.attributes import Count
from archspec.ir.dims import Size
from archspec.ir.op import Arg, Op, Probed, Step, Weight
from archspec.ir.types import TensorType
from archspec.source.diagnostic import Severity, SpecError
from archspec.source.span import Source
from archspec.tools.build import build
from tests.conftest import Register
from tests.specs import spec


class Windows(Probed):
    """All windows of an axis."""

    name: ClassVar[str] = "windows"
    category: ClassVar[str] = "shape"

    size: Count = 3
    axis: Count = 2

    def lower(self, x: TensorType) -> list[Step]:
        return [Step("method", "unfold", (Arg(0), self.axis, self.size, 1))]


class Project(Probed):
    """A linear layer that says only what its weights and its cost are."""

    name: ClassVar[str] = "project"
    category: ClassVar[str] = "linear"

    def weights(self, x: TensorType) -> dict[str, Weight]:
        return {"weight": Weight((4, 8)), "bias": Weight((4,))}

    def macs(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Size:
        return 8 * outputs[0].elements

    def lower(self, x: TensorType) -> list[Step]:
        return [Step("module", "torch.nn.Linear", settings={"in_features": 8, "out_features": 4})]


class Split(Probed):
    """Two outputs."""

    name: ClassVar[str] = "halves"
    category: ClassVar[str] = "shape"

    def output_names(self) -> tuple[str, ...]:
        return ("left", "right")

    def lower(self, x: TensorType) -> list[Step]:
        return [Step("function", "torch.chunk", (Arg(0), 2), {"dim": 1})]


class Moody(Probed):
    """Another dtype in training."""

    name: ClassVar[str] = "moody"
    category: ClassVar[str] = "shape"

    def lower(self, x: TensorType) -> list[Step]:
        return [Step("module", "tests.ops.test_probed.InTraining")]


class InTraining(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.half() if self.training else x


NETWORK = "inputs: {x: [N, 4, H=8, W=8]}\nlayers:\n  - conv: {channels: 6, kernel: 3}\n  - windows\n  - relu\n"


def refused(rows: str, register: Register, op: type[Op]) -> tuple[str, str]:
    register(op)
    (found,) = check_spec(spec(rows), probe=True)
    return found.name, found.message


def test_without_a_probe_it_is_refused(register: Register) -> None:
    register(Windows)
    (found,) = check_spec(spec(NETWORK))
    assert (found.name, found.severity) == ("no-shape-rule", Severity.ERROR)
    assert found.message == "`windows` has no shape rule, so that nothing is known of what it gives"
    assert found.span is not None
    assert found.span.source.text[found.span.start : found.span.end] == "windows"
    with pytest.raises(SpecError):
        load_graph(spec(NETWORK))


def test_a_probe_gives_the_shape_at_the_nominal_sizes_and_says_so(register: Register) -> None:
    register(Windows)
    (found,) = check_spec(spec(NETWORK), probe=True)
    assert (found.name, found.severity) == ("probed-shape", Severity.NOTE)
    assert found.message == (
        "[N, 6, 4, 6, 3] is known by probe, not by rule: `windows` was run on [N, 6, 6, 6],"
        " and nothing is known at other sizes"
    )
    graph = load_graph(spec(NETWORK), probe=True)
    assert [str(node.types[0]) for node in graph.operations()][-1] == "[N, 6, 4, 6, 3]"
    assert build(graph).mismatches == ()


def test_the_sizes_that_fit_are_not_known(register: Register) -> None:
    register(Windows)
    sizes = input_sizes(load_graph(spec(NETWORK), probe=True))["eval"]
    assert list(map(str, sizes)) == ["H and W unknown (`windows` is known by probe only)"]


def test_what_is_probed_is_compiled(register: Register) -> None:
    register(Windows)
    module = compile_spec(spec(NETWORK), probe=True)
    assert module(torch.zeros(5, 4, 8, 8)).shape == (5, 6, 4, 6, 3)


def test_weights_and_cost_are_held_to_the_run(register: Register) -> None:
    register(Project)
    graph = load_graph(spec("layers: [project]", "{x: [N, T, 8]}"), probe=True)
    (node,) = graph.operations()
    assert str(node.types[0]) == "[N, T, 4]"
    assert build(graph).mismatches == ()


def test_every_port_has_a_type(register: Register) -> None:
    register(Split)
    graph = load_graph(spec("layers: [halves, {relu: {from: '0.left'}}]"), probe=True)
    assert [list(map(str, node.types)) for node in graph.operations()] == [
        ["[N, 2, 8, 8]", "[N, 2, 8, 8]"],
        ["[N, 2, 8, 8]"],
    ]


@pytest.mark.parametrize(
    ("rows", "op", "message"),
    [
        (
            "inputs: {x: [N, 4, T]}\nlayers: [windows]",
            Windows,
            "a side of what it gives follows its inputs, [3, 4, 5, 3] or [5, 4, 9, 3]",
        ),
        ("layers: [{windows: {size: 9}}]", Windows, "of [3, 4, 8, 8], maximum size for tensor at dimension 2 is 8"),
        (
            "layers: [moody]",
            Moody,
            "of [3, 4, 8, 8] it gives float16[3, 4, 8, 8] in training mode, and [3, 4, 8, 8] in eval mode",
        ),
        (
            "layers: [project]",
            type("Project", (Project,), {"weights": Op.weights}),
            "of [3, 4, 8, 8], the weight `weight` is not declared",
        ),
        (
            "layers: [project]",
            type("Project", (Project,), {"macs": Op.macs}),
            "of [3, 4, 8, 8], `macs` are 0, but torch counts 3072",
        ),
        (
            "layers: [halves]",
            type("Split", (Split,), {"output_names": Op.output_names}),
            "of [3, 4, 8, 8], it gives 2 tensors, but has 1 ports",
        ),
    ],
)
def test_what_a_run_does_not_tell_is_refused(register: Register, rows: str, op: type[Op], message: str) -> None:
    name, said = refused(rows, register, op)
    assert name == "failed-probe"
    assert said.startswith(f"`{op.name}` cannot be probed: {message}")


def test_what_follows_from_another_error_is_not_probed(register: Register) -> None:
    register(Windows)
    found = check_spec(spec("layers: [{conv: {channels: 2, kernel: 9}}, windows]"), probe=True)
    assert [one.name for one in found] == ["side-not-positive"]
    assert found.dependent == 1


def test_ops_of_the_catalogue_are_never_probed(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(op: Op, inputs: Any) -> Any:
        raise AssertionError(op.name)

    monkeypatch.setattr("archspec.backends.probe.probe", never)
    assert not check_spec(spec("layers: [{conv: {channels: 2, kernel: 3}}, relu]"), probe=True).failed


@pytest.fixture
def file(register: Register, tmp_path: Path) -> str:
    register(Windows)
    source: Source = spec(NETWORK)
    path = tmp_path / "spec.yaml"
    path.write_text(source.text, encoding="utf-8")
    return str(path)


def test_the_commands_probe_where_they_are_told_to(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", file]) == 1
    assert main(["build", file]) == 1
    assert "note[probed-shape]" not in capsys.readouterr().out
    assert main(["check", "--probe", file]) == 0
    assert "note[probed-shape]" in capsys.readouterr().out
    assert main(["build", "--probe", file]) == 0
    printed = capsys.readouterr().out
    assert "\nprobed      `1`: shapes by probe, not by rule; nothing is known at other sizes\n" in printed
    assert "\nsizes       H and W unknown (`windows` is known by probe only)\n" in printed
    assert main(["build", "--probe", "--json", file]) == 0
    assert json.loads(capsys.readouterr().out)["probed"] == ["1"]


@pytest.mark.parametrize("mode", ["--fix", "--diff"])
def test_nothing_is_mended_by_probe(file: str, mode: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--probe", mode, file]) == 2
    assert f"`{mode}` edits what can be proven" in capsys.readouterr().err
