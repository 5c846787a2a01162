"""The mistakes that `benchmarks.diagnostics` plants: what archspec says of each, and how that is judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from benchmarks.diagnostics.attempt import CODE, MARK
from benchmarks.diagnostics.column import column
from benchmarks.diagnostics.mistakes import MISTAKES, Mistake
from benchmarks.diagnostics.peer import Edit, Peer, Planted, Planting, edited, planted
from benchmarks.diagnostics.peers import PEERS
from benchmarks.diagnostics.peers.archspec import Archspec
from benchmarks.diagnostics.table import table
from benchmarks.diagnostics.verdict import REACHED, Cell, score
from benchmarks.diagnostics.worker import cell

OURS = Archspec()
EXPECTED = {
    "unknown-layer": ["unknown-op"],
    "parameter-typo": ["unknown-attribute"],
    "missing-parameter": ["missing-attribute"],
    "wrong-type": ["wrong-value"],
    "unknown-key": ["unknown-key"],
    "unknown-input": ["unknown-node"],
    "cycle": ["cycle"],
    "duplicate-name": ["duplicate-id"],
    "dead-branch": ["dead-node"],
    "wrong-channels": ["shape-assertion"],
    "concat-mismatch": ["shape-mismatch"],
    "large-kernel": ["side-not-positive"],
    "rounded-up": ["shape-mismatch"],
    "symbolic": ["shape-mismatch"],
    "groups": ["wrong-value"],
    "pool-padding": ["wrong-value"],
    "same-stride": ["same-padding"],
    "zero-stride": ["wrong-value"],
    "linear-features": ["shape-assertion"],
    "linear-any-size": ["unknown-size"],
    "training-head": ["phase-leak"],
    "code": ["unknown-op"],
    "two-mistakes": ["unknown-attribute", "unknown-node"],
    "oblong-kernel": [],
}


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_archspec_says_each_mistake_and_nothing_else(mistake: Mistake) -> None:
    how = OURS.mistakes[mistake.name]
    assert isinstance(how, Planted), "a spec can have it"
    found = list(OURS.errors(edited(edited(OURS.block, how.base), how.edits)))
    assert [one.name for one in found] == EXPECTED[mistake.name]
    assert all(one.span for one in found)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_archspec_passes_by_the_rules_that_peers_are_held_to(mistake: Mistake) -> None:
    assert cell(OURS, mistake).grade in REACHED


@pytest.mark.parametrize("peer", PEERS.values(), ids=lambda peer: peer.name)
def test_every_peer_says_every_mistake_or_why_not(peer: Peer) -> None:
    assert sorted(peer.mistakes) == sorted(mistake.name for mistake in MISTAKES)
    for how in peer.mistakes.values():
        if isinstance(how, Planted):
            sound = edited(peer.block, how.base)
            assert edited(sound, how.edits) != sound


class Toy(Peer):
    """Says, raises or does what its text says."""

    name: ClassVar[str] = "toy"
    packages: ClassVar[tuple[str, ...]] = ("toy",)
    roots: ClassVar[tuple[str, ...]] = (__name__.partition(".")[0],)
    block: ClassVar[str] = "a\nb\nsay nothing\n"
    lines: ClassVar[str] = r"line (\d+)"
    mistakes: ClassVar[Mapping[str, Planting]] = {}

    def check(self, text: str) -> Sequence[str]:
        nodes: dict[str, str] = {}
        if "stumbles" in text:
            return nodes["`b2b` needs a kernel"]
        return [text.split("check ", 1)[1]] if "check " in text else ()

    def build(self, text: str) -> Any:
        if "raise" in text:
            raise ValueError("`b2b` has a bad kernel")
        nodes: dict[str, str] = {}
        return nodes["b2b"] if "lookup" in text else text

    def run(self, model: Any, side: int) -> tuple[int, ...]:
        if "fails" in model:
            raise RuntimeError("`b2b` has a bad kernel")
        exec(CODE if "evaluate" in model else "")
        return (2, 128, side, side)


MISTAKE = Mistake("missing", "a kernel is missing", (frozenset({"b2b"}),), ("kernel",))


@pytest.mark.parametrize(
    ("text", "grade"),
    [
        ("check `b2b` needs a kernel", "S"),
        ("check line 3: kernel", "S"),
        ("check line 2: kernel", "s"),
        ("check kernel", "s"),
        ("check b2b2 needs a kernel", "s"),
        ("check `b2b` is wrong", "s"),
        ("check `b2b` needs a kernel" + "\n" * 20, "s"),
        ("stumbles", "s"),
        ("raise", "S"),
        ("lookup", "B"),
        ("fails", "F"),
        ("evaluate", "MISS"),
        ("is accepted", "MISS"),
    ],
)
def test_a_mistake_is_graded_by_how_it_is_found(text: str, grade: str) -> None:
    assert _graded(planted(("say nothing", text))).grade == grade
    assert MARK.exists() == (text == "evaluate")


def test_what_is_refused_without_the_mistake_too_is_void() -> None:
    assert _graded(planted(("b", "c"), base=(("say nothing", "check all"),))).grade == "void"


def test_what_a_format_cannot_say_is_not_counted() -> None:
    cells = [_graded("there are no kernels"), Cell("S"), Cell("ok"), Cell("F"), Cell("void")]
    assert cells[0].grade == "n/a"
    assert score(cells) == "2 of 3"


def test_where_a_process_dies_another_does_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    def two_cells(_: Peer, __: Path, left: Sequence[str]) -> tuple[dict[str, Cell], str]:
        return {name: Cell("S") for name in left[:2]}, "killed"

    monkeypatch.setattr("benchmarks.diagnostics.column._run", two_cells)
    cells = column(OURS, Path("python"))
    assert list(cells) == [mistake.name for mistake in MISTAKES]
    assert [cell.grade for cell in cells.values()][:6] == ["S", "S", "died", "S", "S", "died"]


def test_the_table_has_a_row_for_each_mistake_and_the_scores() -> None:
    cells = {mistake.name: Cell("S" if mistake.faults else "n/a") for mistake in MISTAKES}
    cells["cycle"] = Cell("s", "(1 of 2)")
    lines = list(table({"toy": cells}))
    assert lines[:2] == ["| mistake | toy |", "| --- | --- |"]
    assert "| a cycle | s (1 of 2) |" in lines
    assert len(lines) == 2 + len(MISTAKES) + 1
    assert lines[-1] == f"| **as it should be** | **{len(MISTAKES) - 2} of {len(MISTAKES) - 1}** |"


@pytest.mark.parametrize("edit", [("z", "y"), ("a", "c")])
def test_an_edit_that_does_not_fit_once_is_refused(edit: Edit) -> None:
    with pytest.raises(ValueError, match="not once"):
        edited("a b a", [edit])


def _graded(how: Planting) -> Cell:
    toy = Toy()
    toy.mistakes = {MISTAKE.name: how}  # type: ignore[misc]
    return cell(toy, MISTAKE)
