"""The page of the explorer: one file that needs no other, assembled from the files beside this one.

What runs in it is fixed by hashes in its content security policy, so that nothing a spec holds can: its texts come in
as data, and are shown as text.
"""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from typing import Any, Final

from archspec.render.explorer.palette import palette

STYLES: Final = ("page", "panels", "drawing", "screens")
"""The style sheets of the page, in order: those of screens and paper say what is otherwise there."""

SCRIPTS: Final = (
    "dom",
    "model",
    "address",
    "entries",
    "dot",
    "engine",
    "marks",
    "drawing",
    "view",
    "paint",
    "outline",
    "search",
    "findings",
    "panel",
    "explorer",
    "keys",
    "levels",
    "switches",
    "main",
)
"""The modules of the page, each after those that it imports."""

_IMPORT: Final = re.compile(r'^import (\{[^}]+\}) from "\./(\w+)\.mjs";$', re.MULTILINE)
_EXPORT: Final = re.compile(r"^export (?=(?:async function|class|const|function) (\w+))", re.MULTILINE)
_PLACE: Final = re.compile(r"\{\{(\w+)\}\}")
_MARKUP: Final = {ord(character): f"\\u{ord(character):04x}" for character in "<>&"}


def page(data: Mapping[str, Any]) -> str:
    """The explorer of a network as the text of an HTML file.

    Args:
        data: what `archspec.render.explorer.data` tells of the network.
    """
    style, script = _style(), _script()
    contents = {
        "policy": _policy(style, script),
        "title": escape(str(data["title"])),
        "style": style,
        "data": json.dumps(data, separators=(",", ":")).translate(_MARKUP),
        "engine": _read("vendor/graphviz.js") + "\n" + _read("scripts/worker.mjs"),
        "script": script,
    }
    return _PLACE.sub(lambda place: contents[place[1]], _read("page.html"))


def _read(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _style() -> str:
    return palette() + "".join(_read(f"styles/{name}.css") for name in STYLES)


def _script() -> str:
    modules = "".join(_module(name, _read(f"scripts/{name}.mjs")) for name in SCRIPTS)
    return f'(() => {{\n"use strict";\nconst modules = {{}};\n{modules}}})();\n'


def _module(name: str, text: str) -> str:
    """A module as a function that gives what it exports: a page from disk cannot load modules by their names."""
    exported = ", ".join(found[1] for found in _EXPORT.finditer(text))
    body = _EXPORT.sub("", _IMPORT.sub(r"const \1 = modules.\2;", text))
    return f"modules.{name} = (() => {{\n{body}return {{ {exported} }};\n}})();\n"


def _policy(style: str, script: str) -> str:
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {_hash(script)} 'wasm-unsafe-eval'",
            f"style-src {_hash(style)}",
            "worker-src blob:",  # the layout engine runs beside the page, where it can be stopped
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
