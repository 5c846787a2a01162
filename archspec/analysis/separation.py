"""Conditions on several symbols that are conditions on each: `floor(H/32)*floor(W/32) == 1` says that both are 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from math import gcd
from typing import Final, TypeAlias

from archspec.analysis.size_sets import SizeSet, TooIrregular
from archspec.analysis.solve_sizes import solve
from archspec.ir.conditions import Condition
from archspec.ir.dims import Atom, Dim, Floor, Monomial, Size, evaluate, symbols

_MAX_MIXED: Final = 100
"""Conditions on several symbols, at most, that are looked at closely."""

Table: TypeAlias = Mapping[tuple[Monomial, Monomial], int]
"""The coefficients of a dim by the two parts of each monomial: that of one symbol, and that of all others."""


def separate(condition: Condition, nominal: Mapping[str, int]) -> list[Condition]:
    """The same as conditions on one symbol each, where it can be said so; else the condition itself.

    What is looked for is `c * f * g - k` with f and g over different symbols, both at least 1, as sides of tensors are:
    where c is k it is 0 if both are 1, and where c is above k it is always positive. `nominal` tells the signs of both.
    """
    names = symbols(condition.dim)
    if len(names) < 2:
        return [condition]
    for name in sorted(names):
        parts = _factors(condition.dim, name, nominal)
        if parts is None:
            continue
        count, left, right, constant = parts
        if condition.kind == "positive" and count > constant >= 0:
            sides = [Condition("positive", side, condition.message) for side in (left, right)]
        elif condition.kind == "zero" and count == constant:
            sides = [Condition("zero", side - 1, condition.message) for side in (left, right)]
        else:
            continue
        return [part for side in sides for part in separate(side, nominal)]
    return [condition]


def without_constants(conditions: Sequence[Condition]) -> list[Condition]:
    """The same with numbers for what is one number at every size that fits: `floor(H/32)` where 224 <= H <= 255."""
    mixed = [condition for condition in conditions if len(symbols(condition.dim)) > 1]
    found = [condition for condition in conditions if len(symbols(condition.dim)) <= 1]
    if len(mixed) > _MAX_MIXED:
        return [*conditions]
    for name in sorted({name for condition in mixed for name in symbols(condition.dim)}):
        with suppress(TooIrregular):
            fitting = solve([condition for condition in found if symbols(condition.dim) == {name}], name)
            mixed = [_with_constants(condition, name, fitting) for condition in mixed]
    return found + mixed


def _with_constants(condition: Condition, name: str, fitting: SizeSet) -> Condition:
    """A condition with the smallest of the sizes of a symbol put in, if no other of them makes a difference."""
    if not fitting.runs or fitting.runs[-1].last is None:
        return condition  # no floor of it is one number
    smallest = {name: fitting.runs[0].first}
    for part in _parts(condition.dim, name):
        one_number = Condition("zero", part - evaluate(part, smallest), "")
        if part.symbols != {name} or (fitting & solve([one_number], name)).runs != fitting.runs:
            return condition
    return replace(condition, dim=evaluate(condition.dim, smallest))


def _parts(dim: Size, name: str) -> set[Dim]:
    """The atoms of a dim that hold a symbol."""
    atoms = {atom for monomial, _ in dim.terms for atom in monomial} if isinstance(dim, Dim) else set()
    return {Dim({(atom,): 1}) for atom in atoms if name in (symbols(atom.dim) if isinstance(atom, Floor) else {atom})}


def _factors(dim: Size, name: str, nominal: Mapping[str, int]) -> tuple[int, Size, Size, int] | None:
    """`c, f, g, k` where the dim is `c * f * g - k`, f over `name` alone and g over the others; None if it is not."""
    assert isinstance(dim, Dim)
    table = _table(dim, name)
    pivot = next((place for place in table or () if all(place)), None)
    if not table or pivot is None:
        return None
    row = {left: count for (left, right), count in table.items() if right == pivot[1]}
    column = {right: count for (left, right), count in table.items() if left == pivot[0]}
    corner = table[pivot]
    for left in {left for left, _ in table} | {()}:
        for right in {right for _, right in table} | {()}:
            product = row.get(left, 0) * column.get(right, 0)
            if (left or right) and product != table.get((left, right), 0) * corner:
                return None
    f, g = _primitive(row, nominal), _primitive(column, nominal)
    outer, rest = divmod(row[pivot[0]] * column[pivot[1]], f[pivot[0]] * g[pivot[1]] * corner)
    if rest:
        return None
    constant = outer * f.get((), 0) * g.get((), 0) - table.get(((), ()), 0)
    return outer, Dim(f), Dim(g), constant


def _table(dim: Dim, name: str) -> Table | None:
    table: dict[tuple[Monomial, Monomial], int] = {}
    for monomial, count in dim.terms:
        left: list[Atom] = []
        right: list[Atom] = []
        for atom in monomial:
            inside = frozenset({atom}) if isinstance(atom, str) else symbols(atom.dim)
            if name in inside and len(inside) > 1:
                return None
            (left if name in inside else right).append(atom)
        table[tuple(left), tuple(right)] = count
    return table


def _primitive(counts: Mapping[Monomial, int], nominal: Mapping[str, int]) -> dict[Monomial, int]:
    """The polynomial without what divides all of it, positive at nominal sizes, or else with a positive first term."""
    common = gcd(*counts.values())
    value = evaluate(Dim(counts), nominal)
    sign = value if isinstance(value, int) else next(count for monomial, count in counts.items() if monomial)
    return {monomial: (count if sign > 0 else -count) // common for monomial, count in counts.items()}
