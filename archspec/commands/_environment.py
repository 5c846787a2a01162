"""What has to be installed, what is, and what clashes with us. Cheap: it runs at every start."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

NEEDED: Final = {
    "torch": "torch",
    "pydantic": "pydantic",
    "networkx": "networkx",
    "yaml": "pyyaml",
    "graphviz": "graphviz",
    "re2": "google-re2",
    "safetensors": "safetensors",
    "click": "click",
}
"""The packages archspec imports, by the name under which pip installs them."""


class MissingError(Exception):
    """Something in the environment is missing; `help` is what brings it."""

    def __init__(self, message: str, help: str) -> None:
        super().__init__(message)
        self.help = help

    @classmethod
    def of_package(cls, name: str, reason: ImportError) -> MissingError:
        """A package that cannot be imported."""
        return cls(f"`{name}` cannot be imported: {reason}", f"python -m pip install {NEEDED[name]}")


def clashing_distribution() -> Path | None:
    """The metadata of the other distribution that brings an `archspec` package, where it is installed.

    Spack's `archspec` library, which conda needs, owns the name on PyPI: its files and ours overwrite each other.
    """
    for folder in sys.path:
        for found in Path(folder or ".").glob("archspec-[0-9]*.dist-info"):
            return found
    return None
