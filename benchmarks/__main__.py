"""Run benchmarks and print the machine, the versions and every figure beside its target.

python -m benchmarks [NAME...]
python -m benchmarks inference [TABLE...] [--threads N] [--rounds N] [--networks NAME,...] [--quick] [--write]
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import timedelta
from importlib import import_module
from time import perf_counter

from benchmarks.machine import load, machine, versions
from benchmarks.measure import table

NAMES = ("startup", "frontend", "shapes", "large", "building", "library", "forward", "analysis", "memory", "figures")


def main(names: Sequence[str]) -> int:
    """Run the named benchmarks, all but `inference` where none is named; 2 for an unknown name."""
    if names[:1] == ["inference"]:
        from benchmarks.inference.command import command

        return command(names[1:])
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        print(f"there is no benchmark `{unknown[0]}`; there are {', '.join(NAMES)}, inference", file=sys.stderr)
        return 2
    print(f"{machine()}, load {load():.2f} before the start")
    print(versions())
    for name in names or NAMES:
        module = import_module(f"benchmarks.{name}")
        start = perf_counter()
        print(f"\n{name}: {str(module.__doc__).splitlines()[0]}", flush=True)
        print(table(module.figures()))
        print(f"(took {timedelta(seconds=round(perf_counter() - start))})", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
