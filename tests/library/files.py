"""Files of the library, as plain data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from archspec.language.reader import load_file, read
from archspec.source.diagnostic import Diagnostics

WITHOUT_RECIPE = {
    "inception_v1_naive": "nobody trained it",
    "inception_resnet_v1_face": "its loss is about pairs of faces, and its recipe was not published",
    "lenet": "its paper has a second-order method, and a loss of distances to fixed codes",
    "gpt2": "its learning rates were not published",
    "unet": "its learning rate was not published",
}
"""Specs that have no section `training`, each with the reason."""


def written(path: Path) -> dict[str, Any]:
    """The keys of a file as plain data."""
    found = Diagnostics()
    source = load_file(path, path.name, found)
    value = read(source, found) if source is not None else None
    assert value is not None
    assert isinstance(value.plain, dict)
    return value.plain
