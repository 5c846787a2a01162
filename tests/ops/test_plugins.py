"""Ops that other packages register: what is looked at when, and what is said of a package that cannot be used."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import pytest

from archspec import ops
from archspec.commands.main import MISSING, main
from archspec.compiler import check_spec
from tests.specs import errors, load, spec

PLUGIN = """\
from typing import ClassVar
from archspec.ops.rectifier import Relu

class Toy(Relu):
    "A toy."
    name: ClassVar[str] = "toy"
"""
Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install a package that registers an entry point, and has a module `toy_ops`."""

    def install(entry: str, module: str = PLUGIN, package: str = "toy") -> None:
        (tmp_path / "toy_ops.py").write_text(module, encoding="utf-8")
        folder = tmp_path / f"{package}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n", encoding="utf-8")
        (folder / "entry_points.txt").write_text(f"[archspec.ops]\n{entry}\n", encoding="utf-8")

    monkeypatch.syspath_prepend(tmp_path)
    ops.find.cache_clear()
    yield install
    ops.find.cache_clear()
    sys.modules.pop("toy_ops", None)


def test_a_registered_op_is_found_by_its_name(install: Install) -> None:
    install("toy = toy_ops:Toy")
    op = ops.find("toy")
    assert op is not None
    assert (op.name, op.__module__) == ("toy", "toy_ops")


def test_a_registered_op_can_be_anywhere_an_op_can(install: Install) -> None:
    install("toy = toy_ops:Toy")
    graph = load(
        "params: {activation: op}\ninit: {toy: {}}\ndefaults: {toy: {}}\nlayers: [toy, $activation]", activation="toy"
    )
    assert [node.resolved.name for node in graph.operations()] == ["toy", "toy"]


def test_packages_are_not_looked_at_for_names_of_the_catalogue_and_of_blocks(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("toy = toy_ops:Toy")
    monkeypatch.setattr(metadata, "entry_points", None)
    assert ops.find("relu") is not None
    graph = load("blocks: {toy: {layers: [relu]}}\nlayers: [toy]")
    assert [node.resolved.name for node in graph.operations()] == ["relu"]


def test_only_the_package_of_the_name_is_imported(install: Install) -> None:
    install("toy = toy_ops:Toy")
    assert ops.find("toi") is None
    assert "toy_ops" not in sys.modules


@pytest.mark.parametrize(
    ("entry", "module", "reason"),
    [
        ("toy = toy_ops:Toy", "1 / 0", "the op `toy` of `toy` cannot be imported: division by zero"),
        ("toy = toy_ops:Toi", PLUGIN, "the op `toy` of `toy` cannot be imported: "),
        ("toy = toy_ops:PATH", "PATH = 1", "`toy` registers `toy_ops:PATH` as `toy`, which is no `Op` of that name"),
        ("toi = toy_ops:Toy", PLUGIN, "`toy` registers `toy_ops:Toy` as `toi`, which is no `Op` of that name"),
    ],
)
def test_a_package_that_cannot_be_used_is_reported_where_it_is_named(
    install: Install, entry: str, module: str, reason: str
) -> None:
    install(entry, module)
    name = entry.partition(" ")[0]
    with pytest.raises(ops.PluginError) as refused:
        ops.find(name)
    assert str(refused.value).startswith(reason)
    assert errors(f"layers: [{name}]") == [("unusable-op", name)]


def test_two_packages_with_one_op_are_reported(install: Install) -> None:
    install("toy = toy_ops:Toy")
    install("toy = toy_ops:Toy", package="other")
    with pytest.raises(ops.PluginError, match="the op `toy` is registered by several packages: other, toy"):
        ops.find("toy")


def test_the_list_of_ops_holds_those_of_packages(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    install("toy = toy_ops:Toy")
    assert main(["ops"]) == 0
    assert "  A toy. (toy)\n" in capsys.readouterr().out
    assert main(["ops", "toy", "--json"]) == 0
    page = json.loads(capsys.readouterr().out)
    assert (page["name"], page["package"]) == ("toy", "toy")
    assert main(["ops", "relu", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["package"] is None


def test_a_package_that_cannot_be_used_does_not_hide_the_rest_of_the_list(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install("toy = toy_ops:Toy", "1 / 0")
    assert main(["ops"]) == MISSING
    printed = capsys.readouterr()
    assert printed.err == "error: the op `toy` of `toy` cannot be imported: division by zero\n"
    assert "  relu " in printed.out


def test_a_name_that_is_nearly_a_packages_is_found_out(install: Install) -> None:
    install("toynet = toy_ops:Toy")
    (found,) = check_spec(spec("layers: [toynett]"))
    assert found.help == "did you mean `toynet`?"
