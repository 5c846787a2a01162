"""The catalogue: a family a file, a class an op; and the ops that packages and programs register."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from functools import cache
from importlib import import_module, metadata
from typing import Final, TypeVar

from archspec.ir.op import Op
from archspec.ops._table import ALSO as ALSO
from archspec.ops._table import TABLE as TABLE

PLUGINS: Final = "archspec.ops"
"""The entry-point group in which a package registers its ops: `toy = "toy_package.ops:Toy"`."""


_NAME: Final = re.compile("[A-Za-z_][A-Za-z0-9_]{0,99}")
_REGISTERED: Final[dict[str, type[Op]]] = {}
"""The ops that `register_op` was given, by name."""
OpClass = TypeVar("OpClass", bound=type[Op])


class PluginError(Exception):
    """A package registers an op that cannot be used; the text says which and why."""


@cache
def find(name: str) -> type[Op] | None:
    """The op called `name`, or None. Its family is imported at first use.

    Only for a name that is neither in the catalogue nor registered by the program are the entry points of installed
    packages looked at, and only the one of that name is imported.

    Raises:
        PluginError: a package registers the name, but what it registers is no op of that name, or cannot be imported.
    """
    family = TABLE.get(name)
    if family is None:
        return _REGISTERED.get(name) or _of_package(name)
    module = import_module(f"archspec.ops.{family}")
    return next(op for op in vars(module).values() if isinstance(op, type) and issubclass(op, Op) and op.name == name)


def plain_name(name: str) -> str:
    """A name as those of different libraries are compared: `torch.nn.LayerNorm` and `layer_norm` are `layernorm`."""
    return name.rpartition(".")[2].lower().replace("_", "")


def names() -> list[str]:
    """The names of all ops of the catalogue, in the alphabet's order."""
    return sorted(TABLE)


def register_op(op: OpClass) -> OpClass:
    """Let specs that this program reads use an op of its own; a decorator of the class.

    A class that is defined again, as when the cell of a notebook runs again, takes the place of the first.

    Args:
        op: a subclass of `Op` with a name.

    Raises:
        TypeError: it is no such class.
        ValueError: it has no name, or the catalogue, a package or another class has that name.
    """
    if not (isinstance(op, type) and issubclass(op, Op)):
        raise TypeError(f"an op is a subclass of `archspec.Op`, and {op!r} is none")
    if not _NAME.fullmatch(op.name):
        raise ValueError(f"`{op.__qualname__}` has the name `{op.name}`; an op is called like `space_to_depth`")
    if op.name in TABLE:
        raise ValueError(f"the catalogue has an op `{op.name}`; give `{op.__qualname__}` another name")
    others = [entry.value for entry in _entries() if entry.name == op.name]
    others += [_place(_REGISTERED[op.name])] if op.name in _REGISTERED else []
    other = next((place for place in others if place != _place(op)), None)
    if other is not None:
        raise ValueError(f"the op `{op.name}` is `{other}` already; give that of `{_place(op)}` another name")
    _REGISTERED[op.name] = op
    find.cache_clear()
    return op


def registered() -> Mapping[str, str]:
    """What is no op of the catalogue, by name, with who registers it: a package, or the module of a program."""
    packages = {entry.name: _owner(entry) for entry in _entries() if entry.name not in TABLE}
    return dict(sorted((packages | {name: op.__module__ for name, op in _REGISTERED.items()}).items()))


@cache
def _entry_points(path: tuple[str, ...]) -> tuple[metadata.EntryPoint, ...]:
    """What the installed packages register, by where packages are looked for: reading it takes milliseconds."""
    return tuple(metadata.entry_points(group=PLUGINS))


def _entries() -> tuple[metadata.EntryPoint, ...]:
    return _entry_points(tuple(sys.path))


def _owner(entry: metadata.EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else entry.value


def _place(op: type[Op]) -> str:
    """Where a class is defined, as entry points say it."""
    return f"{op.__module__}:{op.__qualname__}"


def _of_package(name: str) -> type[Op] | None:
    found = [entry for entry in _entries() if entry.name == name]
    if not found:
        return None
    owners = sorted(set(map(_owner, found)))
    if len(owners) > 1:
        raise PluginError(f"the op `{name}` is registered by several packages: {', '.join(owners)}")
    try:
        op = found[0].load()
    except Exception as error:  # whatever its code raises when it is imported
        raise PluginError(f"the op `{name}` of `{owners[0]}` cannot be imported: {error}") from error
    if not (isinstance(op, type) and issubclass(op, Op)) or op.name != name:
        raise PluginError(f"`{owners[0]}` registers `{found[0].value}` as `{name}`, which is no `Op` of that name")
    return op
