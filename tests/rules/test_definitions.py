"""Rules over what a spec defines: parameters and blocks that nothing uses."""

from __future__ import annotations

from pathlib import Path

import pytest

from archspec.compiler import check_spec
from tests.specs import spec


def unused(rows: str, inputs: str = "{x: [N, 4, 8, 8]}") -> list[str]:
    found = list(check_spec(spec(rows, inputs)))
    assert {one.name for one in found} <= {"unused-parameter", "unused-block"}, "\n".join(map(str, found))
    return [one.span.text for one in found if one.span]


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        ("params: {p: 0.5}\nlayers: [relu]", ["p"]),
        ("params: {p: 0.5}\nlayers: [{dropout: $p}]", []),
        ("params: {p: 8, q: $(p * 2)}\nlayers: [{linear: $q}]", []),
        ("params: {p: 8, q: $(p * 2)}\nlayers: [relu]", ["q"]),
        ("params: {p: true}\nlayers: [relu, {dropout: {if: $(not p)}}]", []),
        ("params: {p: 2}\nlayers: [{linear: {features: 8, repeat: $p, allow: {activation-missing: why}}}]", []),
        ("params: {p: relu}\nlayers: [$p]", []),
        ("params: {p: 8}\nlayers: [{linear: 8}]\nexpect: {outputs: {output: [N, 4, 8, p]}}", []),
        ("params: {p: 8}\ninputs: {x: [N, $p]}\nlayers: [relu]", []),
        ("params: {p: 8}\ninputs: {x: [N, C=$p]}\nlayers: [relu]", []),
        ("params: {p: 8}\ninputs: {x: {shape: [N, T], where: T <= p}}\nlayers: [relu]", []),
        ("params: {p: 0.5}\ndefaults: {dropout: {p: $p}}\nlayers: [dropout]", []),
    ],
)
def test_a_parameter_is_used_wherever_an_expression_has_its_name(rows: str, names: list[str]) -> None:
    assert unused(rows) == names


BLOCK = "blocks: {b: {params: {p: 0.5, q: 8}, layers: [{dropout: %s}]}}\nparams: {q: 0.5}\nlayers: [b, {dropout: $q}]"


@pytest.mark.parametrize(("value", "names"), [("$p", ["q"]), ("0.5", ["p", "q"])])
def test_a_block_sees_its_own_parameters_only(value: str, names: list[str]) -> None:
    assert unused(BLOCK % value) == names


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        ("blocks: {b: {layers: [relu]}}\nlayers: [b]", []),
        ("blocks: {b: {layers: [relu]}}\nlayers: [dropout]", ["b"]),
        ("blocks: {b: {layers: [relu]}, c: {layers: [b]}}\nlayers: [c]", []),
        ("blocks: {b: {layers: [relu]}}\nparams: {unit: b}\nlayers: [$unit]", []),
        ("blocks: {b: {layers: [relu]}}\nlayers: [dropout, {b: {if: false}}]", []),
    ],
)
def test_a_block_is_used_by_an_item_or_as_the_value_of_a_parameter(rows: str, names: list[str]) -> None:
    assert unused(rows) == names


BASE = """
archspec: 1
name: base
params: {p: 0.5, q: 8}
inputs: {x: [N, 4]}
layers: [{linear: {id: a, features: $q}}, {b: {id: c}}]
blocks: {b: {layers: [relu]}, other: {layers: [tanh]}}
"""


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ("params: {q: 4}\nblocks: {b: {layers: [tanh]}}", []),
        ("params: {r: 4}\nblocks: {d: {layers: [tanh]}}", ["r", "d"]),
        ("params: {r: 4}\nlayers: {a: {linear: {features: $r}}}", []),
    ],
)
def test_only_what_the_file_itself_defines_is_looked_at(tmp_path: Path, changes: str, names: list[str]) -> None:
    (tmp_path / "base.yaml").write_text(BASE, encoding="utf-8")
    (tmp_path / "changed.yaml").write_text(f"archspec: 1\nname: changed\nextends: base.yaml\n{changes}\n", "utf-8")
    found = list(check_spec(tmp_path / "changed.yaml"))
    assert [one.span.text for one in found if one.span] == names


def test_an_item_that_is_called_like_a_block_does_not_use_it() -> None:
    assert unused("blocks: {stem: {layers: [relu]}}\nlayers: [{tanh: {id: stem}}]") == ["stem"]
