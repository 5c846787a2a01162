"""A peer: how it says the block and each mistake, and how it checks, builds and runs what it is given."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, ClassVar, TypeAlias

Edit: TypeAlias = tuple[str, str]
"""A piece of text that stands there once, and what stands there instead."""


PROGRAM_FILE = "block.py"
"""What specs that are programs are compiled as: a traceback tells where in them an exception comes from."""
LINE_OF_A_PROGRAM = rf"{PROGRAM_FILE}, line (\d+)"


@dataclass(frozen=True)
class Planted:
    """How a format says a mistake: an edit of something sound."""

    edits: tuple[Edit, ...]
    base: tuple[Edit, ...] = ()
    """What makes the sound text of the block, where it needs more than the block; it has to be accepted."""
    says: tuple[str, ...] | None = None
    """What has to be said, where this format has other words for it than those of the mistake."""


def planted(*edits: Edit, base: tuple[Edit, ...] = (), says: tuple[str, ...] | None = None) -> Planted:
    """A mistake by the edits that make it."""
    return Planted(edits, base, says)


Planting: TypeAlias = Planted | str
"""A mistake as a format has it, or why it cannot have it."""


class Peer(ABC):
    """One column."""

    name: ClassVar[str]
    packages: ClassVar[tuple[str, ...]]
    """What pip installs; the first is the one whose version counts."""
    roots: ClassVar[tuple[str, ...]]
    """The packages whose own `raise` is their own message, not a failure of something below them."""
    block: ClassVar[str]
    """The sound block as text."""
    mistakes: ClassVar[Mapping[str, Planting]]
    lines: ClassVar[str] = ""
    """A regular expression for a line number in a message; nothing where messages have none."""
    defines: ClassVar[str] = ""
    """How the line of a text looks that defines a node, as a regular expression with `{}` for its name."""
    places: ClassVar[Mapping[str, str]] = {}
    """What nodes are called in messages, as regular expressions, where they have no names."""

    @abstractmethod
    def check(self, text: str) -> Sequence[str]:
        """What is wrong with a text, found without building or running it; it may be raised too."""

    @abstractmethod
    def build(self, text: str) -> Any:
        """What runs."""

    def run(self, model: Any, side: int) -> tuple[int, ...] | None:
        """The shape that comes of two images of that height and width; None where nothing can be run here."""
        import torch

        with torch.no_grad():
            return tuple(model.eval()(torch.zeros(2, 192, side, side)).shape)


@dataclass(frozen=True)
class Outcome:
    """What happened to one text."""

    stage: str
    """`check`, `build` or `run`: where it was refused; nothing where it was accepted."""
    message: str = ""
    own: bool = False
    """Whether the message is the peer's own: of its check, or raised by a `raise` of its own."""
    shapes: tuple[tuple[int, ...], ...] = ()
    """What came out, for each side."""
    warnings: tuple[str, ...] = ()
    ran_code: bool = False
    """Whether code in the text was run."""


def edited(text: str, edits: Sequence[Edit]) -> str:
    """The text with edits made; each has to fit exactly once."""
    for old, new in edits:
        if text.count(old) != 1:
            raise ValueError(f"`{old}` stands {text.count(old)} times in the text, not once")
        text = text.replace(old, new)
    return text


def changed_lines(before: str, after: str) -> frozenset[int]:
    """The numbers of the lines of a text that are not as they were, counted from 1."""
    matcher = SequenceMatcher(a=before.splitlines(), b=after.splitlines(), autojunk=False)
    changes = [(start, end) for tag, _, _, start, end in matcher.get_opcodes() if tag != "equal"]
    return frozenset(line for start, end in changes for line in range(start + 1, max(end, start + 1) + 1))
