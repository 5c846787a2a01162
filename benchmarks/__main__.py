"""Run benchmarks and print the machine, the versions and every figure beside its target.

python -m benchmarks [NAME...]
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Sequence
from datetime import timedelta
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter

from benchmarks.measure import Figure

NAMES = ("startup", "frontend", "shapes", "large", "building", "library", "forward", "analysis", "memory", "figures")
PACKAGES = ("torch", "torchvision", "timm", "pydantic", "networkx", "pyyaml", "click", "archspec-nn")


def main(names: Sequence[str]) -> int:
    """Run the named benchmarks, all where none is named; 2 for an unknown name."""
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        print(f"there is no benchmark `{unknown[0]}`; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    print(machine())
    print(versions())
    for name in names or NAMES:
        module = import_module(f"benchmarks.{name}")
        start = perf_counter()
        print(f"\n{name}: {str(module.__doc__).splitlines()[0]}", flush=True)
        table(list(module.figures()))
        print(f"(took {timedelta(seconds=round(perf_counter() - start))})", flush=True)
    return 0


def table(figures: Sequence[Figure]) -> None:
    """Print figures as a Markdown table."""
    header = ("figure", "measured", "target", "reached", "detail")
    rows = [header, ("---",) * len(header), *((f.what, f.value, f.bound, f.verdict, f.detail) for f in figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        fill = "-" if row[0] == "---" else " "
        print("| " + " | ".join(cell.ljust(width, fill) for cell, width in zip(row, widths, strict=True)) + " |")


def machine() -> str:
    """Cores, processor, system, and how busy it is."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    return f"machine: {os.cpu_count()} cores, {_processor()}, {platform.platform()}, load {load:.2f} before the start"


def versions() -> str:
    """What is measured, and what it is measured with."""
    found = [f"python {platform.python_version()}"]
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            from archspec import __version__

            found.append(f"{package} {__version__} (not installed)" if package == "archspec-nn" else f"no {package}")
    return "versions: " + ", ".join(found)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
