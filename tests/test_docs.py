"""The documentation runs: every spec, command and program in it, and what it says that they print."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import re
import shlex
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import jsonschema
import pytest

from archspec.commands.main import COMMANDS, main
from archspec.commands.render import render
from archspec.compiler import check_spec, load_graph
from archspec.frontend.json_schema import build_schema
from archspec.frontend.limits import LIMITS, OF_NETWORK, OF_TEXT
from archspec.frontend.load import MAX_FILES, MAX_INCLUDE_DEPTH
from archspec.ir.dims import LIMIT
from archspec.language import reader
from archspec.language.expression import MAX_DEPTH, MAX_LENGTH, MAX_NUMBER, MAX_RANGE
from archspec.language.keys import BlockKeys, ItemKeys, SpecKeys, keys_of
from archspec.passes import PASSES
from archspec.rules import RULES
from archspec.source.diagnostic import Diagnostics
from archspec.source.files import load_file
from tests.doc_blocks import ROOT, Block, blocks_of, completed, matches
from tests.specs import without_judgements

COUNTS = {
    "specs/README.md": {"console": 17},
    "README.md": {"yaml": 3, "console": 8, "python": 1, "text": 2},
    "docs/language.md": {"yaml": 83, "console": 3, "python": 3, "text": 3},
    "docs/figures.md": {"yaml": 3, "console": 9},
    "docs/analysis.md": {"yaml": 3, "console": 7},
    "docs/inference.md": {"python": 1, "text": 1},
    "docs/training.md": {"yaml": 11, "python": 2, "text": 2},
    "docs/verify.md": {"yaml": 1, "console": 2, "python": 2, "text": 2},
    "docs/weights.md": {"yaml": 5, "python": 5, "text": 5},
}
"""The blocks of each file by language: when nothing is found, nothing is run."""
WRITTEN = (
    "README.md",
    "specs/README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/language.md",
    "docs/figures.md",
    "docs/analysis.md",
    "docs/inference.md",
    "docs/training.md",
    "docs/verify.md",
    "docs/weights.md",
    "docs/soundness.md",
    "docs/how-it-works.md",
    "examples/archspec_toy_ops/README.md",
)
BLOCKS = [block for file in COUNTS for block in blocks_of(file)]
HEADERS = {block.file: block.text for block in BLOCKS if block.info == "header"}


def of(language: str) -> list[Any]:
    return [pytest.param(block, id=str(block)) for block in BLOCKS if block.language == language]


SCHEMA = jsonschema.Draft202012Validator(build_schema(RULES))
SPECS = [param for param in of("yaml") if re.search(r"^(layers|extends|training|weights):", param.values[0].text, re.M)]
RIGHT = [param for param in SPECS if "fails" not in param.values[0].info]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the examples run: beside the project's own specs."""
    (tmp_path / "specs").symlink_to(ROOT / "specs")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return tmp_path


def write_files_of(block: Block, folder: Path) -> None:
    """Write the files that the page of a block shows."""
    for other in BLOCKS:
        if (name := other.value_of("file")) and other.file == block.file:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(other.text, encoding="utf-8")


def path_of(block: Block, folder: Path) -> Path:
    """The spec of a block as a file."""
    write_files_of(block, folder)
    name = block.value_of("file")
    if name is None:
        name = "example.yaml"
        (folder / name).write_text(completed(block.text, HEADERS[block.file]), encoding="utf-8")
    return folder / name


@pytest.mark.parametrize("file", COUNTS)
def test_all_blocks_are_found(file: str) -> None:
    assert Counter(block.language for block in BLOCKS if block.file == file) == COUNTS[file]


@pytest.mark.parametrize("block", SPECS)
def test_a_spec_is_right_or_wrong_as_documented(block: Block, folder: Path) -> None:
    from archspec.tools.build import build

    path, wrong = path_of(block, folder), block.value_of("fails")
    found = check_spec(path)
    if block.value_of("file") is None:
        found = without_judgements(found)
    if wrong is not None:
        assert {diagnostic.name for diagnostic in found} == {wrong}
        return
    assert_nothing(found)
    assert build(load_graph(path)).mismatches == ()


@pytest.mark.parametrize("block", RIGHT)
def test_the_schema_takes_what_is_right(block: Block, folder: Path) -> None:
    source = load_file(path_of(block, folder), "example.yaml", Diagnostics())
    assert source is not None
    value = reader.read(source, Diagnostics())
    assert value is not None
    errors = SCHEMA.iter_errors(value.plain)
    assert [f"{list(error.absolute_path)}: {error.message[:200]}" for error in errors] == []


def assert_nothing(found: Diagnostics) -> None:
    from archspec.source.report import render_text

    assert not len(found), render_text(found)


