"""Structure: what the values of a file are as items, branches, parameters and inputs."""

from __future__ import annotations

from textwrap import dedent

import pytest

from archspec.language.fields import IdRange
from archspec.language.reader import read
from archspec.language.schema import Document
from archspec.language.structure import read_document
from archspec.source.diagnostic import Diagnostics
from archspec.source.span import Source


def document(text: str) -> tuple[Document, list[tuple[str, str]]]:
    """The structure of a text, and the errors found in it by name and place."""
    source = Source("spec.yaml", "archspec: 1\nname: net\n" + dedent(text))
    found = Diagnostics()
    value = read(source, found)
    assert value is not None
    made = read_document(value, found)
    assert made is not None
    return made, [(error.name, source.text[error.span.start : error.span.end]) for error in found if error.span]


def test_an_item_is_a_name_with_attributes_a_shorthand_or_nothing() -> None:
    made, found = document(
        "inputs: {x: [N, 3]}\nlayers: [relu, {dropout: 0.2}, {conv: {id: c, kernel: 3, from: [x, 0]}}]"
    )
    assert found == []
    assert made.body is not None
    bare, short, long = made.body.layers
    assert (bare.name, bare.attributes, bare.shorthand) == ("relu", {}, None)
    assert short.shorthand is not None
    assert short.shorthand.plain == 0.2
    assert (long.keys.id, long.keys.from_, list(long.attributes)) == ("c", ("x", "0"), ["kernel"])


@pytest.mark.parametrize(
    ("item", "place"),
    [
        ("{conv: {kernel: 3}, relu: {}}", "relu"),
        ("{conv: }", "conv"),
        ("[relu]", "[relu]"),
        ("3", "3"),
        ("{}", "{}"),
    ],
)
def test_an_item_has_one_key(item: str, place: str) -> None:
    assert document(f"inputs: {{x: [N, 3]}}\nlayers: [{item}]")[1] == [("item-form", place)]


def test_branches_are_named_or_not_lists_items_or_mappings() -> None:
    made, found = document("""
        inputs: {x: [N, 3]}
        layers:
          - concat:
              branches:
                list: [relu, tanh]
                one: {relu: {}}
                none: []
                full: {from: x, if: $flag, layers: [relu]}
          - add: {branches: [[], [relu], {layers: [tanh], from: x}]}
    """)
    assert found == []
    assert made.body is not None
    named, unnamed = (item.branches or [] for item in made.body.layers)
    assert [(branch.name, len(branch.items), branch.single) for branch in named] == [
        ("list", 2, False),
        ("one", 1, True),
        ("none", 0, False),
        ("full", 1, False),
    ]
    assert named[3].from_ is not None
    assert named[3].condition is not None
    assert [branch.name for branch in unnamed] == [None] * 3


@pytest.mark.parametrize(
    ("written", "kind", "default"),
    [
        ("int", "int", None),
        ("dim", "dim", None),
        ("3", "any", 3),
        ("valid", "any", "valid"),
        ('"int"', "any", "int"),
        ("[1, 2]", "any", [1, 2]),
        ("{type: size, default: 1}", "size", 1),
        ("{type: size}", "size", None),
    ],
)
def test_a_parameter_is_a_type_word_a_default_or_both(written: str, kind: str, default: object) -> None:
    made, found = document(f"inputs: {{x: [N, 3]}}\nlayers: [relu]\nparams: {{p: {written}}}")
    assert found == []
    assert made.body is not None
    parameter = made.body.params["p"]
    assert (parameter.type, parameter.default.plain if parameter.default else None) == (kind, default)


def test_ids_may_be_numbers_dotted_hyphened_or_ranges() -> None:
    ids = ["3", "a.0", "a-0.b", "layer1..3", "a.1..2", "a.b.c3..4", "block1-0..3"]
    made, _ = document(f"inputs: {{x: [N, 3]}}\nlayers: [{', '.join(f'{{relu: {{id: {given}}}}}' for given in ids)}]")
    assert made.body is not None
    ranges = [IdRange("layer", 1, 3), IdRange("a.", 1, 2), IdRange("a.b.c", 3, 4), IdRange("block1-", 0, 3)]
    assert [item.keys.id for item in made.body.layers] == ["3", "a.0", "a-0.b", *ranges]


def test_a_file_of_blocks_has_no_body() -> None:
    made, found = document("blocks: {b: {layers: [relu]}}")
    assert (made.body, list(made.blocks), found) == (None, ["b"], [])


def test_every_mistake_in_the_keys_is_found_at_once() -> None:
    _, found = document("""
        inputs: {x: [N, 0], y: 3}
        layrs: []
        layers: [{relu: {when: always, repeat: -1, id: "a b"}}]
        blocks: {1b: {layers: []}, b: {lyers: []}}
    """)
    names = [name for name, _ in found]
    assert {"wrong-value", "unknown-key", "wrong-name", "missing-key"} <= set(names)
    assert {"layrs", "always", "-1", '"a b"', "1b", "lyers"} <= {place for _, place in found}
