"""Every file of the library: of a known source, with its contracts, built, its rows and findings pinned."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archspec.analysis.cost import cost
from archspec.compiler import check_spec, load_graph
from archspec.render.table import COSTS, PAPER, as_text, rows
from archspec.source.diagnostic import Severity
from archspec.tools.build import build
from tests.doc_blocks import ROOT
from tests.library.files import WITHOUT_RECIPE, written
from tests.specs import hold_canonical_form

SPECS = sorted((ROOT / "specs").glob("*.yaml"))
BLOCKS = sorted((ROOT / "specs/blocks").glob("*.yaml"))
FAMILY = {
    "bn_inception", "googlenet", "inception_resnet_v1", "inception_resnet_v1_face", "inception_resnet_v2",
    "inception_resnet_v2_paper", "inception_v1", "inception_v1_naive", "inception_v2", "inception_v3", "inception_v4",
}  # fmt: skip
WARNED = {"alexnet", "inception_v1_naive", "vgg16"}
"""Those that keep to none of the principles that rules warn of: they were drawn before these were found."""


def named(paths: list[Path]) -> list[Any]:
    return [pytest.param(path, id=path.stem) for path in paths]


def test_the_whole_family_is_there() -> None:
    assert {path.stem for path in SPECS} >= FAMILY


@pytest.mark.parametrize("path", named(SPECS + BLOCKS))
def test_it_says_where_it_was_published_and_which_schema_it_keeps(path: Path) -> None:
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    schema = "../" * len(path.relative_to(ROOT).parents[:-1]) + "docs/spec.schema.json"
    assert first == f"# yaml-language-server: $schema={schema}"
    assert written(path)["source"]


@pytest.mark.parametrize("path", named(SPECS))
def test_it_is_held_to_its_contracts_and_has_a_recipe(path: Path) -> None:
    keys = written(path)
    if "extends" in keys:
        return
    assert keys["expect"].keys() >= {"parameters", "macs", "outputs", "min_input"}
    assert ("training" in keys) == (path.stem not in WITHOUT_RECIPE)


@pytest.mark.parametrize("path", named(SPECS))
def test_it_expands_to_itself(path: Path) -> None:
    hold_canonical_form(load_graph(path))


@pytest.mark.parametrize("path", named(SPECS))
def test_what_there_is_to_say_of_it_is_pinned(
    path: Path, golden: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    found = check_spec(path.relative_to(ROOT))
    assert not found.failed
    golden(f"library/findings/{path.stem}.txt", str(found) if len(found) else "no findings\n")


def test_only_what_was_drawn_before_the_principles_were_found_is_warned_of() -> None:
    warned = {path.stem for path in SPECS if any(one.severity is Severity.WARNING for one in check_spec(path))}
    assert warned == WARNED


@pytest.mark.parametrize("path", named(SPECS))
def test_what_runs_is_what_was_inferred(path: Path) -> None:
    assert build(load_graph(path)).mismatches == ()


@pytest.mark.parametrize("path", named(SPECS))
def test_its_table_is_pinned(path: Path, golden: Callable[[str, str], None]) -> None:
    graph = load_graph(path)
    total = cost(graph).total
    totals = f"{total.parameters:,} parameters, {total.buffers:,} numbers in buffers, {total.macs:,} MACs"
    parts = (as_text(rows(graph), PAPER), as_text(rows(graph, 2), COSTS), totals)
    golden(f"library/{path.stem}.txt", "\n".join(parts))
