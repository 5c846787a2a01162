"""`weights:` as written in a spec, to key maps: which name in a published file is which key of the network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from archspec.ir.attributes import NUMBER
from archspec.ir.graph import Graph
from archspec.language.fields import is_name
from archspec.language.schema import Document
from archspec.language.validate import one_of, shown, validate
from archspec.language.values import Entry, Scalar, Sequence, Value
from archspec.language.values import Mapping as MappingValue
from archspec.recipe.weights import MAX_PATTERNS, Pattern, PatternError, Template, UnknownGroupError, WeightMap
from archspec.source.diagnostic import Diagnostic, Diagnostics, Severity
from archspec.source.span import Span

_MOST_COMPARED: Final = 1_000_000
"""Patterns times keys: beyond, patterns that lead to no key are not looked for."""
_EXAMPLE: Final = r"for example `keys: {'InceptionV3/(\w+)/weights': '\1.conv.weight'}`"


def read_weight_maps(document: Document, graph: Graph, settings: Mapping[str, Any], found: Diagnostics) -> None:
    """Fill in `graph.weight_maps`.

    Args:
        document: the spec.
        graph: its graph, inferred.
        settings: the parameters that were given other values; keys are compared at default parameters only.
        found: takes the diagnostics.
    """
    written = document.mapping.get("weights")
    if not isinstance(written, MappingValue):
        return
    number = sum(len(_entries(entry.value, part)) for entry in written.entries.values() for part in ("keys", "fill"))
    number += sum(len(_items(entry.value, "ignore")) for entry in written.entries.values())
    if number > MAX_PATTERNS:
        message = f"there are {number:,} patterns in all; {MAX_PATTERNS:,} is the most"
        help_text = r"write what names have in common as one pattern, with groups such as `(\w+)`"
        found.error("too-many-patterns", message, document.mapping.entries["weights"].span, help=help_text)
        return
    keys = [] if settings or found.failed else [*_keys(graph), *_conditional(document)]
    for entry in written.entries.values():
        read = _read_map(entry, found)
        if read is not None:
            graph.weight_maps[entry.key] = read
            if len(read.keys) * len(keys) <= _MOST_COMPARED:
                _check_keys(entry, keys, found)


def _read_map(entry: Entry, found: Diagnostics) -> WeightMap | None:
    """One map, or None after reporting what is wrong with it."""
    before = len(found)
    if not is_name(entry.key):
        help_text = "use letters, digits and `_`, not beginning with a digit"
        found.error("wrong-name", f"`{entry.key}` cannot name a key map", entry.span, help=help_text)
    if not isinstance(entry.value, MappingValue):
        message = f"key map `{entry.key}` is {shown(entry.value.plain)}; expected a mapping with `keys`"
        found.error("wrong-value", message, entry.value.span, help=_EXAMPLE)
        return None
    _check_parts(entry, found)
    plain = entry.value.plain
    whole = len(found) == before
    outline = plain if whole else {key: _outline(key, value) for key, value in plain.items()}
    read = validate(WeightMap, outline, entry.value.entries, found, owner=f"key map `{entry.key}`", span=entry.span)
    return read if whole else None


def _check_parts(entry: Entry, found: Diagnostics) -> None:
    """Report what is wrong inside of `keys`, `ignore`, `fill` and `words`, each at its own place."""
    groups: dict[str, None] = {}
    before = len(found)
    for renaming in _entries(entry.value, "keys"):
        pattern = _compiled(renaming.key, renaming.span, found)
        groups |= dict.fromkeys(pattern.names if pattern else ())
        _check_key(renaming.value, pattern, found)
    for words in _entries(entry.value, "words"):
        _check_words(words, groups if len(found) == before else None, found)
    for ignored in _items(entry.value, "ignore"):
        if isinstance(ignored.plain, str):
            _compiled(ignored.plain, ignored.span, found)
        else:
            found.error("wrong-value", f"{shown(ignored.plain)} is no pattern; expected text", ignored.span)
    for filled in _entries(entry.value, "fill"):
        _compiled(filled.key, filled.span, found)
        if NUMBER.read(filled.value.plain) is None:
            message = f"`{filled.key}` is {shown(filled.value.plain)}; expected a number"
            found.error("wrong-value", message, filled.value.span)


def _check_key(key: Value, pattern: Pattern | None, found: Diagnostics) -> None:
    """Report what a pattern leads to, where no key can be made of it."""
    if not isinstance(key, Scalar) or not isinstance(key.value, str):
        message = f"a pattern leads to {shown(key.plain)}; expected a key of this network, with `\\1` for a group"
        found.error("wrong-value", message, key.span)
    elif pattern is not None:
        try:
            Template(key.value, pattern)
        except UnknownGroupError as error:
            known = [*map(str, range(1, pattern.groups + 1)), *pattern.names]
            help_text = "what stands in parentheses in the pattern is a group, the first of them `\\1`"
            help_text = one_of(known, "its groups are") if known else help_text
            found.error("unknown-group", str(error), _part(key.span, error.at), help=help_text)
        except PatternError as error:
            found.error("wrong-pattern", f"no key can be made of this: {error}", _part(key.span, error.at))


def _check_words(words: Entry, groups: Mapping[str, None] | None, found: Diagnostics) -> None:
    """Report words of a group that there is not (unless `groups` is None), and those that are no words."""
    if groups is not None and words.key not in groups:
        help_text = one_of(list(groups), "their groups are") if groups else f"name one: `(?P<{words.key}>...)`"
        found.error("unknown-group", f"no pattern has a group called `{words.key}`", words.span, help=help_text)
    if not isinstance(words.value, MappingValue) or not words.value.entries:
        message = f"`{words.key}` is {shown(words.value.plain or None)}; expected words, each with what becomes of it"
        found.error("wrong-value", message, words.value.span, help="for example `{a: 0, b: 1}`")
        return
    for word in words.value.entries.values():
        if isinstance(word.value.plain, bool) or not isinstance(word.value.plain, str | int):
            message = f"`{word.key}` becomes {shown(word.value.plain)}; expected text or a whole number"
            found.error("wrong-value", message, word.value.span)


def _outline(key: str, value: Any) -> Any:
    """What stands in for a part whose insides were reported about, so that they are not reported again."""
    stand_in: dict[str, tuple[type, Any]] = {"keys": (dict, {".": "."}), "ignore": (list, [])}
    stand_in |= {"fill": (dict, {}), "words": (dict, {})}
    kind, whole = stand_in.get(key, (type(None), None))
    return whole if isinstance(value, kind) and value else value


def _compiled(text: str, span: Span, found: Diagnostics) -> Pattern | None:
    try:
        return Pattern(text)
    except PatternError as error:
        place = f" at `{error.at}`" if error.at else ""
        help_text = "patterns are those of RE2: no look-around, no back references inside; `\\.` is a dot"
        found.error("wrong-pattern", f"this is no pattern: {error}{place}", _part(span, error.at), help=help_text)
        return None


def _part(span: Span, part: str) -> Span:
    """The part of a text that is meant, where it stands there just once and as it is; else all of the text."""
    written = span.source.text[span.start : span.end]
    if not part or written.count(part) != 1:
        return span
    start = span.start + written.index(part)
    return Span(span.source, start, start + len(part))


def _check_keys(entry: Entry, keys: list[str], found: Diagnostics) -> None:
    """Warn of patterns that lead to no key of the network, and of filled keys that there are none of."""
    for renaming in _entries(entry.value, "keys"):
        template = Template(str(renaming.value.plain), Pattern(renaming.key))
        begins = template.literals[0]
        if keys and not any(begins.startswith(key) if key.endswith(".") else template.could_give(key) for key in keys):
            _warn(f"no key of the network is like {shown(renaming.value.plain)}", renaming.value.span, found)
    for filled in _entries(entry.value, "fill"):
        pattern = Pattern(filled.key)
        if keys and not any(map(pattern.match, keys)):
            _warn(f"no key of the network is like `{filled.key}`", filled.span, found)


def _warn(message: str, span: Span, found: Diagnostics) -> None:
    help_text = "keys are the paths of items with the names of their weights: `mixed5.0.conv.weight`"
    found.add(Diagnostic("idle-pattern", message, span, help=help_text, severity=Severity.WARNING))


def _keys(graph: Graph) -> list[str]:
    """The keys of the `state_dict`."""
    return [
        f"{node.path}.{name}".removesuffix(".")
        for node in graph.operations()
        for name, weight in node.weights.items()
        if weight.kind != "constant"
    ]


def _conditional(document: Document) -> list[str]:
    """How keys of the items begin that parameters decide about, with a `.` at the end."""
    body = document.body
    if body is None:
        return []
    names = [str(item.keys.id) for item in body.layers if item.keys.if_ is not None and item.keys.id is not None]
    for head in body.heads:
        if head.condition is not None or any(item.keys.if_ is not None for item in head.items):
            names.append(str(head.name))
    return [f"{name}." for name in names]


def _entries(value: Value, key: str) -> list[Entry]:
    part = value.get(key) if isinstance(value, MappingValue) else None
    return list(part.entries.values()) if isinstance(part, MappingValue) else []


def _items(value: Value, key: str) -> list[Value]:
    part = value.get(key) if isinstance(value, MappingValue) else None
    return part.items if isinstance(part, Sequence) else []
