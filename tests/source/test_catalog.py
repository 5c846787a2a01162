"""Every diagnostic has a page, and is seen in a report that is kept as a file."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import archspec
from archspec.rules import by_name
from archspec.source.catalog import PAGES
from tests.conftest import CASES

SOURCE = Path(archspec.__file__).parent
CALLS = {
    "Diagnostic",
    "ExpressionError",
    "Failure",
    "Family",
    "Refused",
    "_ambiguous",
    "_error",
    "error",
    "fail",
    "refuse",
}
"""What is called with the name of a diagnostic."""
NAME = re.compile(r"[a-z]+(-[a-z0-9]+)*\Z")
NOUNS = ("attribute", "key")
"""`validate` reports an unknown or missing one of these by its noun."""
NOT_IN_A_FILE = {
    "failed-probe": "tests/ops/test_probed.py",
    "file-too-large": "a case would have 16 MB",
    "no-shape-rule": "tests/ops/test_probed.py",
    "probed-shape": "tests/ops/test_probed.py",
    "too-many-aliases": "tests/frontend/test_hostile.py",
    "too-many-errors": "tests/language/test_reader.py",
    "too-many-files": "a case would have 257 files",
    "too-many-patterns": "tests/frontend/test_weights.py",
    "too-many-values": "tests/language/test_reader.py",
    "unusable-op": "a case would have an installed package",
}


def names_in_source() -> Iterator[str]:
    for path in SOURCE.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and _called(call) in CALLS:
                given = [*call.args[:1], *(keyword.value for keyword in call.keywords if keyword.arg == "name")]
                yield from (
                    value.value for value in given if isinstance(value, ast.Constant) and isinstance(value.value, str)
                )
    yield from (f"{problem}-{noun}" for problem in ("missing", "unknown") for noun in NOUNS)
    yield "wrong-expression"  # the default of an ExpressionError


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def test_every_diagnostic_has_a_page_and_every_page_a_diagnostic() -> None:
    rules = set(by_name())
    names = {name for name in names_in_source() if NAME.match(name)}
    assert names - rules == set(PAGES) - rules
    assert not rules & set(PAGES), "a rule is explained by its docstring"


def test_every_diagnostic_is_seen_in_a_report() -> None:
    seen: set[str] = set()
    for report in CASES.rglob("*.txt"):
        seen.update(
            re.findall(r"^(?:error|warning|note)\[([a-z-]+)\]", report.read_text(encoding="utf-8"), re.MULTILINE)
        )
    assert {*PAGES, *by_name()} - seen == set(NOT_IN_A_FILE)


def test_pages_are_sentences_that_fit_a_terminal() -> None:
    for name, page in PAGES.items():
        assert page.name == name
        assert page.summary.endswith(".")
        assert page.text.endswith((".", "`."))
        assert max(map(len, page.text.splitlines())) <= 120
        assert len(page.summary) <= 120
