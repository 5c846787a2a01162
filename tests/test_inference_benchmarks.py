"""The tables of `python -m benchmarks inference`: each runs, and asserts that what it compares is equal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from benchmarks.inference import command as commands
from benchmarks.inference.command import TABLES, command, measured, title
from benchmarks.inference.networks import assert_near, pair
from benchmarks.inference.page import PAGE, UnmarkedError, assert_marked, mark, put
from benchmarks.inference.setting import Setting
from benchmarks.measure import Figure

SMALL = Setting(rounds=1, networks=("squeezenet1_1",), quick=True, batches=(2,), side=40)


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Threads that wait for each other take long where other processes run."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_measured(name: str) -> None:
    lines = measured(name, SMALL).splitlines()
    assert lines[0].split("|")[1].strip() == "figure"
    assert any("squeezenet1_1" in line for line in lines)
    assert "- without torch.compile, which `--quick` leaves out" in lines
    assert any("1 thread, up to 1 rounds, load " in line for line in lines)


@pytest.mark.usefixtures("one_thread")
@torch.no_grad()
def test_both_of_a_pair_have_the_same_weights_and_no_trivial_statistics() -> None:
    both, images = pair("mobilenet_v2"), torch.randn(2, 3, 40, 40)
    assert torch.equal(both.ours(images), both.theirs(images))
    norms = [each for each in both.theirs.modules() if isinstance(each, nn.BatchNorm2d)]
    for tensor in (tensor for each in norms for tensor in (each.weight, each.running_var)):
        assert tensor is not None
        assert 0.7 <= tensor.min() < tensor.max() <= 1.3


def test_what_is_off_is_named() -> None:
    def off() -> list[Tensor]:
        return [torch.tensor([1.0, 2.1])]

    with pytest.raises(AssertionError, match=r"theirs is off by 5\.0e-02 of the largest number"):
        assert_near({"theirs": off}, [torch.tensor([1.0, 2.0])], 1e-2)


@pytest.mark.parametrize(
    ("figure", "bound", "verdict"),
    [
        (Figure("f", 0.98, "x", 1.03, "", 0.97), "0.97x to 1.03x", "yes"),
        (Figure("f", 0.96, "x", 1.03, "", 0.97), "0.97x to 1.03x", "no"),
        (Figure("f", 1.5, "x", None, "", 1.6), ">= 1.60x", "no"),
        (Figure("f", 3e-6, "", 2e-6), "<= 2.0e-06", "no"),
        (Figure("f", 3e-6, ""), "", ""),
    ],
)
def test_a_figure_is_held_to_its_bounds(figure: Figure, bound: str, verdict: str) -> None:
    assert (figure.bound, figure.verdict) == (bound, verdict)


@pytest.mark.parametrize("threads", [1, 2])
def test_the_page_has_a_place_and_a_title_for_each_table(threads: int) -> None:
    assert_marked(PAGE, TABLES, threads)
    text = PAGE.read_text(encoding="utf-8")
    assert [name for name in TABLES if f"`{name}`" not in text] == []


def test_a_table_is_put_in_the_place_of_the_one_before(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text(f"first\n{mark('auto', 2)}\nold\n<!-- end -->\n{mark('auto', 1)}\nkept\n<!-- end -->\n")
    put(page, "auto", 2, "new")
    expected = f"first\n{mark('auto', 2)}\n\nnew\n\n<!-- end -->\n{mark('auto', 1)}\nkept\n<!-- end -->\n"
    assert page.read_text() == expected
    put(page, "auto", 2, "new")
    assert page.read_text() == expected
    with pytest.raises(UnmarkedError, match="there is no place for this table"):
        put(page, "export", 2, "new")


def test_the_command_prints_tables_and_writes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page, threads = tmp_path / "README.md", list[int]()
    page.write_text(f"{mark('export', 1)}\n<!-- end -->\n")
    monkeypatch.setattr(torch, "set_num_threads", threads.append)
    monkeypatch.setattr(commands, "measured", lambda name, setting: f"{name} in {setting.rounds}")
    assert command(["export", "--threads", "1", "--rounds", "3", "--write"], page) == 0
    assert threads == [1]
    assert capsys.readouterr().out == f"\n{title('export')}\n\nexport in 3\n"
    assert "\n\nexport in 3\n\n" in page.read_text()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nothing"], "there is no table `nothing`"),
        (["--write", "--networks", "googlenet"], "leave out --networks or --write"),
        (["export", "--write", "--threads", "64"], "there is no place for this table"),
    ],
)
def test_the_command_says_what_it_cannot_do(
    arguments: list[str], told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch, "set_num_threads", lambda threads: None)
    with pytest.raises(SystemExit):
        command(arguments)
    assert told in capsys.readouterr().err
