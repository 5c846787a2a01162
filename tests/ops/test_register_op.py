"""Ops that a program registers: found by their names like those of packages, and refused where a name is taken."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import ClassVar

import pytest

from archspec import ops
from archspec.commands.main import main
from archspec.ops.elementwise import Identity
from tests.conftest import Register
from tests.specs import errors, load, spec


class Toy(Identity):
    """A toy."""

    name: ClassVar[str] = "toy"


class Other(Identity):
    """Another one."""

    name: ClassVar[str] = "toy"


def test_a_registered_op_is_found_by_its_name(register: Register) -> None:
    assert errors("layers: [toy]") == [("unknown-op", "toy")]
    assert register(Toy) is Toy
    graph = load("layers: [toy, {toy: {id: again}}]")
    assert [node.resolved.name for node in graph.operations()] == ["toy", "toy"]


def test_it_is_listed_beside_the_catalogue(register: Register, capsys: pytest.CaptureFixture[str]) -> None:
    register(Toy)
    assert main(["ops"]) == 0
    assert f"  A toy. ({__name__})\n" in capsys.readouterr().out
    assert main(["explain", "toy"]) == 0
    assert capsys.readouterr().out.startswith("toy (shape): A toy.")


def test_a_class_that_is_defined_again_takes_its_own_place(register: Register) -> None:
    again = type("Toy", (Identity,), {"name": "toy", "__module__": Toy.__module__, "__qualname__": "Toy"})
    register(Toy)
    register(Toy)
    register(again)
    assert ops.find("toy") is again


def test_a_name_of_another_class_is_taken(register: Register) -> None:
    register(Toy)
    with pytest.raises(ValueError, match=f"the op `toy` is `{__name__}:Toy` already; give that of `{__name__}:Other`"):
        register(Other)
    assert ops.find("toy") is Toy


def test_a_name_of_the_catalogue_is_taken(register: Register) -> None:
    with pytest.raises(ValueError, match="the catalogue has an op `identity`; give `Identity` another name"):
        register(Identity)


def test_a_name_of_a_package_is_taken_by_all_but_its_own_class(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = metadata.EntryPoint("toy", f"{__name__}:Other", ops.PLUGINS)
    monkeypatch.setattr(ops, "_entry_points", lambda path: (entry,))
    register(Other)
    with pytest.raises(ValueError, match="Other` already"):
        register(Toy)


def test_what_it_infers_wrongly_is_not_blamed_on_archspec_alone(
    register: Register, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    register(type("Toy", (Toy,), {"infer": lambda self, must, x: x.with_shape(*x.shape, 1)}))
    file = tmp_path / "spec.yaml"
    file.write_text(spec("layers: [toy]").text, encoding="utf-8")
    assert main(["build", str(file)]) == 70
    assert (
        "error: this is a bug in archspec, or in `toy`, which `archspec.testing.check_op` holds to torch:"
        " `0`: [2, 4, 8, 8, 1] was inferred, but [2, 4, 8, 8] came out in eval mode\n"
    ) in capsys.readouterr().err


@pytest.mark.parametrize("name", ["", "to y", "to-y", "3d"])
def test_an_op_needs_a_name_that_specs_can_write(register: Register, name: str) -> None:
    with pytest.raises(ValueError, match="an op is called like `space_to_depth`"):
        register(type("Nameless", (Identity,), {"name": name}))


@pytest.mark.parametrize("what", [Toy(), dict, "toy"])
def test_what_is_no_class_of_an_op_is_refused(register: Register, what: object) -> None:
    with pytest.raises(TypeError, match=r"an op is a subclass of `archspec\.Op`"):
        register(what)  # type: ignore[arg-type]
