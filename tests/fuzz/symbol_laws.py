"""What has to hold of an op over symbols: it says at any sizes what it says where these are written as numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from random import Random

from archspec.ir.conditions import Condition
from archspec.ir.dims import DimTooLarge, Size, evaluate, symbol
from archspec.ir.op import Op
from archspec.ir.types import TensorType
from tests.ops.runner import infer

_TRIES = 3
_SIZES = 4
"""At how many sizes of the symbols it is compared."""


def symbolic_disagreement(op: Op, inputs: Sequence[TensorType], random: Random) -> str:
    """Who says what, where the rule over symbols and the rule at fixed sizes differ; `""` where they agree."""
    for _ in range(_TRIES):
        given, nominal = _with_symbols(inputs, random)
        if not nominal:
            return ""
        try:
            types, must = infer(op, *given)
        except DimTooLarge:
            return ""
        if any(failure.name == "unknown-size" for failure in must.failures):
            continue  # weights are of fixed sizes
        refused = must.failures[0].message if must.failures else ""
        for sizes in (nominal, *(_sizes(nominal, random) for _ in range(_SIZES))):
            said = refused or _unmet([*must.pending, *must.of_training], sizes)
            found = _compare(op, given, None if said else types, sizes)
            if found:
                return f"{found} (over symbols: {said or 'accepted'})"
        return ""
    return ""


def _with_symbols(inputs: Sequence[TensorType], random: Random) -> tuple[tuple[TensorType, ...], dict[str, int]]:
    """The inputs with symbols for some sides above 1, and the sizes of these; equal sides may be one symbol."""
    nominal: dict[str, int] = {}
    numbers = count()
    shared = random.random() < 0.7

    def freed(given: TensorType) -> TensorType:
        shape: list[Size] = list(given.shape)
        for axis, side in enumerate(given.shape):
            if isinstance(side, int) and side > 1 and random.random() < 0.5:
                batch = "N" if axis == 0 else "S"
                name = f"{batch}{side}" if shared else f"{batch}_{next(numbers)}"
                nominal[name] = side
                shape[axis] = symbol(name)
        return given.with_shape(*shape)

    return tuple(map(freed, inputs)), nominal


def _sizes(nominal: Mapping[str, int], random: Random) -> dict[str, int]:
    """Other sizes. A batch is never 1: normalisations demand of it only where it is written as a number."""
    largest = random.choice([3, 9, 20])
    return {name: random.randint(2 if name[0] == "N" else 1, largest) for name in nominal}


def _unmet(conditions: Sequence[Condition], sizes: Mapping[str, int]) -> str:
    return next((each.message for each in conditions if not each.holds(sizes)), "")


def _compare(
    op: Op, given: Sequence[TensorType], types: tuple[TensorType, ...] | None, sizes: Mapping[str, int]
) -> str:
    inputs = tuple(_at(kind, sizes) for kind in given)
    concrete, must = infer(op, *inputs)
    accepted = concrete is not None and not must.failures
    of = f"{' and '.join(map(str, inputs))}, {' and '.join(map(str, given))}"
    if types is None:
        spread = 1 in sizes.values()  # a symbol is not spread over other sides, even at 1
        return f"what symbols forbid is refused: {of} is accepted" if accepted and not spread else ""
    if not accepted:
        return f"what symbols allow is accepted: {of} is refused, {must.failures[0].message}"
    expected = tuple(_at(kind, sizes) for kind in types)
    return "" if expected == concrete else f"symbols give the types: {of} is {concrete}, not {expected}"


def _at(kind: TensorType, sizes: Mapping[str, int]) -> TensorType:
    return kind.with_shape(*(evaluate(side, sizes) for side in kind.shape))
