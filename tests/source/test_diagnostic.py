from __future__ import annotations

import pytest

from archspec.source.diagnostic import Diagnostic, Diagnostics, Severity, SpecError
from archspec.source.span import Source, Span

SOURCE = Source("x.yaml", "a: 1\nb: 2\n")


def test_findings_come_in_the_order_of_the_text() -> None:
    found = Diagnostics()
    found.error("second", "message", Span(SOURCE, 5, 6))
    found.error("first", "message", Span(SOURCE, 0, 1))
    found.error("nowhere", "message", None)
    assert [diagnostic.name for diagnostic in found] == ["nowhere", "first", "second"]


def test_a_warning_alone_does_not_fail() -> None:
    found = Diagnostics()
    found.add(Diagnostic("odd", "message", None, severity=Severity.WARNING))
    found.raise_if_failed()
    assert len(found) == 1


def test_the_text_of_the_error_is_the_report() -> None:
    found = Diagnostics()
    found.error("odd", "`a` is odd", Span(SOURCE, 0, 1))
    found.dependent = 2
    with pytest.raises(SpecError) as raised:
        found.raise_if_failed()
    assert str(raised.value).startswith("error[odd]: `a` is odd\n --> x.yaml:1:1\n")
    assert str(raised.value).endswith("1 error; 2 nodes that depend on it were not checked")
