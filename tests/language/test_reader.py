from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from archspec.language import reader
from archspec.language.reader import Entry, Limits, Mapping, Scalar, Sequence, Value, read
from archspec.source.diagnostic import Diagnostics
from archspec.source.report import render_text
from archspec.source.span import Source, Span

CASES = Path(__file__).parent.parent / "cases" / "reader"


def read_plain(text: str) -> Any:
    found = Diagnostics()
    value = read(Source("x.yaml", text), found)
    assert not list(found)
    return value.plain if value else None


def names(text: str, **limits: int) -> list[str]:
    found = Diagnostics()
    read(Source("x.yaml", text), found, Limits(**limits))
    return [diagnostic.name for diagnostic in found]


def read_mapping(text: str) -> Mapping:
    value = read(Source("x.yaml", text), Diagnostics())
    assert isinstance(value, Mapping)
    return value


def parts(value: Value) -> Iterator[Value | Entry]:
    """The value, and everything inside of it."""
    yield value
    if isinstance(value, Sequence):
        for item in value.items:
            yield from parts(item)
    if isinstance(value, Mapping):
        for entry in value.entries.values():
            yield entry
            yield from parts(entry.value)


@pytest.fixture(params=["CBaseLoader", "BaseLoader"])
def _loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both scanners that PyYAML has: libyaml's, and its own where that is not built."""
    monkeypatch.setattr(reader, "_LOADER", getattr(yaml, request.param))


@pytest.mark.usefixtures("_loader")
@pytest.mark.parametrize("name", sorted(path.stem for path in CASES.glob("*.yaml")))
def test_what_cannot_be_read_is_said_in_plain_words(name: str, golden: Callable[[str, str], None]) -> None:
    found = Diagnostics()
    source = Source(f"{name}.yaml", (CASES / f"{name}.yaml").read_text(encoding="utf-8"))
    read(source, found)
    assert found.failed
    golden(f"reader/{name}.txt", render_text(found))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("yes", "yes"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("12", 12),
        ("-3", -3),
        ("+4", 4),
        ("0", 0),
        ("1e-3", 0.001),
        ("1.", 1.0),
        (".5", 0.5),
        ("0x3", "0x3"),
        ("3x3", "3x3"),
        ("12:30", "12:30"),
        ("2024-01-01", "2024-01-01"),
        ("1..6", "1..6"),
        ("-", "-"),
        ("a_1", "a_1"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("$(a * 2)", "$(a * 2)"),
        ("$classes", "$classes"),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, value: object) -> None:
    read_value = read_plain(f"[{text}]" if text != "-" else "['-']")[0]
    assert (read_value, type(read_value)) == (value, type(value))


def test_keys_are_text() -> None:
    assert read_plain("0: a\ntrue: b\n1e-3: c\nno: d\n") == {"0": "a", "true": "b", "1e-3": "c", "no": "d"}


def test_scalars_remember_how_they_were_written() -> None:
    mapping = read_mapping("a: 1e-3\nb: '1e-3'\n")
    scalars = [entry.value for entry in mapping.entries.values()]
    assert [(s.text, s.quoted) for s in scalars if isinstance(s, Scalar)] == [("1e-3", False), ("1e-3", True)]


SPANS = """\
é: {b: [1, 'two'], c: x}
# a remark
d:
  - e: 1
    f: |
      text

  # another
g: last

"""


@pytest.mark.usefixtures("_loader")
@pytest.mark.parametrize("prepare", [str, lambda text: text.replace("\n", "\r\n"), lambda text: "\ufeff" + text])
def test_spans_are_the_characters_of_keys_and_values(prepare: Callable[[str], str]) -> None:
    root = read_mapping(prepare(SPANS))
    first, second = root.get("é"), root.get("d")
    assert isinstance(first, Mapping)
    assert isinstance(second, Sequence)
    assert [entry.span.text for entry in root.entries.values()] == ["é", "d", "g"]
    assert first.span.text == "{b: [1, 'two'], c: x}"
    assert [value.span.text for value in parts(first)][1:] == ["b", "[1, 'two']", "1", "'two'", "c", "x"]
    assert second.span.text.replace("\r", "") == "- e: 1\n    f: |\n      text"
    assert second.items[0].span.text.replace("\r", "") == "e: 1\n    f: |\n      text"
    assert root.span.text.endswith("g: last")
    assert root.get("nothing") is None


def test_reading_goes_on_after_an_error() -> None:
    root = read_mapping("a: 1\na: 2\nb: !x 3\nc: {kernel:3, d: $(min(e, f)), g: 4}\nh: *i\nj: [1, 2]\n")
    assert root.plain == {"a": 1, "b": "3", "c": {"kernel": 3, "d": "$(min(e, f))", "g": 4}, "h": None, "j": [1, 2]}


def test_a_cut_expression_in_a_list_is_one_item() -> None:
    assert read_mapping("a: [$(min(b, c)), 3]").plain == {"a": ["$(min(b, c))", 3]}


def test_aliases_repeat_a_value_with_its_span() -> None:
    root = read_mapping("a: &x [1]\nb: *x\n")
    assert root.plain == {"a": [1], "b": [1]}
    assert root.get("a") is root.get("b")


LAUGHS = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 60))
DEEP_ALIAS = "a0: &a0 " + "[" * 40 + "]" * 40 + "\na1: " + "[" * 40 + "*a0" + "]" * 40


