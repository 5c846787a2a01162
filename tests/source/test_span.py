from __future__ import annotations

from archspec.source.span import Source, Span


def test_positions_count_from_one_in_characters() -> None:
    source = Source("x.yaml", "é: 1\r\nb: 2\n")
    assert [source.position(offset) for offset in (0, 3, 6, 9, 11)] == [(1, 1), (1, 4), (2, 1), (2, 4), (3, 1)]


def test_lines_have_no_line_endings() -> None:
    assert Source("x.yaml", "a\r\nb\n").lines == ["a", "b", ""]


def test_a_span_prints_as_file_line_and_column() -> None:
    span = Span(Source("specs/x.yaml", "a: 1\nbee: 2"), 5, 8)
    assert (str(span), span.text) == ("specs/x.yaml:2:1", "bee")
