"""The values of a YAML file, each with the characters it stands at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from archspec.source.span import Source, Span


@dataclass(slots=True, eq=False)
class Scalar:
    """A text, a number, true, false or null."""

    source: Source
    start: int
    end: int
    value: str | int | float | bool | None
    text: str
    """As written, without quotes: `1e-3` of 0.001."""
    quoted: bool
    """Whether it was quoted or a block text, and so is text whatever it looks like."""

    @property
    def span(self) -> Span:
        """Where it stands, quotes included."""
        return Span(self.source, self.start, self.end)

    @property
    def plain(self) -> str | int | float | bool | None:
        """The Python value."""
        return self.value


@dataclass(slots=True, eq=False)
class Entry:
    """One `key: value` of a mapping; its span is the key's."""

    key: str
    source: Source
    start: int
    end: int
    value: Value

    @property
    def span(self) -> Span:
        """Where the key stands."""
        return Span(self.source, self.start, self.end)


@dataclass(slots=True, eq=False)
class Sequence:
    """A list."""

    source: Source
    start: int
    end: int
    items: list[Value]

    @property
    def span(self) -> Span:
        """From the first `[` or `-` to the last character of the last item."""
        return Span(self.source, self.start, self.end)

    @property
    def plain(self) -> list[Any]:
        """A plain list of plain values."""
        return [item.plain for item in self.items]


@dataclass(slots=True, eq=False)
class Mapping:
    """Keys with values, in the order of the file; keys are always text (`0:` has the key `"0"`)."""

    source: Source
    start: int
    end: int
    entries: dict[str, Entry]

    @property
    def span(self) -> Span:
        """From the `{` or the first key to the last character of the last value."""
        return Span(self.source, self.start, self.end)

    @property
    def plain(self) -> dict[str, Any]:
        """A plain dict of plain values."""
        return {key: entry.value.plain for key, entry in self.entries.items()}

    def get(self, key: str) -> Value | None:
        """The value of a key; None when the mapping does not have it."""
        entry = self.entries.get(key)
        return entry.value if entry else None


Value: TypeAlias = Scalar | Sequence | Mapping
