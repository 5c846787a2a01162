"""Key maps, as data: how the names in a published file of weights become the keys of a network.

Patterns are those of RE2 (Cox 2007, Regular Expression Matching Can Be Simple And Fast): matching takes time linear in
the text whatever the pattern, so that one out of an untrusted file cannot keep anybody busy. There is no look-around
and no reference to a group inside of a pattern.
"""

# Without `from __future__ import annotations`: pydantic would compile every annotation from text at each start.

import re
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict

from archspec.ir.attributes import NUMBER, Accepts, one_of

MAX_LENGTH: Final = 400
"""Characters of a pattern, and of what it leads to."""
MAX_GROUPS: Final = 16
"""Groups of a pattern."""
MAX_PATTERNS: Final = 1000
"""Patterns of all the maps of a spec together."""
_MEMORY: Final = 1 << 18
"""Bytes that a compiled pattern may take; one that needs more is refused."""
_REFERENCE: Final = re.compile(r"\\(?:(\d)|g<(\w+)>|(\\))|(\\)")


class PatternError(ValueError):
    """A pattern, or what it leads to, that cannot be used."""

    def __init__(self, message: str, at: str = "") -> None:
        super().__init__(message)
        self.at = at
        """The part that is wrong, as written; empty where it is the whole."""


class UnknownGroupError(PatternError):
    """A reference to a group that the pattern does not have."""


class Pattern:
    """A compiled pattern, which has to match the whole of a text."""

    def __init__(self, text: str) -> None:
        import re2  # only specs and calls with patterns need it

        if len(text) > MAX_LENGTH:
            raise PatternError(f"it has {len(text):,} characters; {MAX_LENGTH} is the most")
        options = re2.Options()
        options.max_mem = _MEMORY
        options.log_errors = False
        try:
            self._compiled = re2.compile(text, options)
        except (re2.error, UnicodeEncodeError) as error:
            raise _pattern_error(error) from error
        if self._compiled.groups > MAX_GROUPS:
            raise PatternError(f"it has {self._compiled.groups} groups; {MAX_GROUPS} is the most")
        self.names: dict[str, int] = dict(self._compiled.groupindex)
        """The number of each group that has a name."""

    @property
    def groups(self) -> int:
        """How many groups there are."""
        return int(self._compiled.groups)

    def match(self, text: str) -> Sequence[str | None] | None:
        """What the groups caught, the whole first; None where it does not match."""
        try:
            found = self._compiled.fullmatch(text)
        except UnicodeEncodeError:  # half of a surrogate pair: no text that a pattern could mean
            return None
        return (found.group(), *found.groups()) if found else None


def _pattern_error(error: Exception) -> PatternError:
    text = error.args[0].decode("utf-8", "replace") if error.args and isinstance(error.args[0], bytes) else str(error)
    what, _, where = text.partition(": ")
    return PatternError(what.replace("perl operator", "operator"), where)


class Template:
    r"""What a pattern leads to: text in which `\1` and `\g<name>` stand for what its groups caught.

    Args:
        text: as written.
        pattern: whose groups it refers to.

    Raises:
        UnknownGroupError: there is no such group.
        PatternError: a backslash stands for something else.
    """

    def __init__(self, text: str, pattern: Pattern) -> None:
        self.literals: list[str] = [""]
        """The text before, between and after what is caught."""
        self.references: list[int] = []
        """The group whose text goes between each literal and the next."""
        if len(text) > MAX_LENGTH:
            raise PatternError(f"it has {len(text):,} characters; {MAX_LENGTH} is the most")
        end = 0
        for found in _REFERENCE.finditer(text):
            number, name, backslash, stray = found.groups()
            self.literals[-1] += text[end : found.start()]
            end = found.end()
            if stray:
                raise PatternError(
                    "a backslash begins `\\1`, `\\g<name>` or `\\\\` here", text[found.start() : end + 1]
                )
            if backslash:
                self.literals[-1] += "\\"
                continue
            group = int(number) if number else pattern.names.get(name, int(name) if name.isdecimal() else -1)
            if not 0 <= group <= pattern.groups:
                raise UnknownGroupError(f"the pattern has no group `{number or name}`", found[0])
            self.references.append(group)
            self.literals.append("")
        self.literals[-1] += text[end:]

    def fill(self, caught: Sequence[str | None]) -> str:
        """The text with what the groups caught; a group that took no part gives nothing."""
        parts = [caught[group] or "" for group in self.references]
        return self.literals[0] + "".join(part + text for part, text in zip(parts, self.literals[1:], strict=True))

    def could_give(self, text: str) -> bool:
        """Whether it gives a text for some contents of the groups, whatever the pattern lets them be."""
        first, *rest = self.literals
        if not rest or not text.startswith(first):
            return text == first and not rest
        place = len(first)
        for literal in rest[:-1]:
            place = text.find(literal, place)
            if place < 0:
                return False
            place += len(literal)
        return text.endswith(rest[-1]) and len(text) - len(rest[-1]) >= place


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _texts(value: Any) -> tuple[str, ...] | None:
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        return None
    return tuple(value)


