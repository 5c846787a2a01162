"""YAML text to values with spans: a stack of our own over PyYAML's events.

PyYAML's loaders are not used: they recurse (libyaml's overflows the C stack on deep nesting), resolve YAML 1.1, keep
the last of two equal keys, and lose positions. The events come at the speed of libyaml and are bounded here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

import yaml
from yaml import events

from archspec.language.characters import REPLACEMENT, code_point, forbidden_in, without_forbidden
from archspec.language.scalars import Refused, resolve
from archspec.language.syntax_errors import Complaint, cut_expression, explain, missing_space
from archspec.language.values import Entry, Mapping, Scalar, Sequence, Value
from archspec.source.diagnostic import Diagnostic, Diagnostics, Label
from archspec.source.files import MAX_BYTES, load_file, read_bytes
from archspec.source.sanitize import brief
from archspec.source.span import Source, Span

__all__ = ["MISREAD", "Entry", "Limits", "Mapping", "Scalar", "Sequence", "Value", "load_file", "read", "read_bytes"]

MISREAD: Final = frozenset(
    """
    alias-cycle ambiguous-scalar control-character missing-space number-not-finite number-too-long
    unbalanced-expression undefined-alias yaml-tag
    """.split()  # noqa: SIM905 - names read better as words
)
"""Errors after which a value stands in for the right one: what else is said of its characters follows from them."""

_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_LONGEST_GUESS = 100


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one file may ask of the reader."""

    max_bytes: int = MAX_BYTES
    max_nodes: int = 2_000_000
    """Scalars, lists and mappings, those that aliases repeat included."""
    max_depth: int = 64
    """Lists and mappings inside each other, through aliases too."""
    max_alias_nodes: int = 100_000
    """Nodes that all aliases together may repeat."""
    max_errors: int = 100
    """Errors after which reading stops."""


def read(source: Source, found: Diagnostics, limits: Limits = Limits()) -> Value | None:
    """Read the one document of a YAML file.

    Whatever the text is, the outcome is a value or a diagnostic; both after an error that the rest does not suffer by.

    Args:
        source: The text.
        found: Gets what is wrong with it.
        limits: Bounds on size, depth and expansion.

    Returns:
        The value; None for an empty file, or when it could not be read to its end.
    """
    if len(source.text) > limits.max_bytes:
        message = f"`{source.name}` is larger than {limits.max_bytes:,} characters, the most a spec may have"
        found.error("file-too-large", message, None)
        return None
    return _Reader(source, found, limits).read()


class _Stop(Exception):
    """Reading ends here; what is wrong has been reported."""


@dataclass(slots=True, eq=False)
class _Anchored:
    """A value that aliases may repeat."""

    value: Value
    nodes: int
    height: int


@dataclass(slots=True, eq=False)
class _Frame:
    """A list or mapping that is being read."""

    node: Mapping | Sequence
    flow: bool
    anchor: str | None
    nodes_before: int
    height: int = 1
    has_key: bool = False
    key: str | None = None
    """None for a key that was refused: its value is read and dropped."""
    key_start: int = 0
    key_end: int = 0


