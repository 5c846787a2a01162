"""The pages of diagnostics by name, as `archspec explain NAME` prints them; rules are explained by their docstrings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Final, NamedTuple


class Page(NamedTuple):
    """The page of a diagnostic."""

    name: str
    summary: str
    """What is wrong, in a line."""
    text: str
    """Why it is an error, and what to do."""


def _pages(text: str) -> Iterator[tuple[str, Page]]:
    """The sections of `catalog.md`: a heading with the name, a line of summary, and the text."""
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        name, summary, body = section.split("\n\n", 2)
        yield name, Page(name, summary, body.strip())


PAGES: Final[Mapping[str, Page]] = dict(_pages(files(__package__).joinpath("catalog.md").read_text(encoding="utf-8")))
"""All pages: one for every diagnostic that is no rule."""
