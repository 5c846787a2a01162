"""The JSON Schema that editors use: it accepts what the tool accepts, and says one thing for one mistake."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from archspec import ops
from archspec.frontend.json_schema import build_schema
from archspec.rules import RULES

ROOT = Path(__file__).parents[2]
SPECS = sorted((ROOT / "specs").rglob("*.yaml"))
SCHEMA = build_schema(RULES)


def messages(document: dict[str, Any]) -> list[str]:
    whole = {"archspec": 1, "name": "net", "inputs": {"x": ["N", 3, 8, 8]}, "layers": ["relu"]} | document
    return [error.message for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(whole)]


def test_it_is_a_json_schema_and_documents_every_op_and_attribute() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    undocumented = [
        f"{name}.{key}"
        for name in ops.names()
        for key, schema in SCHEMA["$defs"][f"op_{name}"]["properties"].items()
        if not schema.get("description") and not SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]].get("description")
    ]
    assert undocumented == []


def test_the_committed_file_is_current() -> None:
    committed = ROOT / "docs" / "spec.schema.json"
    assert json.loads(committed.read_text(encoding="utf-8")) == SCHEMA


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.name)
def test_every_spec_is_accepted_and_names_the_schema(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    jsonschema.validate(_core_schema(text), SCHEMA)
    modeline, _, target = text.partition("\n")[0].partition("$schema=")
    assert modeline == "# yaml-language-server: "
    assert (path.parent / target).resolve() == ROOT / "docs" / "spec.schema.json"


def _core_schema(text: str) -> Any:
    """The document as YAML 1.2 reads it, which is how editors and the tool do."""
    from archspec.language.reader import read
    from archspec.source.diagnostic import Diagnostics
    from archspec.source.span import Source

    value = read(Source("spec", text), Diagnostics())
    assert value is not None
    return value.plain


@pytest.mark.parametrize(
    "layers",
    [
        ["relu", {"dropout": 0.2}, {"scale": "$factor"}],
        [{"conv": {"kernel": "$(k * 2)", "channels": "$c", "padding": "same", "id": "a", "from": ["x", "y"]}}],
        [{"my_block": {"anything": [1, 2], "repeat": 3, "input": "35x35x288"}}],
        [{"concat": {"branches": [[], "relu", {"from": "x", "layers": ["relu"]}, {"conv": {"share": "a"}}]}}],
        [{"sequence": {"id": "s", "layers": ["relu"], "in": ["N", "C", "H", "W"], "block": "b"}}],
        ["$activation"],
    ],
)
def test_every_form_of_item_is_accepted(layers: list[Any]) -> None:
    assert messages({"layers": layers}) == []


@pytest.mark.parametrize(
    ("document", "part"),
    [
        ({"layers": [{"conv": {"kernel": 3, "chanels": 8}}]}, "'chanels' was unexpected"),
        ({"layers": [{"conv": {"kernel": 3, "channels": "64"}}]}, "'64' does not match"),
        ({"layers": [{"conv": {"kernel": 3, "channels": 64.5}}]}, "64.5 is not of type"),
        ({"layers": [{"conv": {"kernel": 0, "channels": 8}}]}, "0 is less than the minimum"),
        ({"layers": [{"conv": {"kernel": 3, "padding": "smae", "channels": 8}}]}, "'smae' does not match"),
        ({"layers": [{"conv": None, "kernel": 3}]}, "has too many properties"),
        ({"layers": [3]}, "3 is not of type"),
        ({"layers": [{"concat": {"branches": [{"layers": [], "form": "x"}]}}]}, "'form' was unexpected"),
        ({"layer": []}, "'layer' was unexpected"),
        ({"blocks": {"b": {"layers": [], "parms": {}}}}, "'parms' was unexpected"),
        ({"inputs": {"x": {"shape": ["N"], "dtyp": "int64"}}}, "'dtyp' was unexpected"),
        ({"archspec": 2}, "1 was expected"),
        ({"checks": {"dead-nod": "off"}}, "'dead-nod' was unexpected"),
        ({"checks": {"dead-node": "warn"}}, "'warn' is not one of"),
        ({"checks": {"dead-node": {"severity": "off", "blow": 1}}}, "'blow' was unexpected"),
        ({"layers": [{"relu": {"allow": {"dead-nod": "why"}}}]}, "'dead-nod' was unexpected"),
    ],
)
def test_one_mistake_is_one_message(document: dict[str, Any], part: str) -> None:
    found = messages(document)
    assert len(found) == 1
    assert part in found[0]


def test_check_jsonschema_prints_one_line_a_mistake(tmp_path: Path) -> None:
    schema = ROOT / "docs" / "spec.schema.json"
    spec = tmp_path / "bad.yaml"
    spec.write_text("archspec: 1\nname: bad\ninputs: {x: [N, 3, 8, 8]}\nlayers:\n  - conv: {kernal: 3, channels: 8}\n")
    command = [sys.executable, "-m", "check_jsonschema", "--schemafile", str(schema), str(spec)]
    printed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert printed.returncode == 1
    assert [line for line in printed.stdout.splitlines() if "::" in line] == [
        f"  {spec}::$.layers[0].conv: Additional properties are not allowed ('kernal' was unexpected)"
    ]
