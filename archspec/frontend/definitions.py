"""Definitions: the parameters and blocks that a spec's own file defines, and whether anything uses them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from archspec.ir.graph import Definition
from archspec.language.header import entries_of
from archspec.language.schema import Body, Document
from archspec.language.values import Entry, Mapping, Sequence, Value

_NAME: Final = re.compile(r"[^\W\d]\w*")
_BARE: Final = ("in", "inputs", "expect")
"""Keys below which an expression may stand without a `$`."""


def definitions(document: Document) -> tuple[Definition, ...]:
    """What the spec's own file defines, in the order of the file.

    A name is used where an expression has it, whatever becomes of that; a block also where its name is a value, as a
    parameter of type `op` takes it. What is defined in included and extended files is for others to use.
    """
    blocks = entries_of(document.mapping, "blocks")
    defaults = entries_of(document.mapping, "defaults")
    outside = [entry for key, entry in document.mapping.entries.items() if key != "blocks"]
    found = [] if document.body is None else list(_parameters(document.body, None, outside))
    for entry in blocks:
        block = document.blocks.get(entry.key)
        if block is not None and isinstance(entry.value, Mapping):
            found += _parameters(block, block.name, [*entry.value.entries.values(), *defaults])
    said = {entry.key: set(_texts([entry])) - {entry.key} for entry in blocks}
    used = set(_texts(outside)).union(*said.values())
    found += [Definition("block", name, None, name in used, block.span) for name, block in document.blocks.items()]
    return tuple(
        sorted((each for each in found if each.span.source is document.source), key=lambda one: one.span.start)
    )


def _parameters(body: Body, owner: str | None, entries: Iterable[Entry]) -> Iterator[Definition]:
    """The parameters of a body; a default that names the parameter itself does not use it."""
    entries = list(entries)
    used = set(_texts(entry for entry in entries if entry.key != "params"))
    own = [entry for header in entries if header.key == "params" for entry in _below(header.value)]
    for entry in own:
        used |= set(_texts([entry])) - {entry.key}
    for name, parameter in body.params.items():
        yield Definition("parameter", name, owner, f"${name}" in used, parameter.span)


def _texts(entries: Iterable[Entry], *, bare: bool = False) -> Iterator[str]:
    """All keys and texts, and each name in an expression with a `$` before it."""
    for entry in entries:
        yield from _read(entry.key, bare=False)
        texts = _values(entry.value, bare=bare or entry.key in _BARE)
        yield from (text for text in texts if entry.key != "id" or text.startswith("$"))  # an id may be any name


def _values(value: Value, *, bare: bool) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from _texts(value.entries.values(), bare=bare)
    elif isinstance(value, Sequence):
        for item in value.items:
            yield from _values(item, bare=bare)
    elif isinstance(value.value, str):
        yield from _read(value.value, bare=bare)


def _read(text: str, *, bare: bool) -> Iterator[str]:
    yield text
    if bare or "$" in text:
        for name in _NAME.findall(text):
            yield name
            yield f"${name}"


def _below(value: Value) -> list[Entry]:
    return list(value.entries.values()) if isinstance(value, Mapping) else []
