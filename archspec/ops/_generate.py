"""Writes the table from op names to the families they live in: `python -m archspec.ops._generate`."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from archspec.ir.op import Op

TABLE_FILE = Path(__file__).with_name("_table.py")

_HEAD = '''"""The file that each op lives in, by name. Generated: `python -m archspec.ops._generate` writes it."""

from __future__ import annotations

from typing import Final

TABLE: Final = {
'''


def collect() -> dict[str, str]:
    """Every op of the catalogue by name, with its family; raises `ValueError` where two have one name."""
    table: dict[str, str] = {}
    for module in iter_modules([str(TABLE_FILE.parent)]):
        if module.name.startswith("_"):
            continue
        family = import_module(f"archspec.ops.{module.name}")
        for op in vars(family).values():
            if isinstance(op, type) and issubclass(op, Op) and op.name and op.__module__ == family.__name__:
                if op.name in table:
                    raise ValueError(f"`{op.name}` is in {table[op.name]} and in {module.name}")
                table[op.name] = module.name
    return dict(sorted(table.items()))


def table_text() -> str:
    """What `_table.py` has to be."""
    rows = (f'    "{name}": "{family}",\n' for name, family in collect().items())
    return f"{_HEAD}{''.join(rows)}}}\n"


if __name__ == "__main__":
    TABLE_FILE.write_text(table_text(), encoding="utf-8")
