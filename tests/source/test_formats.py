from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from archspec.source.diagnostic import Diagnostic, Label, Severity
from archspec.source.formats import FORMATS, render_github, render_json, render_sarif
from archspec.source.origin import Origin
from archspec.source.remedy import Remedy, RemoveItem
from archspec.source.span import Source, Span

SOURCE = Source("specs/a b.yaml", "blocks:\n  conv_bn: {kernel: 3}\nlayers: [conv_bn]\n")


def at(start: int, end: int, source: Source = SOURCE) -> Span:
    return Span(source, start, end)


def found() -> list[Diagnostic]:
    return [
        Diagnostic(
            "shape-mismatch",
            "100% of `é` is odd",
            at(20, 26),
            "[N, 64]",
            (Label(at(10, 17), "first defined here"),),
            "do this",
            ("a note",),
            origin=Origin(at(20, 26), "mixed5.conv", Origin(at(38, 45), "mixed5")),
            remedy=Remedy("take it out", (RemoveItem("mixed5.conv"),)),
        ),
        Diagnostic("spread", "over two lines", at(0, 17), severity=Severity.WARNING),
        Diagnostic("no-place", "nothing to point at", severity=Severity.NOTE),
    ]


@pytest.mark.parametrize("name", ["json", "github", "sarif"])
def test_each_format_prints_what_is_written_down(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"reports/{name}.txt", FORMATS[name](found(), dependent=2))


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_no_control_character_gets_through_any_format(name: str) -> None:
    source = Source("a\x1b,:%.yaml", "a\x1b: 1")
    hostile = Diagnostic(
        "n", "m\x1b\n::set-output", at(0, 1, source), "\x1b", (Label(at(1, 2, source), "\x1b"),), "\ud800"
    )
    text = FORMATS[name]([hostile])
    assert all(character == "\n" or character.isprintable() for character in text)
    assert "\n::set-output" not in text


def test_json_counts_lines_and_columns_from_one_and_offsets_from_zero() -> None:
    location = json.loads(render_json(found()))["diagnostics"][0]["location"]
    assert location == {
        "file": "specs/a b.yaml",
        "start": {"line": 2, "column": 13, "offset": 20},
        "end": {"line": 2, "column": 19, "offset": 26},
    }


def test_github_properties_are_escaped() -> None:
    source = Source("a:b,c%.yaml", "x")
    assert render_github([Diagnostic("n", "m", at(0, 1, source))]) == (
        "::error file=a%3Ab%2Cc%25.yaml,line=1,endLine=1,col=1,endColumn=2,title=n::m"
    )


def test_github_takes_columns_only_within_one_line() -> None:
    assert "col=" not in render_github(found()[1:2])


def check_region(physical: dict[str, Any]) -> None:
    region = physical["region"]
    start, end = (region["startLine"], region["startColumn"]), (region["endLine"], region["endColumn"])
    assert (1, 1) <= start <= end
    assert region["charLength"] >= 0
    uri = physical["artifactLocation"]["uri"]
    assert uri.isascii()
    assert " " not in uri


def test_sarif_has_what_version_2_1_0_requires() -> None:
    log = json.loads(render_sarif(found()))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert run["tool"]["driver"]["name"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    assert len(run["results"]) == 3
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("none", "note", "warning", "error")
        assert result["message"]["text"]
        for place in [*result.get("locations", []), *result.get("relatedLocations", [])]:
            check_region(place["physicalLocation"])
        identifiers = [place["id"] for place in result.get("relatedLocations", [])]
        assert len(set(identifiers)) == len(identifiers)


@pytest.mark.parametrize(
    ("name", "uri"),
    [
        ("specs/a b.yaml", "specs/a%20b.yaml"),
        ("/x/é.yaml", "file:///x/%C3%A9.yaml"),
        ("C:\\x\\a.yaml", "file:///C:/x/a.yaml"),
    ],
)
def test_sarif_names_files_by_uri(name: str, uri: str) -> None:
    log = json.loads(render_sarif([Diagnostic("n", "m", at(0, 1, Source(name, "x")))]))
    assert log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": uri}
