"""Demands are decided where they can be, kept as conditions where they cannot, and never reported twice."""

from __future__ import annotations

import pytest

from archspec.ir.conditions import Condition, Conditions, RuleStopped, follows
from archspec.ir.dims import LIMIT, UNKNOWN, Size, symbol
from archspec.ir.types import TensorType

H, W = symbol("H"), symbol("W")


@pytest.fixture
def must() -> Conditions:
    return Conditions()


def outcome(must: Conditions) -> tuple[list[str], list[str], bool]:
    """The names of failures, the dims of conditions, and whether something was left unchecked."""
    return [failure.name for failure in must.failures], [str(pending.dim) for pending in must.pending], must.skipped


def test_a_demand_that_holds_leaves_nothing(must: Conditions) -> None:
    assert must.be_positive(3, "too small") == 3
    assert must.be_equal(H, H, "not equal") == H
    must.be_divisible(8, 4, "not divisible")
    must.be_divisible(4 * H, 2, "not divisible")
    must.have_rank(TensorType((1, 2)), 2, what="[N, C]")
    must.be_floating(TensorType((1, 2), "bfloat16"), op="relu")
    assert must.be_known(7, "not known") == 7
    assert outcome(must) == ([], [], False)


def test_a_demand_that_fails_makes_the_dim_unknown(must: Conditions) -> None:
    assert must.be_positive(0, "too small", attribute="kernel") is UNKNOWN
    assert must.be_positive(LIMIT, "too small") is UNKNOWN
    assert must.be_equal(H, H + 1, "not equal", ports=(1, 0), help="make them equal") is UNKNOWN
    must.be_divisible(9, 4, "not divisible")
    assert outcome(must) == (["side-not-positive", "dim-limit", "shape-mismatch", "not-divisible"], [], False)
    assert must.failures[0].attribute == "kernel"
    assert (must.failures[2].ports, must.failures[2].help) == ((1, 0), "make them equal")


def test_a_demand_that_depends_on_sizes_is_kept(must: Conditions) -> None:
    assert must.be_positive(H - 2, "too small") == H - 2
    assert must.be_equal(H, 8, "not equal") == H
    assert must.be_equal(H, W, "not equal") == H
    must.be_divisible(H, 4, "not divisible")
    assert outcome(must) == ([], ["H - 2", "H - 8", "H - W", str(H % 4)], False)
    assert [pending.holds({"H": 8, "W": 8}) for pending in must.pending] == [True, True, True, True]
    assert [pending.holds({"H": 2, "W": 3}) for pending in must.pending] == [False, False, False, False]


def test_a_condition_is_open_while_a_symbol_is_missing() -> None:
    assert Condition("zero", H - W, "not equal").holds({"H": 3}) is None


def test_what_involves_an_unknown_dim_is_not_reported_again(must: Conditions) -> None:
    assert must.be_positive(UNKNOWN, "too small") is UNKNOWN
    assert must.be_equal(UNKNOWN, 3, "not equal") == 3
    assert must.be_equal(H, UNKNOWN, "not equal") == H
    must.be_divisible(UNKNOWN, 2, "not divisible")
    assert outcome(must) == ([], [], True)


@pytest.mark.parametrize("dim", [H, UNKNOWN])
def test_a_rule_stops_where_weights_need_a_number(must: Conditions, dim: object) -> None:
    with pytest.raises(RuleStopped):
        must.be_known(dim, "the channels are not known")  # type: ignore[arg-type]
    assert outcome(must) == ((["unknown-size"], [], False) if dim is H else ([], [], True))


def test_a_rule_stops_at_the_wrong_rank_or_dtype(must: Conditions) -> None:
    with pytest.raises(RuleStopped):
        must.have_rank(TensorType((2, 3)), 3, 4, what="[N, C, ...]", port=1)
    with pytest.raises(RuleStopped):
        must.be_floating(TensorType((2, 3), "int64"), op="relu")
    assert [failure.message for failure in must.failures] == [
        "[N, C, ...] is needed here, but the input is [2, 3]",
        "`relu` needs a floating-point input, but it is int64[2, 3]",
    ]
    assert must.failures[0].ports == (1,)


@pytest.mark.parametrize(
    ("dim", "promise", "expected"),
    [
        (H - H // 2 * 2, H % 2, True),
        ((H + 1) // 2 - H // 2, H % 2, True),
        ((H + 1) // 2 - H // 2, H % 4, True),
        (H - H // 4 * 4, H % 2, False),
        (H - 7, H % 7, False),
        (H - H // 2 * 2, symbol("W") % 2, False),
    ],
)
def test_a_promise_about_sizes_settles_what_follows_from_it(dim: Size, promise: Size, expected: bool) -> None:
    doubt = Condition("zero", dim, "they differ")
    assert follows(doubt, [Condition("zero", promise, "it was promised")]) is expected
    assert not follows(doubt, [])
