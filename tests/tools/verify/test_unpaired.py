from __future__ import annotations

from archspec.tools.verify.unpaired import describe_unpaired

NORM = ("weight", "bias", "running_mean", "running_var")


def norm(path: str, channels: int) -> dict[str, tuple[int, ...]]:
    return {f"{path}.{name}": (channels,) for name in NORM}


def test_a_module_without_a_partner_is_one_line_with_the_nearest() -> None:
    theirs = {"a.conv.weight": (8, 4, 3, 3), **norm("a.norm", 8)}
    ours = {"b.conv.weight": (8, 4, 5, 5), "b.linear.weight": (8, 4), **norm("b.norm", 8), **norm("a.norms", 4)}
    assert list(describe_unpaired({}, theirs, ours)) == [
        "`a.conv.weight` [8, 4, 3, 3] of theirs has no partner in ours; nearest is `b.conv.weight` [8, 4, 5, 5]",
        "`a.norm` (weight [8], bias [8] and 2 more) of theirs has no partner in ours;"
        " nearest is `b.norm` (weight [8], bias [8] and 2 more)",
        "`b.conv.weight` [8, 4, 5, 5] of ours has no partner in theirs; nearest is `a.conv.weight` [8, 4, 3, 3]",
        "`b.linear.weight` [8, 4] of ours has no partner in theirs",
        "`b.norm` (weight [8], bias [8] and 2 more) of ours has no partner in theirs;"
        " nearest is `a.norm` (weight [8], bias [8] and 2 more)",
        "`a.norms` (weight [4], bias [4] and 2 more) of ours has no partner in theirs;"
        " nearest is `a.norm` (weight [8], bias [8] and 2 more)",
    ]


def test_a_weight_of_its_own_has_no_module() -> None:
    assert list(describe_unpaired({}, {"token": (1, 4)}, {})) == ["`token` [1, 4] of theirs has no partner in ours"]


def test_what_is_paired_and_fits_is_not_told() -> None:
    assert list(describe_unpaired({"a": "b"}, {"a": (2,)}, {"b": (2,)})) == []
    assert list(describe_unpaired({"a": "b"}, {"a": (2,)}, {"b": (3,)})) == [
        "`a` is [2] in theirs, and `b` is [3] in ours"
    ]
