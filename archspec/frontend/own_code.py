"""Own code: the methods of an op, called so that what those of another package do wrong is a finding and no crash.

An op of archspec that raises is a bug of archspec, and stays one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from archspec.ir.conditions import Conditions, RuleStopped
from archspec.ir.dims import Dim, DimTooLarge
from archspec.ir.op import Op, Step, Weight
from archspec.ir.types import TensorType

REPAIR: Final = "repair, update or remove the package that registers it"
"""What to do about an op that cannot be used."""

_PACKAGE: Final = "archspec"
_LONGEST: Final = 200
"""How many characters of a message of other people are shown."""


class UnusableOpError(Exception):
    """A method of an op of another package raises, or gives what it may not; the text says which and what."""


class _Wanted(NamedTuple):
    text: str
    is_given: Callable[[Op, Any], bool]


def call(op: Op, method: str, *arguments: Any) -> Any:
    """What a method of an op gives.

    Args:
        op: the op.
        method: `infer`, `weights`, `macs` or `lower`.
        arguments: those of the method.

    Raises:
        UnusableOpError: the op is of another package, and its method raises or gives what it may not.
    """
    if _is_ours(op):
        return getattr(op, method)(*arguments)
    try:
        given = getattr(op, method)(*arguments)
    except (RuleStopped, DimTooLarge):
        raise
    except Exception as error:  # whatever its code raises
        text = " ".join(str(error).split())[:_LONGEST]
        what = f"{type(error).__name__}: {text}" if text else type(error).__name__
        raise UnusableOpError(f"`{op.name}` cannot be used: its `{method}` raises {what}") from error
    wanted = _WANTED[method]
    if not wanted.is_given(op, given):
        shown = " ".join(repr(given).split())[:_LONGEST]
        raise UnusableOpError(
            f"`{op.name}` cannot be used: its `{method}` gives {shown}, but has to give {wanted.text}"
        )
    return given


def infer(op: Op, must: Conditions, inputs: Sequence[TensorType]) -> tuple[TensorType, ...]:
    """The types that an op gives, one a port.

    Raises:
        UnusableOpError: see `call`.
    """
    given = call(op, "infer", must, *inputs)
    return given if isinstance(given, tuple) else (given,)


def weights(op: Op, inputs: Sequence[TensorType], types: Sequence[TensorType]) -> Mapping[str, Weight]:
    """The weights of an op, whose other methods were tried: what comes after inference calls them as they are.

    Raises:
        UnusableOpError: see `call`.
    """
    found: Mapping[str, Weight] = call(op, "weights", *inputs)
    if not _is_ours(op):
        call(op, "macs", inputs, types)
        call(op, "lower", *inputs)
    return found


def _is_ours(op: Op) -> bool:
    return type(op).__module__.partition(".")[0] == _PACKAGE


def _are_types(op: Op, given: Any) -> bool:
    types = given if isinstance(given, tuple) else (given,)
    return len(types) == len(op.output_names()) and all(isinstance(kind, TensorType) for kind in types)


def _are_weights(op: Op, given: Any) -> bool:
    return isinstance(given, Mapping) and all(isinstance(weight, Weight) for weight in given.values())


def _is_size(op: Op, given: Any) -> bool:
    return isinstance(given, int | Dim)


def _are_steps(op: Op, given: Any) -> bool:
    return isinstance(given, list) and bool(given) and all(isinstance(step, Step) for step in given)


_WANTED: Final = {
    "infer": _Wanted("a `TensorType` for each of its outputs", _are_types),
    "weights": _Wanted("a `Weight` by name", _are_weights),
    "macs": _Wanted("a whole number or a dim", _is_size),
    "lower": _Wanted("a list of `Step`s", _are_steps),
}