@pytest.mark.usefixtures("_loader")
@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("[" * 1_000_000, "nested-too-deep"),
        ("{a: " * 100_000, "nested-too-deep"),
        ("- " * 100_000, "nested-too-deep"),
        ("".join(" " * depth + "a:\n" for depth in range(500)), "nested-too-deep"),
        (DEEP_ALIAS, "nested-too-deep"),
        (LAUGHS, "too-many-aliases"),
        ("\0" * 100_000, "too-many-errors"),
        ("a: 1\n" * 100_000, "too-many-errors"),
        ("- *a\n" * 100_000, "too-many-errors"),
        ("a: \x1b[2J", "control-character"),
        ("a: \ud800", "control-character"),
        ("a: b\u2028c: d", "control-character"),
        ("a: '" + "x" * 100_000, "yaml-syntax"),
        ("%YAML 1." + "1" * 5000 + "\n---\na: 1", "yaml-syntax"),
        ("a: " + "9" * 100_000, "number-too-long"),
        ("a: $(" + "(" * 100_000, "unbalanced-expression"),
    ],
    ids=range(16),
)
def test_hostile_files_are_refused_at_once(text: str, name: str) -> None:
    start = time.perf_counter()
    found = Diagnostics()
    read(Source("x.yaml", text), found)
    assert name in {diagnostic.name for diagnostic in found}
    assert len(render_text(found)) < 100_000
    assert time.perf_counter() - start < 3


def test_limits_are_those_given() -> None:
    assert names("[a, b, c]", max_nodes=4) == []
    assert names("[a, b, c]", max_nodes=3) == ["too-many-values"]
    assert names("[[a]]", max_depth=2) == []
    assert names("[[a]]", max_depth=1) == ["nested-too-deep"]
    assert names("[&a [b, c], *a]", max_alias_nodes=3) == []
    assert names("[&a [b, c], *a]", max_alias_nodes=2) == ["too-many-aliases"]
    assert names("abc", max_bytes=2) == ["file-too-large"]
    assert names("[*a, *b, *c]", max_errors=2) == ["undefined-alias", "too-many-errors", "undefined-alias"]


def test_ten_thousand_rows_are_read_in_a_moment() -> None:
    row = "  - conv_bn: {id: conv, kernel: 3, stride: 2, channels: 32, input: 299x299x3}\n"
    start = time.perf_counter()
    read_plain("layers:\n" + row * 10_000)
    assert time.perf_counter() - start < 20  # where reading is quadratic it takes minutes


SYNTAX = st.lists(
    st.sampled_from(
        [
            *"[]{}:,-?#&*!|>'\"%@`$()\\\t\n \r",
            "\n  ",
            ": ",
            "- ",
            "a",
            "é",
            "1",
            "$(",
            "<<",
            "kernel:3",
            "&a ",
            "*a",
            "\x00",
        ]
    )
).map("".join)


@pytest.mark.usefixtures("_loader")
@given(st.one_of(st.text(st.characters()), SYNTAX))
def test_any_text_gives_a_value_or_a_diagnostic_with_spans_inside_the_text(text: str) -> None:
    source, found = Source("x.yaml", text), Diagnostics()
    value = read(source, found)
    assert value is not None or found.failed
    spans = [part.span for part in parts(value)] if value else []
    for diagnostic in found:
        spans += [label.span for label in diagnostic.labels] + [diagnostic.span or Span(source, 0, 0)]
    assert all(0 <= span.start <= span.end <= len(text) for span in spans)
    assert render_text(found) or value


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="\ufeff")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


def written(value: Any) -> str:
    """The value in flow style, texts in double quotes."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{written(key)}: {written(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return (
        {None: "null", True: "true", False: "false"}[value]
        if value is None or value is True or value is False
        else repr(value)
    )


@given(PLAIN)
def test_what_is_written_is_read_again(value: Any) -> None:
    assert read_plain(f"a: {written(value)}") == {"a": value}
