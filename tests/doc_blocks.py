"""The blocks of code in the written documentation, as data for the tests that run them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
_FENCE = re.compile(r"^```(?P<language>\w+)(?P<info>[^\n]*)\n(?P<text>.*?)^```$", re.M | re.S)


@dataclass(frozen=True)
class Block:
    """One fenced block: ```` ```yaml fails=shape-mismatch ````."""

    file: str
    line: int
    language: str
    info: str
    """What stands behind the language: `fails=NAME`, `file=PATH`, `header`, or nothing."""
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"

    def value_of(self, key: str) -> str | None:
        """What the info string says of a key."""
        words = dict(word.partition("=")[::2] for word in self.info.split())
        return words.get(key)


def blocks_of(file: str) -> list[Block]:
    """The blocks of a file below the project's folder, in order."""
    text = (ROOT / file).read_text(encoding="utf-8")
    return [
        Block(file, text.count("\n", 0, found.start()) + 1, found["language"], found["info"].strip(), found["text"])
        for found in _FENCE.finditer(text)
    ]


def completed(text: str, header: str) -> str:
    """A spec from a part of one: the entries of the header whose keys the part does not have, then the part."""
    given = {line.partition(":")[0] for line in text.splitlines() if not line.startswith((" ", "#"))}
    entries = re.split(r"^(?=\S)", header, flags=re.M)
    return "".join([*(entry for entry in entries if entry.partition(":")[0] not in given), text])


def matches(pattern: str, actual: str) -> bool:
    """Whether a text is as documented; a line `...` stands for any lines."""
    parts = [re.escape(part) for part in re.split(r"^\.\.\.$\n?", pattern.rstrip("\n") + "\n", flags=re.M)]
    return re.fullmatch("(?s:.*?)".join(parts), actual.rstrip("\n") + "\n") is not None
