"""The catalogue: a family a file, a class an op; and the ops that other packages register."""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module, metadata
from typing import Final

from archspec.ir.op import Op
from archspec.ops._table import TABLE as TABLE

PLUGINS: Final = "archspec.ops"
"""The entry-point group in which a package registers its ops: `toy = "toy_package.ops:Toy"`."""


class PluginError(Exception):
    """A package registers an op that cannot be used; the text says which and why."""


@cache
def find(name: str) -> type[Op] | None:
    """The op called `name`, or None. Its family is imported at first use.

    Only for a name that is not in the catalogue are the entry points of installed packages looked at, and only the
    one of that name is imported.

    Raises:
        PluginError: a package registers the name, but what it registers is no op of that name, or cannot be imported.
    """
    family = TABLE.get(name)
    if family is None:
        return _registered(name)
    module = import_module(f"archspec.ops.{family}")
    return next(op for op in vars(module).values() if isinstance(op, type) and issubclass(op, Op) and op.name == name)


def names() -> list[str]:
    """The names of all ops of the catalogue, in the alphabet's order."""
    return sorted(TABLE)


@cache
def _entry_points(path: tuple[str, ...]) -> tuple[metadata.EntryPoint, ...]:
    """What the installed packages register, by where packages are looked for: reading it takes milliseconds."""
    return tuple(metadata.entry_points(group=PLUGINS))


def _registered(name: str) -> type[Op] | None:
    found = [entry for entry in _entry_points(tuple(sys.path)) if entry.name == name]
    if not found:
        return None
    owners = sorted({entry.dist.name if entry.dist is not None else entry.value for entry in found})
    if len(owners) > 1:
        raise PluginError(f"the op `{name}` is registered by several packages: {', '.join(owners)}")
    try:
        op = found[0].load()
    except Exception as error:  # whatever its code raises when it is imported
        raise PluginError(f"the op `{name}` of `{owners[0]}` cannot be imported: {error}") from error
    if not (isinstance(op, type) and issubclass(op, Op)) or op.name != name:
        raise PluginError(f"`{owners[0]}` registers `{found[0].value}` as `{name}`, which is no `Op` of that name")
    return op
