"""Ops of other packages whose own code fails: a finding where the spec uses them, beside all others of the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest

from archspec.commands.main import BUG, main
from archspec.compiler import check_spec
from archspec.ir.conditions import Conditions
from archspec.ir.op import Arg, Op, Step
from archspec.ir.types import TensorType
from archspec.ops.elementwise import Identity
from tests.conftest import Register
from tests.specs import errors, spec


class Toy(Op):
    """A toy."""

    name: ClassVar[str] = "toy"
    category: ClassVar[str] = "shape"

    def infer(self, must: Conditions, x: TensorType) -> TensorType:
        return x

    def lower(self, x: TensorType) -> list[Step]:
        return [Step("method", "clone", (Arg(0),))]


def divides(*given: Any) -> Any:
    return 1 // 0


def toy(method: str, code: Any) -> type[Op]:
    return type("Toy", (Toy,), {method: code})


@pytest.mark.parametrize("method", ["infer", "weights", "macs", "lower"])
@pytest.mark.parametrize(
    ("code", "said"),
    [(divides, "raises ZeroDivisionError: "), (lambda *given: "a\nb", r"gives 'a\nb', but has to give a")],
)
def test_what_its_code_does_wrong_is_told_of_the_op(register: Register, method: str, code: Any, said: str) -> None:
    register(toy(method, code))
    (found,) = check_spec(spec("layers: [relu, {toy: {id: t}}, tanh]"))
    assert found.name == "unusable-op"
    assert found.message.startswith(f"`toy` cannot be used: its `{method}` {said}")
    assert found.span is not None
    assert found.span.source.text[found.span.start : found.span.end] == "toy"


@pytest.mark.parametrize("method", ["infer", "macs"])
def test_all_other_errors_are_told(register: Register, method: str) -> None:
    register(toy(method, divides))
    rows = "layers: [toy, {conv: {input: [N, 4, 8, 8], kernel: 9, channels: 2}}]"
    assert [name for name, _ in errors(rows)] == ["unusable-op", "side-not-positive"]


def test_nothing_is_said_of_it_where_its_input_is_in_error(register: Register) -> None:
    register(toy("infer", lambda self, must, x: x.with_shape(*map(int, x.shape))))
    assert errors("layers: [{conv: {kernel: 9, channels: 2}}, toy]", "{x: [2, 4, 8, 8]}") == [
        ("side-not-positive", "9")
    ]


def test_what_it_infers_of_numbers_alone_leaves_other_sizes_open(register: Register) -> None:
    register(toy("infer", lambda self, must, x: x.with_shape(x.shape[0], *map(int, x.shape[1:]))))
    assert errors("layers: [toy]", "{x: [N, 4, H=8, W=8]}") == []


def test_an_op_of_ours_that_raises_is_our_bug(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Identity, "infer", divides)
    (tmp_path / "spec.yaml").write_text(spec("layers: [identity]").text, encoding="utf-8")
    assert main(["check", str(tmp_path / "spec.yaml")]) == BUG
