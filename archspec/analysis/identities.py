"""Identities: ops whose attributes make them give back what they read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from archspec.ir.types import TensorType

_Test: TypeAlias = Callable[[Any, Sequence[TensorType]], bool]


def identity_because_of(op: Any, inputs: Sequence[TensorType]) -> tuple[str, ...]:
    """The attributes that make one of `MAY_BE_IDENTITIES` an identity at all sizes; none where it is not one.

    `branches` stands for a join of one.
    """
    attributes, is_identity = _IDENTITIES[op.name]
    return attributes if is_identity(op, inputs) else ()


def _all(value: Any, wanted: float) -> bool:
    return all(each == wanted for each in (value if isinstance(value, tuple) else (value,)))


def _pools_one(op: Any, inputs: Sequence[TensorType]) -> bool:
    return _all(op.kernel, 1) and _all(op.kernel if op.stride is None else op.stride, 1)


def _shifts_by_nothing(op: Any, inputs: Sequence[TensorType]) -> bool:
    return (op.scale is None or _all(op.scale, 1)) and (op.shift is None or _all(op.shift, 0))


def _keeps_order(op: Any, inputs: Sequence[TensorType]) -> bool:
    return [axis % inputs[0].rank for axis in op.axes] == list(range(inputs[0].rank))


def _swaps_nothing(op: Any, inputs: Sequence[TensorType]) -> bool:
    return len({axis % inputs[0].rank for axis in op.axes}) == 1


def _takes_one_axis(op: Any, inputs: Sequence[TensorType]) -> bool:
    return bool(op.start % inputs[0].rank == op.end % inputs[0].rank)


def _shuffles_nothing(op: Any, inputs: Sequence[TensorType]) -> bool:
    return op.groups in (1, inputs[0].shape[1])


def _joins_one(op: Any, inputs: Sequence[TensorType]) -> bool:
    return len(inputs) == 1


_POOL: Final = ("kernel", "stride")
_JOIN: Final = ("branches",)
_IDENTITIES: Final[dict[str, tuple[tuple[str, ...], _Test]]] = {
    "avg_pool": (_POOL, _pools_one),
    "max_pool": (_POOL, _pools_one),
    "dropout": (("p",), lambda op, _: op.p == 0),
    "channel_dropout": (("p",), lambda op, _: op.p == 0),
    "alpha_dropout": (("p",), lambda op, _: op.p == 0),
    "drop_block": (("p",), lambda op, _: op.p == 0),
    "stochastic_depth": (("p",), lambda op, _: op.p == 0),
    "feature_alpha_dropout": (("p",), lambda op, _: op.p == 0),
    "scale": (("factor",), lambda op, _: op.factor == 1),
    "affine": (("scale", "shift"), _shifts_by_nothing),
    "leaky_relu": (("slope",), lambda op, _: op.slope == 1),
    "hardshrink": (("threshold",), lambda op, _: op.threshold == 0),
    "softshrink": (("threshold",), lambda op, _: op.threshold == 0),
    "power": (("exponent",), lambda op, _: op.exponent == 1),
    "cast": (("to",), lambda op, inputs: op.to == inputs[0].dtype),
    "pad": (("begin", "end"), lambda op, _: _all(op.begin, 0) and _all(op.end, 0)),
    "flatten": (("start", "end"), _takes_one_axis),
    "unflatten": (("sizes",), lambda op, _: len(op.sizes) == 1),
    "permute": (("axes",), _keeps_order),
    "transpose": (("axes",), _swaps_nothing),
    "roll": (("shifts",), lambda op, _: _all(op.shifts, 0)),
    "slice": (("start", "end", "step"), lambda op, _: (op.start, op.end, op.step) == (0, None, 1)),
    "tile": (("times",), lambda op, inputs: _all(op.times, 1) and len(op.times) == inputs[0].rank),
    "channel_shuffle": (("groups",), _shuffles_nothing),
    "split": (("sections",), lambda op, _: len(op.sections or ()) == 1),
    "concat": (_JOIN, _joins_one),
    "add": (_JOIN, _joins_one),
    "multiply": (_JOIN, _joins_one),
    "average": (_JOIN, _joins_one),
    "maximum": (_JOIN, _joins_one),
    "minimum": (_JOIN, _joins_one),
}
"""By op: the attributes that decide, and whether they make it an identity."""
MAY_BE_IDENTITIES: Final = tuple(_IDENTITIES)
"""The names of these ops; the one called `identity` is not among them, as it is meant to be one."""
