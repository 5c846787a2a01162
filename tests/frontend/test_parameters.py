"""Parameters and expressions: what may be set, what a default may say, what fits a type."""

from __future__ import annotations

from typing import Any

import pytest

from archspec.compiler import load_graph
from archspec.frontend.parameters import parse_settings
from archspec.source.diagnostic import Diagnostics, SpecError
from tests.specs import errors, load, paths, shape, spec

FITS = {
    "int": ("4", "4.5"),
    "float": ("0.5", "true"),
    "bool": ("true", "1"),
    "str": ("max", "1"),
    "size": ("[3, 1]", "valid"),
    "padding": ("same", "more"),
    "list": ("[1, 2]", "3"),
    "op": ("relu", "3"),
    "dim": ("3", "text"),
}


@pytest.mark.parametrize("word", FITS)
def test_a_value_of_the_type_is_accepted_and_another_refused(word: str) -> None:
    rows = "params: {{p: {{type: {0}, default: {1}}}}}\nlayers: [relu]"
    right, wrong = FITS[word]
    assert errors(rows.format(word, right)) == []
    assert errors(rows.format(word, wrong)) == [("wrong-value", wrong)]


@pytest.mark.parametrize(
    ("word", "value"), [("size", "3x3"), ("size", 3), ("padding", 1), ("padding", "0x1"), ("float", 2), ("any", None)]
)
def test_types_accept_each_notation(word: str, value: Any) -> None:
    rows = (
        f"params: {{p: {word}}}\nblocks: {{b: {{params: {{p: {word}}}, layers: [relu]}}}}\nlayers: [{{b: {{p: $p}}}}]"
    )
    assert errors(rows, p=value if value is not None else "anything") == []


def test_a_type_word_makes_a_parameter_required() -> None:
    assert errors("params: {width: int}\nlayers: [relu]") == [("missing-parameter", "width")]
    block = "blocks: {b: {params: {width: int}, layers: [{conv: {channels: $width, kernel: 1}}]}}\n"
    assert [name for name, _ in errors(block + "layers: [b]")] == ["missing-attribute"]
    assert errors(block + "layers: [{b: {width: 3}}]") == []


def test_a_default_may_be_overridden_by_a_value_of_another_type_where_that_fits_its_use() -> None:
    rows = """
        blocks:
          cb:
            params: {padding: valid, kernel: 3}
            layers: [{conv: {channels: 4, kernel: $kernel, padding: $padding}}]
        layers: [{cb: {padding: [0, 1]}}, {cb: {padding: same, kernel: 1x3}}]
    """
    assert shape(load(rows), "1.0") == "[N, 4, 6, 8]"


def test_a_default_may_use_the_parameters_before_it() -> None:
    rows = """
        params: {width: 2, double: $(width * 2)}
        blocks:
          b:
            params: {inner: int, outer: $(inner * 3)}
            layers: [{conv: {channels: $outer, kernel: 1}}]
        layers: [{b: {inner: $double}}, {b: {inner: 1, outer: 5}}]
    """
    graph = load(rows)
    assert [shape(graph, path) for path in paths(graph)] == ["[N, 12, 8, 8]", "[N, 5, 8, 8]"]
    assert shape(load(rows, width=1), "0.0") == "[N, 6, 8, 8]"
    assert errors("params: {a: $b, b: 1}\nlayers: [relu]")[0][0] == "unknown-parameter"


@pytest.mark.parametrize("word", ["valid", "same", "relu", "0.5"])
def test_what_is_no_type_word_is_a_default(word: str) -> None:
    assert errors(f"params: {{p: {word}}}\nlayers: [relu]") == []


def test_a_quoted_type_word_is_a_text() -> None:
    assert errors("params: {p: \"int\"}\nlayers: [{relu: {if: $(p == 'int')}}, tanh]") == []


def test_settings_go_before_defaults_and_are_held_to_the_parameter() -> None:
    rows = "params: {classes: {type: int, default: 10}}\nlayers: [flatten, {linear: {features: $classes}}]"
    assert shape(load(rows, classes=3), "1") == "[N, 3]"
    with pytest.raises(SpecError, match=r"`classes` of `net` is `3.5`; expected a whole number"):
        load(rows, classes=3.5)
    with pytest.raises(SpecError, match="did you mean `classes`"):
        load(rows, clases=3)


def test_settings_of_the_command_line_are_read_as_yaml() -> None:
    found = Diagnostics()
    given = parse_settings(["widths=[1, 2]", "name=max", "rate=1e-3", "on=true"], found)
    assert {name: value for name, (value, _) in given.items()} == {
        "widths": [1, 2],
        "name": "max",
        "rate": 0.001,
        "on": True,
    }
    assert not found.failed
    parse_settings(["width"], found)
    assert [error.name for error in found] == ["wrong-setting"]


def test_an_expression_may_stand_anywhere_in_an_attribute() -> None:
    rows = """
        params: {k: 3, wide: true}
        layers:
          - conv: {channels: $(8 * 2 // 4), kernel: [$k, 1], padding: "$(max(k, 1) // 2)"}
          - conv: {channels: 4, kernel: 1, bias: $(not wide)}
    """
    graph = load(rows)
    assert shape(graph, "0") == "[N, 4, 8, 10]"
    assert list(graph["1"].weights) == ["weight"]


def test_attributes_that_have_to_go_together_are_looked_at_when_their_values_are_known() -> None:
    rows = "params: {n: 2, sizes: [1, 1]}\nlayers: [{split: {id: a, %s, from: x}}, {relu: {from: a.0}}]"
    assert errors(rows % "parts: $n") == []
    assert errors(rows % "parts: $n, sections: $sizes") == [("wrong-value", "$n")]


def test_a_parameter_is_seen_in_the_body_that_declares_it_only() -> None:
    rows = "params: {p: 1}\nblocks: {b: {layers: [{scale: $p}]}}\nlayers: [b]"
    assert [name for name, _ in errors(rows)] == ["unknown-parameter"]


def test_a_list_can_be_a_parameter_of_a_block() -> None:
    graph = load("""
        blocks:
          piled:
            params: {widths: list, kernels: [1, 1]}
            layers: [{conv: {id: c, each: {channels: $widths, kernel: $kernels}}}]
        layers: [{piled: {id: s, widths: [2, 3]}}]
    """)
    assert [shape(graph, path) for path in paths(graph)] == ["[N, 2, 8, 8]", "[N, 3, 8, 8]"]


def test_the_same_spec_can_be_loaded_with_other_settings() -> None:
    source = spec("params: {n: 1}\nlayers: [{relu: {repeat: $n}}]")
    assert [len(list(load_graph(source, {"n": n}).operations())) for n in (1, 2, 1)] == [1, 2, 1]