class _Reader:
    """Reads one source once."""

    def __init__(self, source: Source, found: Diagnostics, limits: Limits) -> None:
        self.source = source
        self.found = found
        self.limits = limits
        self.root: Value | None = None
        self.stack: list[_Frame] = []
        self.anchors: dict[str, _Anchored] = {}
        self.documents = 0
        self.nodes = 0
        self.alias_nodes = 0
        self.errors = 0
        self.last_end = 0
        self.last_scalar = (0, 0)
        self.cut_expression = (0, 0)
        """Start and end of the last expression that YAML cut in pieces: those inside are no values of their own."""

    def read(self) -> Value | None:
        handlers: dict[type, Callable[[Any], None]] = {
            events.ScalarEvent: self._on_scalar,
            events.MappingStartEvent: self._on_mapping,
            events.SequenceStartEvent: self._on_sequence,
            events.MappingEndEvent: self._on_end,
            events.SequenceEndEvent: self._on_end,
            events.AliasEvent: self._on_alias,
            events.DocumentStartEvent: self._on_document,
        }
        try:
            for event in _events(self._text()):
                handler = handlers.get(type(event))
                if handler:
                    handler(event)
        except _Stop:
            return None
        except yaml.YAMLError as error:
            self.found.add(explain(self._complaint(error)))
            return None
        return self._value()

    def _value(self) -> Value | None:
        root = self.root
        if root is None or (isinstance(root, Scalar) and not root.text and not root.quoted):
            if not self.errors:
                self.found.error("empty-file", f"`{self.source.name}` is empty", Span(self.source, 0, 0))
            return None
        if isinstance(root, Scalar) and not root.quoted and not self.errors:
            diagnostic = missing_space(self.source, root.start, root.end)
            if diagnostic:
                self.found.add(diagnostic)
        return root

    def _text(self) -> str:
        """The text as the parser gets it: of the same length, without what it would choke on."""
        text = self.source.text
        if text.startswith("\ufeff"):  # a line break keeps offsets, and the column that the next character starts in
            text = "\n" + text[1:]
        for match in forbidden_in(text):
            message = f"the character {code_point(match[0])} is not allowed in a spec"
            self._error("control-character", message, match.start(), match.end(), help="remove it")
        return without_forbidden(text)

    def _complaint(self, error: yaml.YAMLError) -> Complaint:
        problem = getattr(error, "problem_mark", None)
        context = getattr(error, "context_mark", None) or problem
        at = problem.index if problem else context.index if context else self.last_end
        began = context.index if context else at
        words = (str(getattr(error, "problem", None) or ""), str(getattr(error, "context", None) or ""))
        return Complaint(self.source, *words, at, min(began, at), self.last_scalar)

    def _error(self, name: str, message: str, start: int, end: int, **details: Any) -> None:
        self._add(Diagnostic(name, message, Span(self.source, start, end), **details))

    def _add(self, diagnostic: Diagnostic) -> None:
        self.found.add(diagnostic)
        self.errors += 1
        if self.errors >= self.limits.max_errors:
            self.found.error("too-many-errors", f"reading stopped after {self.errors} errors", diagnostic.span)
            raise _Stop

    # Events

    def _on_document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            start = event.start_mark.index
            help_ = "keep one, and move the others to files of their own"
            self._error("yaml-document", "a second document starts here, expected one", start, start + 3, help=help_)
            raise _Stop

    def _on_scalar(self, event: Any) -> None:
        start, end = event.start_mark.index, event.end_mark.index
        plain = event.implicit[0]
        if event.style in ("|", ">"):
            end = start + len(self.source.text[start:end].rstrip())
        self.last_end = end
        self.last_scalar = (start, end)
        self._count(1, start, end)
        if event.tag is not None:
            self._refuse_tag(event.tag, start)
        frame = self.stack[-1] if self.stack else None
        if frame and not frame.has_key and type(frame.node) is Mapping:
            self._key(frame, event.value, plain, start, end)
            return
        value = self._scalar(event.value, plain, start, end)
        if event.anchor:
            self.anchors[event.anchor] = _Anchored(value, 1, 0)
        self._put(value, start)

    def _on_mapping(self, event: Any) -> None:
        start = event.start_mark.index
        self._open(Mapping(self.source, start, event.end_mark.index, {}), event)

    def _on_sequence(self, event: Any) -> None:
        start = event.start_mark.index
        self._open(Sequence(self.source, start, event.end_mark.index, []), event)

    def _on_end(self, event: Any) -> None:
        start, end = event.start_mark.index, event.end_mark.index
        if end > start:  # a bracket; the end of an indented collection has no characters
            self.last_end = end
        frame = self.stack.pop()
        frame.node.end = max(frame.node.end, self.last_end)
        if frame.anchor:
            self.anchors[frame.anchor] = _Anchored(frame.node, self.nodes - frame.nodes_before, frame.height)
        if self.stack:
            self.stack[-1].height = max(self.stack[-1].height, frame.height + 1)

    def _on_alias(self, event: Any) -> None:
        start, end = event.start_mark.index, event.end_mark.index
        self.last_end = end
        name = event.anchor
        target = self.anchors.get(name)
        if any(frame.anchor == name for frame in self.stack):
            self._error("alias-cycle", f"`*{brief(name)}` stands inside of its own anchor", start, end)
            target = None
        elif target is None:
            close = get_close_matches(name, self.anchors, n=1) if len(name) < _LONGEST_GUESS else None
            help_ = f"did you mean `*{close[0]}`?" if close else "write an anchor before the value that it repeats"
            self._error("undefined-alias", f"there is no anchor `&{brief(name)}` above", start, end, help=help_)
        if target is None:
            target = _Anchored(Scalar(self.source, start, end, None, "", True), 1, 0)
        self._expand(target, start, end)
        self._put(target.value, start)

    # Building

    def _open(self, node: Mapping | Sequence, event: Any) -> None:
        start = node.start
        if len(self.stack) >= self.limits.max_depth:
            self._error(
                "nested-too-deep",
                f"nested deeper than {self.limits.max_depth} levels",
                start,
                start + 1,
                help="`--limit nesting=...` raises the limit",
            )
            raise _Stop
        self._count(1, start, start + 1)
        if event.tag is not None:
            self._refuse_tag(event.tag, start)
        self.last_end = max(self.last_end, node.end)
        self._put(node, start)
        self.stack.append(_Frame(node, bool(event.flow_style), event.anchor, self.nodes - 1))

    def _put(self, value: Value, start: int) -> None:
        """Add a value to the list or mapping it stands in."""
        if not self.stack:
            self.root = value
            return
        frame = self.stack[-1]
        node = frame.node
        if isinstance(node, Sequence):
            if not self._is_piece(start):
                node.items.append(value)
        elif not frame.has_key:
            self._error("yaml-key", "a key is a text, expected no list, mapping or alias", start, start + 1)
            frame.has_key, frame.key = True, None
        else:
            frame.has_key = False
            if frame.key is not None:
                self._entry(frame, node, frame.key, value)

    def _entry(self, frame: _Frame, node: Mapping, key: str, value: Value) -> None:
        key_end = frame.key_end
        if value.start == value.end == key_end and frame.flow and ":" in key:
            diagnostic = missing_space(self.source, frame.key_start, key_end)
            if diagnostic:
                self._add(diagnostic)
                key, _, rest = key.partition(":")
                key_end = frame.key_start + len(key)
                value = self._scalar(rest, True, key_end + 1, frame.key_end)
        first = node.entries.get(key)
        if first is None:
            node.entries[key] = Entry(key, self.source, frame.key_start, key_end, value)
            return
        labels = (Label(first.span, "first defined here"),)
        self._error("duplicate-key", f"the key `{brief(key)}` is there twice", frame.key_start, key_end, labels=labels)

    def _key(self, frame: _Frame, text: str, plain: bool, start: int, end: int) -> None:
        frame.has_key, frame.key, frame.key_start, frame.key_end = True, text, start, end
        if self._is_piece(start):
            frame.key = None
        elif plain and text == "<<":
            help_ = "write the keys out, or use `blocks:` or `defaults:`"
            self._error("yaml-merge-key", "merge keys (`<<`) are not allowed", start, end, help=help_)
            frame.key = None
        elif plain and not text:
            self._error("yaml-key", "the key before the `:` is missing", start, end or start + 1)
            frame.key = None
        elif not plain:
            self._refuse_control_characters(text, start, end)

    def _scalar(self, text: str, plain: bool, start: int, end: int) -> Scalar:
        if not plain:
            self._refuse_control_characters(text, start, end)
            return Scalar(self.source, start, end, text, text, True)
        if text.startswith("$("):
            return self._expression(text, start, end)
        value = resolve(text)
        if isinstance(value, Refused):
            self._error(value.name, value.message, start, end, help=value.help)
            value = value.value
        return Scalar(self.source, start, end, value, text, False)

    def _expression(self, text: str, start: int, end: int) -> Scalar:
        cut = cut_expression(self.source, start, end)
        if cut is None:
            return Scalar(self.source, start, end, text, text, False)
        diagnostic, whole = cut
        self._add(diagnostic)
        if whole is None:
            raise _Stop
        self.cut_expression = (whole.start, whole.end)
        return Scalar(self.source, whole.start, whole.end, whole.text, whole.text, False)

    def _is_piece(self, start: int) -> bool:
        return self.cut_expression[0] < start < self.cut_expression[1]

    # Bounds and refusals

    def _count(self, nodes: int, start: int, end: int) -> None:
        self.nodes += nodes
        if self.nodes > self.limits.max_nodes:
            self._error(
                "too-many-values",
                f"more than {self.limits.max_nodes:,} YAML values in one file",
                start,
                end,
                help="`--limit values=...` raises the limit",
            )
            raise _Stop

    def _expand(self, target: _Anchored, start: int, end: int) -> None:
        """Count what an alias repeats."""
        self.alias_nodes += target.nodes
        if self.alias_nodes > self.limits.max_alias_nodes:
            message = f"aliases repeat more than {self.limits.max_alias_nodes:,} YAML values"
            self._error("too-many-aliases", message, start, end, help="use `blocks:` and `repeat:`")
            raise _Stop
        if len(self.stack) + target.height > self.limits.max_depth:
            message = f"with this alias, nested deeper than {self.limits.max_depth} levels"
            self._error("nested-too-deep", message, start, end)
            raise _Stop
        self._count(target.nodes, start, end)
        if self.stack:
            self.stack[-1].height = max(self.stack[-1].height, target.height + 1)

    def _refuse_tag(self, tag: str, start: int) -> None:
        written = re.compile(r"(?:&\S+\s+)?(!\S*)").match(self.source.text, start)
        begin, end = written.span(1) if written else (start, start + 1)
        shown = written[1] if written else tag
        self._error("yaml-tag", f"YAML tags are not allowed: `{brief(shown)}`", begin, end, help="remove it")

    def _refuse_control_characters(self, text: str, start: int, end: int) -> None:
        if text.isprintable():
            return
        match = next(forbidden_in(text), None)
        if match and match[0] != REPLACEMENT:
            message = f"the text has the character {code_point(match[0])}, which is not allowed in a spec"
            self._error("control-character", message, start, end, help="remove the escape")


def _events(text: str) -> Iterator[Any]:
    try:
        yield from iter(_LOADER(text).get_event, None)
    except (
        ValueError,
        OverflowError,
    ) as error:  # PyYAML's own scanner: a number in an escape or directive is too large
        raise yaml.YAMLError from error
