"""Text from a spec made safe to show: nothing in a file may move the cursor, hide, or reorder what is printed."""

from __future__ import annotations

import re

_UNSAFE = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # C0 (ESC, newline and tab among them), DEL, C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidirectional marks, overrides and isolates
    "\u2028\u2029"  # line and paragraph separators
    "\ufeff"  # byte order mark: invisible
    "\ud800-\udfff"  # lone surrogates: cannot be encoded
    "]"
)
_LONG = 300
_QUOTED = re.compile(r"`([^`]{61,})`")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def visible(text: str) -> str:
    r"""The text on one line, with characters that a terminal would act on shown as escapes (`\x1b`, `\u202e`, `\n`)."""
    return _UNSAFE.sub(lambda match: _escape(match[0]), text)


def brief(text: str, length: int = 60) -> str:
    """The text, cut off with `...` beyond `length` characters: for names that a message quotes."""
    return text if len(text) <= length else text[: length - 3] + "..."


def quoting_briefly(text: str) -> str:
    """A message with what it quotes in backticks cut off where that is very long."""
    return text if len(text) < _LONG else _QUOTED.sub(lambda match: f"`{brief(match[1])}`", text)


def _escape(character: str) -> str:
    return _SHORT.get(character) or character.encode("unicode_escape", "surrogatepass").decode("ascii")
