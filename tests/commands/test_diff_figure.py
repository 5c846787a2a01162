"""The figure of `archspec diff`: both networks, with what differs marked."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from archspec.commands.main import main

SPEC = """\
archspec: 1
name: small
params: {width: 8, extra: false}
inputs: {image: [N, 3, H=33, W=33]}
layers:
  - conv: {id: stem, kernel: 3, channels: $width}
  - relu
  - conv: {id: extra, kernel: 1, channels: 8, if: $extra}
  - global_avg_pool: {id: pool}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(SPEC, encoding="utf-8")
    return tmp_path


def classes(path: str) -> dict[str, str]:
    """The classes of what is drawn, by id."""
    groups = ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}g")
    return {group.get("id", ""): group.get("class", "") for group in groups}


def test_both_networks_are_drawn_with_what_differs_marked() -> None:
    assert main(["diff", "small.yaml", "small.yaml", "--set-b", "width=16", "--set-b", "extra=true", "--svg"]) == 1
    drawn = classes("small-small.svg")
    assert "changed" in drawn["1:stem+1"]
    assert "changed" in drawn["2:stem+1"]
    assert "added" in drawn["2:extra"]
    assert "1:extra" not in drawn


def test_what_became_of_a_part_is_told_who_points_at_it() -> None:
    main(["diff", "small.yaml", "small.yaml", "--set-b", "width=16", "-o", "both.svg"])
    assert "channels 8 → 16" in Path("both.svg").read_text(encoding="utf-8")


def test_a_figure_of_the_same_network_has_no_marks() -> None:
    assert main(["diff", "small.yaml", "small.yaml", "-o", "both.svg"]) == 0
    kinds = {"changed", "added", "removed", "renamed", "reshaped"}
    assert not any(kinds & set(one.split()) for one in classes("both.svg").values())


def test_a_figure_of_a_difference_is_as_deep_as_is_asked_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    block = "blocks: {pair: {layers: [gelu, tanh]}}\n"
    (folder / "blocks.yaml").write_text(f"{block}{SPEC}  - pair\n", encoding="utf-8")
    main(["diff", "small.yaml", "blocks.yaml", "--depth", "1", "-o", "both.dot"])
    assert capsys.readouterr().err == "both.dot: 5 boxes, depth 1\n"
    main(["diff", "small.yaml", "blocks.yaml", "--depth", "2", "-o", "both.dot"])
    assert capsys.readouterr().err == "both.dot: 6 boxes, depth 2\n"


def test_a_page_of_a_difference_is_written() -> None:
    assert main(["diff", "small.yaml", "small.yaml", "--set-b", "width=16", "--html"]) == 1
    assert Path("small-small.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_broken_spec_is_not_drawn_beside_another(folder: Path) -> None:
    (folder / "broken.yaml").write_text(SPEC.replace("kernel: 3", "kernel: 99"), encoding="utf-8")
    assert main(["diff", "small.yaml", "broken.yaml", "--svg"]) == 2
    assert not list(folder.glob("*.svg"))


def test_data_and_figures_are_not_asked_for_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "small.yaml", "small.yaml", "--json", "--svg"]) == 2
    assert "--json is printed, and goes with no figure" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--theme", "dark"], "--theme is for figures: say which with --svg or -o"),
        (["--html", "--theme", "dark"], "--theme is for figures: in a page its reader chooses"),
        (["--html", "--depth", "2"], "--depth is for figures: in a page its reader chooses"),
        (["--svg", "-o", "both.png"], "--svg writes no `.png`"),
    ],
)
def test_an_option_without_effect_is_refused(
    options: list[str], said: str, capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    assert main(["diff", "small.yaml", "small.yaml", *options]) == 2
    assert said in capsys.readouterr().err
    assert list(folder.iterdir()) == [folder / "small.yaml"]
