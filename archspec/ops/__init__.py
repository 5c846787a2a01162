"""The catalogue: a family a file, a class an op."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from archspec.ir.op import Op
from archspec.ops._table import TABLE as TABLE


@cache
def find(name: str) -> type[Op] | None:
    """The op called `name`, or None. Its family is imported at first use."""
    family = TABLE.get(name)
    if family is None:
        return None
    module = import_module(f"archspec.ops.{family}")
    return next(op for op in vars(module).values() if isinstance(op, type) and issubclass(op, Op) and op.name == name)


def names() -> list[str]:
    """The names of all ops, in the alphabet's order."""
    return sorted(TABLE)