@pytest.mark.parametrize("block", of("console"))
def test_a_command_prints_what_is_documented(block: Block, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_files_of(block, folder)
    _, *sessions = re.split(r"^\$ ", block.text, flags=re.M)
    assert sessions
    for session in sessions:
        command, _, expected = session.partition("\n")
        main(arguments_of(command))
        printed = capsys.readouterr().out
        assert matches(expected, printed), printed


def arguments_of(command: str) -> list[str]:
    """The arguments of a documented command, where it is a target of the Makefile those of its recipe."""
    words = shlex.split(command)
    if words[0] == "make":
        recipe = re.search(rf"^{words[1]}:.*\n\t(.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
        assert recipe, f"the Makefile has no {words[1]}"
        words = shlex.split(recipe[1].replace("$(BIN)/", ""))
    assert words[0] == "archspec"
    return words[1:]


@pytest.mark.usefixtures("register")
@pytest.mark.parametrize("block", of("python"))
def test_a_program_prints_what_is_documented(block: Block, folder: Path) -> None:
    write_files_of(block, folder)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(block.text, str(block), "exec"), {})
    after = BLOCKS[BLOCKS.index(block) + 1 :]
    expected = after[0].text if after and after[0].language == "text" else ""
    assert matches(expected, printed.getvalue()), printed.getvalue()


@pytest.mark.parametrize("keys", [SpecKeys, BlockKeys, ItemKeys], ids=lambda keys: keys.__name__)
def test_every_key_is_documented(keys: Any) -> None:
    text = (ROOT / "docs/language.md").read_text(encoding="utf-8")
    assert [key for key in keys_of(keys) if f"`{key}`" not in text] == []


def test_every_pass_is_documented_in_the_order_in_which_they_run() -> None:
    text = (ROOT / "docs/passes.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (.*)$", text, re.M) == [each.name for each in PASSES]


def test_every_option_of_figures_is_documented() -> None:
    text = (ROOT / "docs/figures.md").read_text(encoding="utf-8")
    options = [{option.opts[0], *option.secondary_opts} for option in render.params if isinstance(option, click.Option)]
    assert [names for names in options if not any(f"{name}`" in text or f"{name} " in text for name in names)] == []


@pytest.mark.parametrize("file", ["docs/language.md", "SECURITY.md"])
def test_documented_limits_are_the_limits(file: str) -> None:
    _, text = (ROOT / file).read_text(encoding="utf-8").split("\n## Limits\n")
    rows = re.findall(r"^\| ([^|]+) \| ([\d, ]+) \|$", text, re.M)
    assert [[int(number.replace(",", "")) for number in numbers.split(", ")] for _, numbers in rows] == [
        *([getattr(LIMITS.text, field)] for field in OF_TEXT.values()),
        *([getattr(LIMITS, field)] for field in OF_NETWORK.values()),
        [MAX_FILES, MAX_INCLUDE_DEPTH],
        [LIMIT - 1],
        [MAX_LENGTH, MAX_DEPTH, MAX_NUMBER, MAX_RANGE],
    ]
    assert re.findall(r"^\| `(\w+)`", text, re.M) == [*OF_TEXT, *OF_NETWORK]


@pytest.mark.parametrize("file", WRITTEN)
def test_links_lead_somewhere(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)]+)\)", text):
        path, _, anchor = target.partition("#")
        if path.startswith("https:"):
            continue
        linked = (ROOT / file).parent / path if path else ROOT / file
        assert linked.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", linked.read_text(encoding="utf-8"), re.M)
            assert anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("file", WRITTEN)
def test_every_command_that_is_named_exists(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    named = set(re.findall(r"(?:`|\$ )archspec ([a-z]+)", text))
    assert named <= set(COMMANDS)


def test_the_readme_lists_every_command() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `archspec ([a-z]+)", text, re.M) == list(COMMANDS)


def test_generated_files_are_current() -> None:
    stale = [str(path.relative_to(ROOT)) for path, _ in generate().stale()]
    assert stale == [], "python docs/generate.py writes them"


def test_the_test_above_sees_what_is_stale(tmp_path: Path) -> None:
    assert {str(path.relative_to(tmp_path)) for path, _ in generate().stale(tmp_path)} == set(generate().FILES)


def test_figures_are_shown_at_one_pixel_a_point() -> None:
    shown = re.compile(r'<img width="(?P<width>\d+)"[^>]*src="(?:\.\./)?(?:docs/)?(?P<file>figures/\w+\.svg)"')
    for page in ("README.md", "specs/README.md", "docs/figures.md"):
        for found in shown.finditer((ROOT / page).read_text(encoding="utf-8")):
            head = re.search(r'<svg width="(\d+)pt"', (ROOT / "docs" / found["file"]).read_text(encoding="utf-8"))
            assert head is not None
            assert (page, found["file"], found["width"]) == (page, found["file"], head[1])


def test_figures_are_what_the_commands_above_them_draw() -> None:
    pytest.importorskip("pygraphviz", reason="the figures are drawn by pygraphviz")
    made = generate()
    drawn = made.figures()
    assert [made.complaint(path, text) for path, text in made.differing(drawn.items())] == []
    shown = {
        str((ROOT / page).parent.joinpath(target).resolve().relative_to(ROOT))
        for page in sys.modules["pictures"].PICTURED
        for target in re.findall(r'\bsrc(?:set)?="([^"]+)"', (ROOT / page).read_text(encoding="utf-8"))
    }
    assert shown == {str(path.relative_to(ROOT)) for path in (ROOT / "docs/figures").iterdir()} == set(drawn)


def generate() -> ModuleType:
    if str(ROOT / "docs") not in sys.path:
        sys.path.append(str(ROOT / "docs"))  # as when it is run
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
