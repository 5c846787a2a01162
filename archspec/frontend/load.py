"""Read a spec and the files it includes and extends; nothing outside its own tree is ever opened."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, TypeAlias

from archspec import ops
from archspec.frontend.extend import merge
from archspec.frontend.limits import LIMITS, Limits
from archspec.language.reader import load_file, read
from archspec.language.schema import Body, Document
from archspec.language.structure import read_document
from archspec.language.validate import did_you_mean
from archspec.language.values import Scalar, Sequence
from archspec.source.diagnostic import Diagnostic, Diagnostics, Label, Severity
from archspec.source.span import Source, Span

Spec: TypeAlias = str | Path | Source
"""The path of a spec, or text that was read already."""
ROOT_MARKERS: Final = ("pyproject.toml", ".git")
MAX_FILES: Final = 256
MAX_INCLUDE_DEPTH: Final = 32
STRUCTURES: Final = ("sequence",)


def load(spec: Spec, found: Diagnostics, limits: Limits = LIMITS) -> Document | None:
    """The document of a spec, with every block that its items may use; None when it is no spec at all.

    Args:
        spec: its path, or text that was read already.
        found: takes the diagnostics.
        limits: how large each file may be.
    """
    source = spec if isinstance(spec, Source) else load_file(Path(spec), str(spec), found, limits.text.max_bytes)
    if source is None:
        return None
    return _Loader(source, found, limits).document(source)


class _Loader:
    """One run: the files read so far, and those being read."""

    def __init__(self, source: Source, found: Diagnostics, limits: Limits) -> None:
        self.found = found
        self.limits = limits.text
        self.root = _root_of(source)
        self.documents: dict[Path, Document | None] = {}
        self.open: list[tuple[Path | None, str]] = []

    def document(self, source: Source) -> Document | None:
        path = source.path.resolve() if source.path else None
        self.open.append((path, source.name))
        try:
            value = read(source, self.found, self.limits)
            own = Diagnostics()
            document = read_document(value, own) if value is not None else None
            if document is None or not document.keys.extends:  # what changes another spec is judged once it is whole
                self.found.extend(own)
            if document is not None:
                document = self._complete(document)
        finally:
            self.open.pop()
        return document

    def _complete(self, document: Document) -> Document | None:
        visible = self._included(document)
        if document.keys.extends:
            entry = document.mapping.entries["extends"]
            base = self._other_file(document, document.keys.extends, entry.value.span)
            if base is None:
                return None
            if base.body is None:
                self.found.error("wrong-value", f"`{base.source.name}` has no `layers` to start from", entry.value.span)
                return None
            merged = read_document(merge(base.mapping, document.mapping, self.found), self.found)
            assert merged is not None, "two mappings merge to a mapping"
            merged.is_complete = base.is_complete and document.is_complete
            document, visible = merged, {**base.visible, **visible}
            for name in document.blocks:
                visible.pop(name, None)
        for name, block in document.blocks.items():
            self._check_block_name(block, visible.get(name))
        document.visible = visible | document.blocks
        return document

    def _included(self, document: Document) -> dict[str, Body]:
        """The blocks of the included files, by name."""
        visible: dict[str, Body] = {}
        includes = document.mapping.get("include")
        for value in includes.items if isinstance(includes, Sequence) else []:
            if not isinstance(value, Scalar) or not isinstance(value.value, str):
                self.found.error("wrong-value", "`include` lists the paths of files", value.span)
                continue
            other = self._other_file(document, value.value, value.span)
            if other is None:
                document.is_complete = False
                continue
            blocks = dict(other.blocks)
            if other.body is not None and other.keys.name:
                blocks[other.keys.name] = other.body
            for name, block in blocks.items():
                if name in visible and visible[name] is not block:
                    labels = (Label(visible[name].span, "defined here"), Label(block.span, "and here"))
                    self.found.error(
                        "name-conflict",
                        f"two included files define `{name}`",
                        value.span,
                        labels=labels,
                        help="rename one of the blocks",
                    )
                visible[name] = block
        return visible

    def _check_block_name(self, block: Body, included: Body | None) -> None:
        if block.name in ops.TABLE or block.name in STRUCTURES:
            what = "an op" if block.name in ops.TABLE else "a structure of the language"
            self.found.error(
                "reserved-name", f"block `{block.name}` is named like {what}", block.span, help="choose another name"
            )
        if included is not None:
            label = Label(included.span, "defined here too")
            self.found.error(
                "name-conflict",
                f"block `{block.name}` is also defined in an included file",
                block.span,
                labels=(label,),
                help="rename one of them",
            )

    def _other_file(self, document: Document, text: str, span: Span) -> Document | None:
        """The document of another file, named relative to this one; None after reporting why not."""
        path = self._checked_path(document, text, span)
        if path is None:
            return None
        chain = [name for _, name in self.open]
        if any(path == other for other, _ in self.open):
            cycle = " -> ".join([*chain[[other for other, _ in self.open].index(path) :], text])
            self.found.error("include-cycle", f"`{text}` leads back to itself: {cycle}", span)
            return None
        if path not in self.documents:
            if len(self.documents) >= MAX_FILES or len(self.open) > MAX_INCLUDE_DEPTH:
                self.found.error(
                    "too-many-files", f"more than {MAX_FILES} files, or {MAX_INCLUDE_DEPTH} levels of them", span
                )
                return None
            shown = os.path.normpath(os.path.join(os.path.dirname(document.source.name), text))
            source = load_file(path, shown, self.found, self.limits.max_bytes, named_at=span)
            self.documents[path] = self.document(source) if source else None
        return self.documents[path]

    def _checked_path(self, document: Document, text: str, span: Span) -> Path | None:
        if "\0" in text or os.path.isabs(text) or ":" in text.split("/")[0]:
            self.found.error("file-outside", f"`{text}` is not a path relative to this file", span)
            return None
        folder = document.source.path.resolve().parent if document.source.path else Path.cwd().resolve()
        named = folder / text
        try:
            path = named.resolve()
            inside = path.is_relative_to(self.root)
            if inside and path.exists():
                return path
            folder_named = text.rpartition("/")[0]
            children = sorted(named.parent.glob("*.y*ml")) if inside and named.parent.is_dir() else []
            nearby = [f"{folder_named}/{child.name}".lstrip("/") for child in children]
        except (OSError, RuntimeError):  # RuntimeError: a symbolic link to itself
            inside, nearby = True, []
        if not inside:
            self.found.error(
                "file-outside",
                f"`{text}` is outside the folder of this spec",
                span,
                help=f"only files below `{self.root.name}/` can be read",
            )
        else:
            self.found.error("file-not-found", f"there is no file `{text}`", span, help=did_you_mean(text, nearby))
        return None


def _root_of(source: Source) -> Path:
    """The folder that may be read: the nearest parent with a marker of a project, or else the spec's own folder."""
    folder = source.path.resolve().parent if source.path else Path.cwd().resolve()
    for parent in (folder, *folder.parents):
        if any((parent / marker).exists() for marker in ROOT_MARKERS):
            return parent
    return folder


def note_no_network(document: Document, found: Diagnostics) -> None:
    """Say that a file has blocks alone, which is no error where nothing needs a network."""
    span = next(iter(document.mapping.entries.values())).span
    message = "this file has blocks for others to include, and no network of its own"
    help_text = "for a network, name a spec that includes it"
    found.add(Diagnostic("no-network", message, span, help=help_text, severity=Severity.NOTE))
