"""Conditions on several symbols that come apart into conditions on each."""

from __future__ import annotations

import itertools

import pytest

from archspec.analysis.separation import separate, without_constants
from archspec.ir.conditions import Condition
from archspec.ir.dims import Size, product, symbol, symbols

H, W, D = symbol("H"), symbol("W"), symbol("D")
POOLED, ALSO = (H - 7) // 32, (W - 7) // 32


def apart(kind: str, dim: Size, nominal: dict[str, int] | None = None) -> list[Condition]:
    return separate(Condition("zero" if kind == "zero" else "positive", dim, ""), nominal or {})


@pytest.mark.parametrize(
    ("kind", "count", "sides", "constant"),
    [
        ("zero", 2048, (POOLED - 7, ALSO - 7), 2048),
        ("zero", 64, (POOLED, ALSO, D // 2), 64),
        ("zero", 3, (H // 4, (W + 1) // 5), 3),
        ("positive", 16, (POOLED, ALSO), 1),
    ],
)
def test_a_product_of_sides_comes_apart(kind: str, count: int, sides: tuple[Size, ...], constant: int) -> None:
    whole = count * product(sides) - constant
    parts = apart(kind, whole)
    assert {symbols(part.dim) for part in parts} == {frozenset({name}) for name in symbols(whole)}
    seen = set()
    for h, w, d in itertools.product((4, 7, 9, 39, 70, 71, 262, 263, 294, 295), (4, 5, 9, 39, 71, 263, 294), (2, 3, 4)):
        at = {"H": h, "W": w, "D": d}
        if all(Condition("positive", side, "").holds(at) for side in sides):
            seen.add(said := Condition(parts[0].kind, whole, "").holds(at))
            assert said == all(part.holds(at) for part in parts), at
    assert seen == ({True, False} if kind == "zero" else {True})


@pytest.mark.parametrize(
    "dim",
    [H - W, H * W - 64, H * W - H - W - 1, H + W - 3, (H + W) // 2 * H - 1, H * W * D - 8, 6 * H * W + 4 * H - 10],
    ids=str,
)
def test_what_does_not_come_apart_stays(dim: Size) -> None:
    assert [part.dim for part in apart("zero", dim)] == [dim]


def test_what_other_conditions_fix_is_put_in() -> None:
    bounds = [Condition("zero", side - 7, "") for side in (POOLED, ALSO)]
    mixed = Condition("zero", 128 * (POOLED - 3) * (ALSO - 3) - 2048, "")
    assert [symbols(one.dim) for one in without_constants([*bounds, mixed])][2:] == [frozenset()]
    one_sided = without_constants([bounds[0], mixed])
    assert [symbols(one.dim) for one in one_sided] == [{"H"}, {"W"}]
    loose = [Condition("positive", 300 - H, ""), mixed]
    assert without_constants(loose) == loose
