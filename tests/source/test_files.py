from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from archspec.source.diagnostic import Diagnostics
from archspec.source.files import load_file, read_bytes, replace_file
from archspec.source.span import Source, Span


def refused(path: Path, max_bytes: int = 100) -> tuple[str, str, str | None]:
    found = Diagnostics()
    assert load_file(path, f"specs/{path.name}", found, max_bytes) is None
    (diagnostic,) = found
    return diagnostic.name, diagnostic.message, diagnostic.help


def test_a_file_is_read_as_utf_8_without_its_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes("\ufeffé: 1\r\n".encode())
    source = load_file(path, "a.yaml", Diagnostics())
    assert source
    assert (source.name, source.text, source.path) == ("a.yaml", "é: 1\r\n", path)


def test_a_missing_file_is_named_with_one_like_it(tmp_path: Path) -> None:
    (tmp_path / "inception_v2.yaml").touch()
    assert refused(tmp_path / "inception_v3.yaml") == (
        "file-not-found",
        "there is no file `specs/inception_v3.yaml`",
        "did you mean `specs/inception_v2.yaml`?",
    )
    assert refused(tmp_path / "no" / "x.yaml")[::2] == ("file-not-found", None)
    assert refused(tmp_path / "inception_v2.yaml" / "x.yaml")[0] == "file-not-found"


def test_the_place_that_names_the_file_is_pointed_at(tmp_path: Path) -> None:
    found = Diagnostics()
    span = Span(Source("x.yaml", "include: [y.yaml]"), 10, 16)
    load_file(tmp_path / "y.yaml", "y.yaml", found, named_at=span)
    assert [diagnostic.span for diagnostic in found] == [span]


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert refused(tmp_path)[0] == "file-unreadable"
    assert refused(tmp_path)[1].endswith("is a folder, expected a file")


def test_a_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert refused(tmp_path / "pipe")[1] == "`specs/pipe` is a device, a pipe or a socket, expected a file"


def test_names_that_no_file_has_are_diagnostics(tmp_path: Path) -> None:
    assert refused(tmp_path / "a\0b")[0] == "file-unreadable"
    assert refused(tmp_path / ("x" * 300))[0] == "file-unreadable"


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"x" * 101)
    assert refused(path)[0] == "file-too-large"
    path.write_bytes(b"x" * 100)
    assert load_file(path, "a.yaml", Diagnostics(), 100)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("a: 1".encode("utf-16"), "`x` is UTF-16, expected UTF-8"),
        (b"\x89PNG\0", "`x` is binary, expected a text file"),
        (b"a: 1\nb: \xff\n", "`x` is not UTF-8: line 2 has the byte 0xff"),
        ("\ud800".encode("utf-8", "surrogatepass"), "`x` is not UTF-8: line 1 has the byte 0xed"),
    ],
)
def test_bytes_that_are_no_text_are_refused(data: bytes, message: str) -> None:
    found = Diagnostics()
    assert read_bytes("x", None, data, found) is None
    assert [(diagnostic.name, diagnostic.message) for diagnostic in found] == [("not-text", message)]


def test_what_is_no_file_is_written_to_as_it_is(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    replace_file(pipe, [b"some ", memoryview(b"bytes")], lambda new: None)
    assert os.read(reader, 100) == b"some bytes"
    os.close(reader)
    assert pipe.is_fifo()


def test_whatever_stops_a_write_nothing_is_left(tmp_path: Path) -> None:
    def parts() -> Iterator[bytes]:
        yield b"half"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replace_file(tmp_path / "file", parts(), lambda new: None)
    assert list(tmp_path.iterdir()) == []
