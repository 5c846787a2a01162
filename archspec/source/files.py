"""Files and bytes as sources: regular files of UTF-8 text, of a bounded size, and a diagnostic for anything else.

And back again: bytes in place of a file, whole or not at all.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from itertools import islice
from pathlib import Path

from archspec.source.diagnostic import Diagnostics
from archspec.source.span import Source, Span

MAX_BYTES = 16 * 2**20
_SIBLINGS_LOOKED_AT = 1000
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)  # a FIFO must not block


def load_file(
    path: Path | str, shown_name: str, found: Diagnostics, max_bytes: int = MAX_BYTES, *, named_at: Span | None = None
) -> Source | None:
    """Read a regular file of UTF-8 text; at most `max_bytes` + 1 bytes of it.

    Args:
        path: Where it is.
        shown_name: What diagnostics call it: the path as the user wrote it.
        found: Gets `file-not-found`, `file-unreadable`, `file-too-large` or `not-text`.
        max_bytes: The largest file that is accepted.
        named_at: Where a spec names this file (`include:`), for the diagnostic to point at.

    Returns:
        The source, or None when a diagnostic was added.
    """
    path = Path(path)
    try:
        descriptor = os.open(path, _OPEN_FLAGS)
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            mode = os.fstat(descriptor).st_mode
            data = _read_at_most(file.fileno(), max_bytes + 1) if stat.S_ISREG(mode) else None
    except (FileNotFoundError, NotADirectoryError):
        found.error(
            "file-not-found", f"there is no file `{shown_name}`", named_at, help=_similar_file(path, shown_name)
        )
        return None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        if os.path.isdir(path):  # Windows refuses to open a folder
            reason = "is a folder, expected a file"
        else:
            reason = f"cannot be read: {getattr(error, 'strerror', None) or error}".lower()
        found.error("file-unreadable", f"`{shown_name}` {reason}", named_at)
        return None
    if data is None:
        kind = "a folder" if stat.S_ISDIR(mode) else "a device, a pipe or a socket"
        found.error("file-unreadable", f"`{shown_name}` is {kind}, expected a file", named_at)
        return None
    return read_bytes(shown_name, path, data, found, max_bytes, named_at=named_at)


def read_bytes(
    name: str,
    path: Path | None,
    data: bytes,
    found: Diagnostics,
    max_bytes: int = MAX_BYTES,
    *,
    named_at: Span | None = None,
) -> Source | None:
    """Decode bytes as UTF-8 (a byte order mark is dropped); None, and a diagnostic, when they are not text."""
    if len(data) > max_bytes:
        found.error(
            "file-too-large",
            f"`{name}` is larger than {max_bytes:,} bytes, the most a spec may have",
            named_at,
            help="shorten it with `blocks` and `repeat`, or raise the limit with `--limit bytes=...`",
        )
        return None
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        found.error("not-text", f"`{name}` is UTF-16, expected UTF-8", named_at, help="save it as UTF-8")
        return None
    if b"\0" in data:
        found.error("not-text", f"`{name}` is binary, expected a text file", named_at)
        return None
    try:
        return Source(name, data.decode("utf-8-sig"), path)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"`{name}` is not UTF-8: line {line} has the byte {data[error.start]:#04x}"
        found.error("not-text", message, named_at, help="save it as UTF-8")
        return None


def _read_at_most(descriptor: int, count: int) -> bytes:
    pieces = []
    while count and (piece := os.read(descriptor, min(count, 2**20))):
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)


def _similar_file(path: Path, shown_name: str) -> str | None:
    """`did you mean ...`, from the names of the files beside the missing one."""
    try:
        with os.scandir(path.parent) as entries:
            names = sorted(entry.name for entry in islice(entries, _SIBLINGS_LOOKED_AT) if entry.is_file())
    except (OSError, ValueError):
        return None
    close = get_close_matches(path.name, names, n=1, cutoff=0.6)
    if not close:
        return None
    folder = shown_name[: len(shown_name) - len(path.name)] if shown_name.endswith(path.name) else ""
    return f"did you mean `{folder}{close[0]}`?"


def replace_file(path: Path, parts: Iterable[bytes | memoryview], prepare: Callable[[Path], None]) -> None:
    """Put bytes in place of a file, whole or not at all: beside its place, then in one move.

    What is no file (a pipe, a device) is written to as it is.

    Args:
        path: The file, no link.
        parts: What is to be in it, in order.
        prepare: Gives the new file its permissions before it is moved.

    Raises:
        OSError: When it cannot be written; nothing is left beside it then.
    """
    if path.exists() and not path.is_file():
        with path.open("wb") as device:
            device.writelines(parts)
        return
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(parts)
        prepare(temporary)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def give_usual_access(path: Path) -> None:
    """Give a file the permissions that a plain `open` would; temporary files are private."""
    mask = os.umask(0)
    os.umask(mask)
    path.chmod(0o666 & ~mask)
