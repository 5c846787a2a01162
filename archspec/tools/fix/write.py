"""Put an edited text in the place of a file, whole or not at all; and show it as a unified diff."""

from __future__ import annotations

import codecs
import os
import shutil
from contextlib import suppress
from difflib import unified_diff
from pathlib import Path

from archspec.source.files import replace_file
from archspec.source.span import Source

_NO_NEWLINE = "\n\\ No newline at end of file\n"


class CannotWriteError(Exception):
    """A file that was not written; the text is a line that says why."""


def write(source: Source, text: str) -> None:
    """Write another text to the file of a source; its permissions, its byte order mark and what links to it stay.

    Raises:
        CannotWriteError: when it cannot be written, or is not what was read any more. It is then left as it is.
    """
    assert source.path is not None, "only a file is written"
    path = source.path.resolve()
    try:
        data = path.read_bytes()
        if data.decode("utf-8-sig") != source.text:
            raise CannotWriteError(f"`{source.name}` was changed meanwhile, and is left as it is")
        if not os.access(path, os.W_OK):
            raise CannotWriteError(f"`{source.name}` cannot be written: it is read-only")
        replace_file(path, [_mark(data), text.encode("utf-8")], lambda new: _keep_access(path, new))
    except (OSError, UnicodeDecodeError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise CannotWriteError(f"`{source.name}` cannot be written: {reason}") from error


def _keep_access(path: Path, temporary: Path) -> None:
    """Give a file the permissions of another and, where that is allowed, the owner: most often it is the same one."""
    shutil.copymode(path, temporary)
    owner = path.stat()
    with suppress(PermissionError, AttributeError):  # Windows has no owners of this kind
        os.chown(temporary, owner.st_uid, owner.st_gid)


def diff(source: Source, text: str) -> str:
    """A unified diff from the text of a source to another; empty where they are equal."""
    mark = "\ufeff" if source.path is not None and _begins_with_mark(source.path) else ""
    lines = unified_diff(_lines(mark + source.text), _lines(mark + text), source.name, source.name)
    return "".join(line if line.endswith("\n") else line + _NO_NEWLINE for line in lines)


def _begins_with_mark(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8
    except OSError:  # it went away: its text is all there is to say
        return False


def _mark(data: bytes) -> bytes:
    return codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""


def _lines(text: str) -> list[str]:
    """Lines with their ends, at line feeds alone."""
    return [line + "\n" for line in text.split("\n")[:-1]] + [line for line in text.split("\n")[-1:] if line]
