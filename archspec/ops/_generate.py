"""Writes the tables from names of ops to the families they live in and the names they have elsewhere.

`python -m archspec.ops._generate`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from archspec.ir.op import Op
from archspec.ops import plain_name

TABLE_FILE = Path(__file__).with_name("_table.py")

_HEAD = '''"""The file that each op lives in, and what ops are called elsewhere. `archspec.ops._generate` writes it."""

from __future__ import annotations

from typing import Final
'''


def collect() -> dict[str, str]:
    """Every op of the catalogue by name, with its family; raises `ValueError` where two have one name."""
    table: dict[str, str] = {}
    for op in _ops():
        family = op.__module__.rpartition(".")[2]
        if op.name in table:
            raise ValueError(f"`{op.name}` is in {table[op.name]} and in {family}")
        table[op.name] = family
    return dict(sorted(table.items()))


def other_names(ops: Sequence[type[Op]]) -> dict[str, str]:
    """What ops are called elsewhere, with the one that is meant.

    Raises:
        ValueError: two have one other name, one has that of an op, or a name is not as names are compared.
    """
    own = {plain_name(op.name): op.name for op in ops}
    found: dict[str, str] = {}
    for op in ops:
        for name in vars(op).get("also", ()):  # a subclass is another op
            if name != plain_name(name):
                raise ValueError(f"`{op.name}` is also called `{name}`, which has to be `{plain_name(name)}`")
            if name in own or name in found:
                raise ValueError(f"`{op.name}` is also called `{name}`, which means `{(own | found)[name]}` already")
            found[name] = op.name
    return dict(sorted(found.items()))


def table_text() -> str:
    """What `_table.py` has to be."""
    return f"{_HEAD}{_table('TABLE', collect())}{_table('ALSO', other_names(list(_ops())))}"


def _table(name: str, rows: Mapping[str, str]) -> str:
    lines = (f'    "{key}": "{value}",\n' for key, value in rows.items())
    return f"\n{name}: Final = {{\n{''.join(lines)}}}\n"


def _ops() -> Iterator[type[Op]]:
    """The ops of all families, each where it is defined."""
    for module in iter_modules([str(TABLE_FILE.parent)]):
        if module.name.startswith("_"):
            continue
        family = import_module(f"archspec.ops.{module.name}")
        for op in vars(family).values():
            if isinstance(op, type) and issubclass(op, Op) and op.name and op.__module__ == family.__name__:
                yield op


if __name__ == "__main__":
    TABLE_FILE.write_text(table_text(), encoding="utf-8")
