"""Diagnostics for machines: JSON, GitHub workflow commands and SARIF; `FORMATS` has every output format by name."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, Protocol
from urllib.parse import quote

from archspec.source.diagnostic import Diagnostic, Severity
from archspec.source.report import fix_text, render_text
from archspec.source.sanitize import visible
from archspec.source.span import Span

SCHEMA_VERSION = 1
"""Of the JSON format: raised when a field changes its meaning or goes away, not when one is added."""


class Renderer(Protocol):
    """Diagnostics to text; `dependent` counts the nodes left unchecked because of them."""

    def __call__(self, diagnostics: Iterable[Diagnostic], *, dependent: int = 0) -> str:
        """The text, without a newline at its end."""


def render_json(diagnostics: Iterable[Diagnostic], *, dependent: int = 0) -> str:
    """One JSON object: `schema_version`, `diagnostics` and `summary`.

    Lines and columns count from 1, offsets from 0, all in characters; ends are exclusive.
    """
    found = list(diagnostics)
    counts = {f"{severity.value}s": sum(item.severity is severity for item in found) for severity in Severity}
    report = {
        "schema_version": SCHEMA_VERSION,
        "diagnostics": [_as_json(diagnostic) for diagnostic in found],
        "summary": {**counts, "dependent": dependent},
    }
    return json.dumps(report, indent=2, ensure_ascii=False)


def _as_json(diagnostic: Diagnostic) -> dict[str, Any]:
    origin = diagnostic.origin
    return {
        "name": diagnostic.name,
        "severity": diagnostic.severity.value,
        "message": visible(diagnostic.message),
        "location": _location(diagnostic.span) if diagnostic.span else None,
        "caption": visible(diagnostic.caption),
        "labels": [{"text": visible(label.text), "location": _location(label.span)} for label in diagnostic.labels],
        "help": visible(diagnostic.help) if diagnostic.help else None,
        "fix": visible(diagnostic.remedy.title) if diagnostic.remedy else None,
        "notes": [visible(note) for note in diagnostic.notes],
        "path": visible(origin.path) if origin else None,
        "uses": [
            {"path": visible(use.path), "location": _location(use.span)} for use in (origin.uses() if origin else ())
        ],
    }


def _location(span: Span) -> dict[str, Any]:
    return {
        "file": visible(span.source.name),
        "start": _position(span, span.start),
        "end": _position(span, span.end),
    }


def _position(span: Span, offset: int) -> dict[str, int]:
    line, column = span.source.position(offset)
    return {"line": line, "column": column, "offset": offset}


_GITHUB_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def render_github(diagnostics: Iterable[Diagnostic], *, dependent: int = 0) -> str:
    """One workflow command a diagnostic, which GitHub Actions shows as an annotation on the line."""
    return "\n".join(_annotation(diagnostic) for diagnostic in diagnostics)


def _annotation(diagnostic: Diagnostic) -> str:
    properties: dict[str, str | int] = {}
    if diagnostic.span:
        line, column = diagnostic.span.source.position(diagnostic.span.start)
        end_line, end_column = diagnostic.span.source.position(diagnostic.span.end)
        properties = {"file": diagnostic.span.source.name, "line": line, "endLine": end_line}
        if line == end_line:  # GitHub takes columns only within one line
            properties |= {"col": column, "endColumn": end_column}
    properties["title"] = diagnostic.name
    listed = ",".join(f"{key}={_github_property(str(value))}" for key, value in properties.items())
    body = "%0A".join(_github_data(line) for line in _sentences(diagnostic))
    return f"::{_GITHUB_COMMANDS[diagnostic.severity]} {listed}::{body}"


def _sentences(diagnostic: Diagnostic) -> list[str]:
    """What a diagnostic says, without its lines of the spec."""
    lines = [diagnostic.message + (f": {diagnostic.caption}" if diagnostic.caption else "")]
    lines += [f"{label.text} ({label.span})" for label in diagnostic.labels]
    lines += [f"help: {diagnostic.help}"] if diagnostic.help else []
    lines += [f"fix: {fix_text(diagnostic.remedy)}"] if diagnostic.remedy else []
    lines += [f"note: {note}" for note in diagnostic.notes]
    return lines


def _github_data(text: str) -> str:
    return visible(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _github_property(text: str) -> str:
    return _github_data(text).replace(":", "%3A").replace(",", "%2C")


def render_sarif(diagnostics: Iterable[Diagnostic], *, dependent: int = 0) -> str:
    """A SARIF 2.1.0 log with one run, as code scanning services read it."""
    found = list(diagnostics)
    names = sorted({diagnostic.name for diagnostic in found})
    driver = {"name": "archspec", "rules": [{"id": name} for name in names]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(diagnostic, names.index(diagnostic.name)) for diagnostic in found],
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False)


def _result(diagnostic: Diagnostic, rule: int) -> dict[str, Any]:
    text = [diagnostic.message, *([f"help: {diagnostic.help}"] if diagnostic.help else []), *diagnostic.notes]
    result: dict[str, Any] = {
        "ruleId": diagnostic.name,
        "ruleIndex": rule,
        "level": diagnostic.severity.value,
        "message": {"text": "\n".join(visible(line) for line in text)},
    }
    origin = diagnostic.origin
    if diagnostic.span:
        place: dict[str, Any] = {"physicalLocation": _physical(diagnostic.span)}
        if origin:
            place["logicalLocations"] = [{"fullyQualifiedName": visible(origin.path)}]
        result["locations"] = [place]
    if diagnostic.remedy:
        result["properties"] = {"fix": visible(diagnostic.remedy.title)}  # its own `fixes` are replaced characters
    related = [(label.span, label.text) for label in diagnostic.labels]
    related += [(use.span, f"used as {use.path}") for use in (origin.uses() if origin else ())]
    if related:
        result["relatedLocations"] = [
            {"id": number, "physicalLocation": _physical(span), "message": {"text": visible(text)}}
            for number, (span, text) in enumerate(related)
        ]
    return result


def _physical(span: Span) -> dict[str, Any]:
    line, column = span.source.position(span.start)
    end_line, end_column = span.source.position(span.end)
    region = {
        "startLine": line,
        "startColumn": column,
        "endLine": end_line,
        "endColumn": end_column,
        "charOffset": span.start,
        "charLength": span.end - span.start,
    }
    return {"artifactLocation": {"uri": _uri(span.source.name)}, "region": region}


def _uri(name: str) -> str:
    """A relative reference for a relative path, a `file:` URI for an absolute one."""
    windows = PureWindowsPath(visible(name))
    if windows.drive and windows.is_absolute():
        return windows.as_uri()
    path = PurePosixPath(visible(name))
    return path.as_uri() if path.is_absolute() else quote(str(path), safe="/")


FORMATS: dict[str, Renderer] = {
    "text": render_text,
    "json": render_json,
    "github": render_github,
    "sarif": render_sarif,
}
"""What `--format` may say."""
