"""Dims: the extent of an axis, a whole number or an expression over symbols such as `floor((H - 1)/2)`.

A symbolic dim is a polynomial with whole coefficients over *atoms*; an atom is a symbol, or the floor of a
polynomial divided by a whole number. Every dim is kept in one normal form, so that equal dims are the same value:
whole multiples are pulled out of floors, nested floors of one polynomial are merged, a ceiling is written as a
floor, and a polynomial without atoms is a plain `int`.

`UNKNOWN` is the dim about which an error was already reported. It swallows all arithmetic, and nothing that
involves it is reported again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import gcd, lcm, prod
from typing import Final, TypeAlias

Size: TypeAlias = "int | Dim"
"""One extent: fixed, symbolic, or `UNKNOWN`."""

LIMIT: Final = 2**31
"""No dim may reach this: torch's own kernels index with 32 bits."""

MAX_AXES: Final = 64
"""The most axes that a tensor may have: what torch keeps sets of axes in has so many bits."""

MAX_PERIOD: Final = 4096
"""Residues that are looked at, at most, to decide whether dims are equal."""
_MAX_TERMS, _MAX_ATOMS, _MAX_FACTORS = 256, 512, 64
_REMEMBERED: Final = 1024
"""Sums and quotients that are not worked out again: the layers of a network say the same of the same sides."""


class DimTooLarge(ValueError):
    """A symbolic dim grew beyond what is worth reasoning about."""


@dataclass(frozen=True, slots=True, order=True)
class Floor:
    """The atom `floor(dim / by)`."""

    dim: Dim
    by: int

    def __str__(self) -> str:
        return f"floor(({self.dim})/{self.by})" if len(self.dim.terms) > 1 else f"floor({self.dim}/{self.by})"


Atom: TypeAlias = "str | Floor"
Monomial: TypeAlias = tuple[Atom, ...]


def _rank(atom: Atom) -> tuple[int, str]:
    return (0, atom) if isinstance(atom, str) else (1, str(atom))