def _renamings(value: Any) -> dict[str, str] | None:
    if not isinstance(value, dict) or not value:
        return None
    return dict(value) if all(isinstance(item, str) for item in value.values()) else None


def _words(value: Any) -> dict[str, dict[str, str]] | None:
    if not isinstance(value, dict) or not all(isinstance(table, dict) and table for table in value.values()):
        return None
    flat = [word for table in value.values() for word in table.values()]
    if not all(isinstance(word, str | int) and not isinstance(word, bool) for word in flat):
        return None
    return {name: {key: str(word) for key, word in table.items()} for name, table in value.items()}


def _numbers(value: Any) -> dict[str, float] | None:
    if not isinstance(value, dict):
        return None
    read = {key: NUMBER.read(number) for key, number in value.items()}
    return None if None in read.values() else read


_TEXT: Final = {"type": "string", "minLength": 1}
Text = Annotated[str | None, Accepts(_text, "text", _TEXT)]
Patterns = Annotated[
    tuple[str, ...], Accepts(_texts, "a list of patterns", {"type": "array", "items": {"type": "string"}})
]
Renamings = Annotated[
    dict[str, str],
    Accepts(
        _renamings,
        r"patterns of names in the file, each with the key it leads to, such as `{'(\w+)/weights': '\1.weight'}`",
        {"type": "object", "minProperties": 1, "additionalProperties": {"type": "string"}},
    ),
]
Words = Annotated[
    dict[str, dict[str, str]],
    Accepts(
        _words,
        "names of groups, each with what becomes of what it catches, such as `{place: {a: 0, b: 1}}`",
        {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": {"type": ["string", "integer"]},
            },
        },
    ),
]
Numbers = Annotated[
    dict[str, float],
    Accepts(
        _numbers,
        "patterns of keys, each with a number",
        {"type": "object", "additionalProperties": {"type": "number"}},
    ),
]
Layout = Annotated[Literal["torch", "tensorflow"], one_of("torch", "tensorflow")]
Classes = Annotated[Literal["all", "drop-first"], one_of("all", "drop-first")]


class WeightMap(BaseModel):
    """How the names in a file of weights become the keys of a network, and what its tensors need to fit."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    title: Text = None
    """A line for people: which file it is, and where it was published."""
    layout: Layout = "torch"
    """How the axes of kernels and matrices are ordered in the file: `tensorflow` has inputs before outputs, last."""
    classes: Classes = "all"
    """`drop-first`: of a tensor with exactly one row more than here, the first (the background class) is left out."""
    keys: Renamings
    r"""Patterns over the whole name in the file, each with its key here (`\1`, `\g<name>`); the first match counts."""
    words: Words = {}
    """By group: the texts it may catch, with what stands for each in the key; others do not match."""
    ignore: Patterns = ()
    """Patterns of names that may be in the file though no key here comes of them."""
    fill: Numbers = {}
    """Patterns of keys here that the file does not have, with the number that all of such a weight is."""


class KeyMap:
    """A `WeightMap` ready to use.

    Raises:
        PatternError: a pattern or a key in it cannot be used.
    """

    def __init__(self, described: WeightMap) -> None:
        self._words = described.words
        compiled = [(Pattern(text), key) for text, key in described.keys.items()]
        self._rules = [(pattern, Template(key, pattern)) for pattern, key in compiled]
        self._ignored = [Pattern(text) for text in described.ignore]
        self._filled = [(Pattern(text), number) for text, number in described.fill.items()]

    def key_of(self, name: str) -> str | None:
        """The key that a name in the file leads to; None where no pattern matches."""
        for pattern, template in self._rules:
            caught = pattern.match(name)
            translated = self._translated(pattern, caught) if caught else None
            if translated is not None:
                return template.fill(translated)
        return None

    def _translated(self, pattern: Pattern, caught: Sequence[str | None]) -> list[str | None] | None:
        """What groups caught, as their words say; None where a group caught something that it has no word for."""
        texts = list(caught)
        for name, table in self._words.items():
            group = pattern.names.get(name)
            if group is not None and texts[group] is not None:
                if texts[group] not in table:
                    return None
                texts[group] = table[str(texts[group])]
        return texts

    def ignores(self, name: str) -> bool:
        """Whether a name may be in the file without a use."""
        return any(pattern.match(name) for pattern in self._ignored)

    def filling(self, key: str) -> float | None:
        """The number that a weight starts from where the file does not have it; None where it has to."""
        return next((number for pattern, number in self._filled if pattern.match(key)), None)
