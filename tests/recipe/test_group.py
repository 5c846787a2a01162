from __future__ import annotations

from archspec.ir.graph import Graph
from archspec.recipe.group import Group, assign, paths_of
from tests.specs import load

NETWORK = """
    layers:
      - conv: {id: stem, kernel: 3, channels: 8}
      - batch_norm: {id: bn}
      - sequence:
          id: body
          layers:
            - conv: {id: a.conv, kernel: 3, channels: 8}
            - conv: {kernel: 1, channels: 8, bias: false}
      - conv: {id: stem2, kernel: 3, channels: 8}
      - parameter: {id: bias, shape: [1]}
    outputs: {out: stem2, bias: bias}
"""


def network() -> Graph:
    return load(NETWORK)


def first(*groups: Group) -> list[str]:
    """The keys in the first group."""
    return [key for key, index in assign(groups, network()).items() if index == 0]


def test_norms_are_what_normalises_and_biases_those_of_all_other_ops() -> None:
    assert first(Group(of=("norms",))) == ["bn.weight", "bn.bias"]
    assert first(Group(of=("biases",))) == ["stem.bias", "body.a.conv.bias", "stem2.bias"]
    assert first(Group(of=("biases", "norms"))) == [
        "stem.bias",
        "bn.weight",
        "bn.bias",
        "body.a.conv.bias",
        "stem2.bias",
    ]


def test_a_path_is_that_of_a_node_or_a_scope_with_all_below_it_and_of_nothing_that_only_begins_like_it() -> None:
    assert first(Group(under=("stem",))) == ["stem.weight", "stem.bias"]
    assert first(Group(under=("body", "bn"))) == [
        "bn.weight", "bn.bias", "body.a.conv.weight", "body.a.conv.bias", "body.1.weight",
    ]  # fmt: skip
    assert first(Group(under=("bias",))) == ["bias"]


def test_a_kind_below_a_path_is_both() -> None:
    assert first(Group(of=("biases",), under=("body",))) == ["body.a.conv.bias"]


def test_a_parameter_is_in_the_first_group_that_it_fits_and_all_parameters_are_named() -> None:
    groups = (Group(under=("body",)), Group(of=("biases",)), Group(of=("norms",)))
    assert assign(groups, network()) == {
        "stem.weight": None, "stem.bias": 1, "bn.weight": 2, "bn.bias": 2, "body.a.conv.weight": 0,
        "body.a.conv.bias": 0, "body.1.weight": 0, "stem2.weight": None, "stem2.bias": 1, "bias": None,
    }  # fmt: skip


def test_what_shares_weights_has_none() -> None:
    graph = load(
        """
        layers:
          - conv: {id: a, kernel: 3, channels: 4, padding: same}
          - conv: {id: b, share: a}
        """
    )
    assert list(assign((), graph)) == ["a.weight", "a.bias"]


def test_paths_are_those_of_nodes_and_scopes_and_what_they_begin_with() -> None:
    assert paths_of(network()) == {"stem", "bn", "body", "body.a", "body.a.conv", "body.1", "stem2", "bias"}
