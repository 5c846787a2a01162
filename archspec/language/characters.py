"""The characters that a spec may hold: those that YAML allows, less three that YAML 1.1 alone takes for line breaks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

REPLACEMENT: Final = "\ufffd"
_FORBIDDEN: Final = "[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
_NOT_ASCII_TEXT: Final = re.compile(r"[^\t\n\r -~]")


def forbidden_in(text: str) -> Iterator[re.Match[str]]:
    """The characters in a text that are not allowed."""
    if _NOT_ASCII_TEXT.search(text):  # seldom; the large ranges of the other pattern take milliseconds to compile
        yield from re.finditer(_FORBIDDEN, text)


def without_forbidden(text: str) -> str:
    """The text, of the same length, with what is not allowed replaced."""
    return re.sub(_FORBIDDEN, REPLACEMENT, text) if _NOT_ASCII_TEXT.search(text) else text


def code_point(character: str) -> str:
    """How messages write a character: `U+0007`."""
    return f"U+{ord(character):04X}"
