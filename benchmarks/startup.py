"""From the shell: cold processes, with the bytecode cached as it is for users."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import Figure, interleave, ratio

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 25

# Each is a script like those that pip writes for a command.
ARCHSPEC = "import sys\nfrom archspec.__main__ import main\nsys.exit(main())\n"
EMPTY = "import sys\nfrom empty import main\nsys.exit(main())\n"
EMPTY_PROGRAM = '''\
import click


@click.command()
def main():
    """Nothing."""
'''
IMPORTS = "import yaml\nfrom pydantic import BaseModel\nimport networkx\n"


def figures() -> Iterator[Figure]:
    with TemporaryDirectory() as folder:
        place = Path(folder)
        for name, text in (("archspec_", ARCHSPEC), ("empty_", EMPTY), ("empty", EMPTY_PROGRAM), ("imports_", IMPORTS)):
            (place / f"{name}.py").write_text(text, encoding="utf-8")
        spec = str(ROOT / "specs/inception_v2.yaml")
        times = interleave(
            {
                "help": process(place / "archspec_.py", "--help"),
                "empty": process(place / "empty_.py", "--help"),
                "check": process(place / "archspec_.py", "check", spec),
                "imports": process(place / "imports_.py"),
                "python": process("-c", ""),
            },
            ROUNDS,
        )
    names = ("", "an empty click program's")
    yield ratio("`archspec --help`", times["help"], times["empty"], 2.0, names=names)
    names = ("", "importing yaml, pydantic and networkx")
    yield ratio("`archspec check specs/inception_v2.yaml`", times["check"], times["imports"], 1.5, names=names)
    yield Figure("`python -c ''`, of which all consist", times["python"].median * 1e3, "ms")


def process(*arguments: str | Path) -> Callable[[], object]:
    """What runs Python with these arguments, cold, with the bytecode cached."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = str(ROOT)
    command = [sys.executable, *map(str, arguments)]
    return lambda: subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
