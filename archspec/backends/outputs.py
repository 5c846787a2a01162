"""Outputs: the named tuple that a module with several outputs returns."""

from __future__ import annotations

import collections
from collections.abc import Iterable
from functools import cache
from typing import Any

from torch.utils._pytree import _register_namedtuple


@cache
def outputs_type(names: tuple[str, ...]) -> type[tuple[Any, ...]]:
    """The class of named tuples with these fields, one class for each list of names in a process.

    It derives from `tuple` directly, because torch (compile, export, data parallel) tells a named tuple by that; its
    values pickle by their names, because the class itself stands in no module. It is registered so that exported
    programs can be saved; who loads one in another process has to call this first.
    """
    make: Any = collections.namedtuple
    made = make("Outputs", names)
    made.__module__ = __name__
    _register_namedtuple(made, serialized_type_name=f"archspec.outputs({', '.join(names)})")
    made.__reduce__ = lambda values: (make_outputs, (names, tuple(values)))
    return made  # type: ignore[no-any-return]


def make_outputs(names: tuple[str, ...], values: Iterable[Any]) -> tuple[Any, ...]:
    """A named tuple of these fields and values; what unpickling one calls."""
    return outputs_type(names)(*values)
