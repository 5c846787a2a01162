"""What all tests share: golden files, and property tests that no slow machine fails.

Property tests try the same examples on every run. With `ARCHSPEC_EXAMPLES=1000` in the environment they draw new
ones, and those that say so draw that many: that is for finding mistakes, and not part of the check.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import settings

import archspec
from archspec import ops

CASES = Path(__file__).parent / "cases"

FUZZING = "ARCHSPEC_EXAMPLES" in os.environ
settings.register_profile("archspec", deadline=None, derandomize=not FUZZING)
settings.load_profile("archspec")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite golden files instead of comparing with them")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """`golden(path, actual)`: the text equals that of tests/cases/`path`; `pytest --update` rewrites the file."""

    def compare(path: str, actual: str) -> None:
        file = CASES / path
        actual = actual if actual.endswith("\n") else actual + "\n"
        if request.config.getoption("--update"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(actual, encoding="utf-8", newline="\n")
            return
        assert file.exists(), f"no golden file {file}: run `pytest --update`, then read what it wrote"
        assert actual == file.read_text(encoding="utf-8")

    return compare


Register: TypeAlias = Callable[[type[archspec.Op]], type[archspec.Op]]


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Iterator[Register]:
    """What registers an op until the test ends; what the test registers otherwise is forgotten then, too."""
    monkeypatch.setattr(ops, "_REGISTERED", {})
    ops.find.cache_clear()
    yield archspec.register_op
    ops.find.cache_clear()