class Dim:
    """A symbolic extent. Immutable; made by `symbol` and arithmetic, never by hand."""

    __slots__ = ("__dict__", "terms")

    def __init__(self, terms: Mapping[Monomial, int]) -> None:
        if len(terms) > _MAX_TERMS:
            raise DimTooLarge("a dim of more than 256 terms")
        order = list(terms)
        order.sort(key=len, reverse=True)
        if len({*map(len, order)}) < len(order):  # most often lengths decide, and the text of atoms takes long
            order.sort(key=lambda monomial: (-len(monomial), [_rank(atom) for atom in monomial]))
        self.terms: tuple[tuple[Monomial, int], ...] = tuple((monomial, terms[monomial]) for monomial in order)

    @cached_property
    def _hash(self) -> int:
        return hash(self.terms)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Dim) and self.terms == other.terms)

    def __lt__(self, other: Dim) -> bool:
        return str(self) < str(other)

    def __add__(self, other: Size) -> Size:
        return _combine(self, other, 1)

    def __radd__(self, other: Size) -> Size:
        return _combine(self, other, 1)

    def __sub__(self, other: Size) -> Size:
        return _combine(self, other, -1)

    def __rsub__(self, other: Size) -> Size:
        return -(self - other)

    def __neg__(self) -> Size:
        return self * -1

    def __mul__(self, other: Size) -> Size:
        if isinstance(other, _Untold):
            return other
        if isinstance(other, int):
            return _normal({monomial: count * other for monomial, count in self.terms})
        product: dict[Monomial, int] = {}
        for left, by in self.terms:
            for right, times in other.terms:
                if len(left) + len(right) > _MAX_FACTORS:
                    raise DimTooLarge("a dim of more than 64 factors")
                monomial = tuple(sorted(left + right, key=_rank))
                product[monomial] = product.get(monomial, 0) + by * times
        return _normal(product)

    __rmul__ = __mul__

    def __floordiv__(self, by: Size) -> Size:
        return _divide(self, by)

    def __mod__(self, by: Size) -> Size:
        return self - (self // by) * by

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        return self._text

    @cached_property
    def _text(self) -> str:
        nested = _nested_floor(self)
        if nested is not None and nested[1]:  # floor((H + 1)/2) - 1 reads better as floor((H - 1)/2)
            atom, offset = nested
            inner = atom.dim + offset * atom.by
            several = isinstance(inner, Dim) and len(inner.terms) > 1
            return f"floor(({inner})/{atom.by})" if several else f"floor({inner}/{atom.by})"
        text = ""
        for monomial, count in self.terms:
            sign = (" - " if count < 0 else " + ") if text else ("-" if count < 0 else "")
            factors = [str(abs(count))] if abs(count) != 1 or not monomial else []
            text += sign + "*".join(factors + [str(atom) for atom in monomial])
        return text

    @property
    def _leading(self) -> int:
        return next(count for monomial, count in self.terms if monomial)

    @cached_property
    def atoms(self) -> int:
        """How many atoms are in it, at any depth: what it takes to evaluate it."""
        inside = (atom for monomial, _ in self.terms for atom in monomial)
        return sum(1 if isinstance(atom, str) else 1 + atom.dim.atoms for atom in inside)

    @property
    def sides(self) -> tuple[Size, Size]:
        """Two sums without a minus that are equal where the dim is 0; the first has what the dim begins with."""
        by = gcd(*(count for _, count in self.terms)) * (1 if self._leading > 0 else -1)
        left = _normal({monomial: count // by for monomial, count in self.terms if count * by > 0})
        return left, _normal({monomial: -count // by for monomial, count in self.terms if count * by < 0})

    @cached_property
    def symbols(self) -> frozenset[str]:
        """The names of the symbols in it."""
        return frozenset(_symbols(self))


class _Untold(Dim):
    """A dim that is not told: it swallows all arithmetic. See `UNKNOWN` and `TOO_LONG`."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        super().__init__({})
        self.text = text

    def __add__(self, other: Size) -> Size:
        return self

    __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __floordiv__ = __mod__ = __add__

    def __neg__(self) -> Size:
        return self

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return 0

    def __str__(self) -> str:
        return self.text


UNKNOWN: Final[Dim] = _Untold("?")
TOO_LONG: Final[Dim] = _Untold("(too many terms to be written)")
"""An amount that is a sum of more terms than anybody would read."""


def unless_too_long(amount: Callable[[], Size]) -> Size:
    """An amount, or `TOO_LONG` where it grows beyond what is worth reasoning about."""
    try:
        return amount()
    except DimTooLarge:
        return TOO_LONG


def symbol(name: str) -> Dim:
    """The dim called `name`."""
    return Dim({(name,): 1})


def product(dims: tuple[Size, ...]) -> Size:
    """All of them multiplied: the elements of a shape."""
    return prod(dims, start=1)


def cancelled(dim: Size, by: Size) -> tuple[Size, int] | None:
    """`dim / by` as a dim divided by a whole number, every symbol in `by` cancelled; None where that cannot be."""
    if isinstance(by, int):
        return dim, by
    if len(by.terms) != 1:
        return None
    (factors, count), left = by.terms[0], dict[Monomial, int]()
    for monomial, times in _terms(dim):
        rest = list(monomial)
        for atom in factors:
            if atom not in rest:
                return None
            rest.remove(atom)
        left[tuple(rest)] = times
    return _normal(left), count


def symbols(dim: Size) -> frozenset[str]:
    """The names of the symbols in a dim; none in a number."""
    return dim.symbols if isinstance(dim, Dim) else frozenset()


def evaluate(dim: Size, sizes: Mapping[str, Size]) -> Size:
    """The dim with symbols replaced by numbers, or by other dims; those not in `sizes` stay."""
    if isinstance(dim, int | _Untold) or dim.symbols.isdisjoint(sizes):
        return dim
    total: Size = 0
    for monomial, count in dim.terms:
        value: Size = count
        for atom in monomial:
            value = value * _evaluate_atom(atom, sizes)
        total = total + value
    return total


def are_equal(left: Size, right: Size) -> bool | None:
    """Whether two dims are equal at every size (True), at none (False), or it depends (None).

    Exact for dims of one symbol that are linear in it: with L the least common multiple of the moduli,
    `f(H + L) = f(H) + c` for every whole H, so L residues decide.
    """
    difference = left - right
    if isinstance(difference, _Untold):
        return None
    if isinstance(difference, int):
        return difference == 0
    if len(difference.symbols) != 1:
        return None
    (name,) = difference.symbols
    length = period(difference)
    if length is None or length > MAX_PERIOD:
        return None
    return _decide_over_residues(difference, name, length)


def _decide_over_residues(difference: Dim, name: str, length: int) -> bool | None:
    def at(size: int) -> int:
        value = evaluate(difference, {name: size})
        assert isinstance(value, int)
        return value

    slope = at(1 + length) - at(1)
    residues = [at(size) for size in range(1, length + 1)]
    if slope == 0:
        return True if not any(residues) else False if all(residues) else None
    zero_somewhere = any(residue % slope == 0 and -residue // slope >= 0 for residue in residues)
    return None if zero_somewhere else False


def period(dim: Size) -> int | None:
    """The least common multiple of the moduli in a dim; None when it is not linear in its symbols."""
    return stride(dim) if degree(dim) <= 1 else None


def stride(dim: Size) -> int:
    """The least common multiple of the moduli in a dim.

    Along every progression of this step a dim of one symbol is a polynomial with whole coefficients, of its `degree`:
    the floor of such a polynomial is one again once the step is taken `by` times.
    """
    length = 1
    for monomial, _ in _terms(dim):
        for atom in monomial:
            if isinstance(atom, Floor):
                length = lcm(length, stride(atom.dim) * atom.by)
    return length


def degree(dim: Size) -> int:
    """The largest number of symbols that are multiplied with each other: 0 for a number, 2 for `H*W` and `H*H`."""
    return max((sum(map(_degree_of_atom, monomial)) for monomial, _ in _terms(dim)), default=0)


def _degree_of_atom(atom: Atom) -> int:
    return 1 if isinstance(atom, str) else degree(atom.dim)


@lru_cache(maxsize=_REMEMBERED)
def _combine(left: Dim, right: Size, sign: int) -> Size:
    if isinstance(right, _Untold):
        return right
    total = dict(left.terms)
    for monomial, count in _terms(right):
        total[monomial] = total.get(monomial, 0) + sign * count
    return _normal(total)


@lru_cache(maxsize=_REMEMBERED)
def _divide(dim: Dim, by: Size) -> Size:
    if isinstance(by, _Untold):
        return by
    if not isinstance(by, int):
        raise DimTooLarge(f"`{dim} // {by}`: only a whole number can divide a dim")
    if by == 0:
        raise ZeroDivisionError
    if by < 0:
        return (dim * -1) // -by
    share = 2 * (dim._leading % by)
    if share > by or (share == by and dim._leading < 0):
        # One sign for each floor: floor(-p/n) = -floor((p + n - 1)/n).
        return -((-dim + by - 1) // by)
    whole = _normal({monomial: count // by for monomial, count in dim.terms})
    rest = _normal({monomial: count % by for monomial, count in dim.terms})
    return whole + _floor(rest, by)


def _terms(dim: Size) -> tuple[tuple[Monomial, int], ...]:
    return dim.terms if isinstance(dim, Dim) else (((), dim),)


def _normal(terms: Mapping[Monomial, int]) -> Size:
    kept = {monomial: count for monomial, count in terms.items() if count}
    if not kept:
        return 0
    if len(kept) == 1 and () in kept:
        return kept[()]
    return Dim(kept)


def _floor(dim: Size, by: int) -> Size:
    """`floor(dim / by)` of a dim whose coefficients are already below `by`."""
    if isinstance(dim, int):
        return dim // by
    if isinstance(dim, _Untold) or by == 1:
        return dim
    nested = _nested_floor(dim)
    if nested is not None:
        # floor((floor(p/m) + k) / n) = floor((p + k m) / (m n)), for whole p and k.
        atom, offset = nested
        return (atom.dim + offset * atom.by) // (atom.by * by)
    common = gcd(by, *(count for monomial, count in dim.terms if monomial))
    if common > 1:
        # With all coefficients but the constant divisible, the constant only matters in whole steps.
        return _floor(_normal({m: count // common for m, count in dim.terms}), by // common)
    if dim.atoms > _MAX_ATOMS:
        raise DimTooLarge("a dim of more than 512 symbols and floors")
    return Dim({(Floor(dim, by),): 1})


def _nested_floor(dim: Dim) -> tuple[Floor, int] | None:
    constant = 0
    found: Floor | None = None
    for monomial, count in dim.terms:
        if not monomial:
            constant = count
        elif found is None and len(monomial) == 1 and isinstance(monomial[0], Floor) and count == 1:
            found = monomial[0]
        else:
            return None
    return (found, constant) if found is not None else None


def _evaluate_atom(atom: Atom, sizes: Mapping[str, Size]) -> Size:
    if isinstance(atom, str):
        return sizes[atom] if atom in sizes else symbol(atom)
    return evaluate(atom.dim, sizes) // atom.by


def _symbols(dim: Dim) -> Iterator[str]:
    for monomial, _ in dim.terms:
        for atom in monomial:
            yield from (atom,) if isinstance(atom, str) else _symbols(atom.dim)
