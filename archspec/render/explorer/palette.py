"""The colours of figures as rules of a style sheet: those of the light and of the dark theme."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from archspec.render.figure.theme import THEMES, Paint

_LIGHT: Final = THEMES["light"]
_DARK: Final = THEMES["dark"]

STEPS: Final = len(_LIGHT.scale)
"""Of the scale of a heat map."""


def palette() -> str:
    """Custom properties for everything that has a category, a place on the scale of a heat map, or a mark."""
    return "".join(f"{line}\n" for line in _rules())


def _rules() -> Iterator[str]:
    yield _painted("[data-category]", _LIGHT.other, _DARK.other)
    for category, paint in _LIGHT.categories.items():
        yield _painted(f'[data-category="{category}"]', paint, _DARK.paint(category))
    yield _painted('[data-category="block"]', _LIGHT.block, _DARK.block)
    yield _painted('[data-category="terminal"]', _LIGHT.terminal, _DARK.terminal)
    yield _painted(".cluster", _LIGHT.frame, _DARK.frame)
    for step, (light, dark) in enumerate(zip(_LIGHT.scale, _DARK.scale, strict=True)):
        upper = step >= STEPS / 2
        text = _either(_LIGHT.on_scale[upper], _DARK.on_scale[upper])
        yield f'[data-heat="{step}"] {{ --fill: {_either(light, dark)}; --on: {text}; }}'
    for kind, color in _LIGHT.marks.items():
        yield f".{kind} {{ --mark: {_either(color, _DARK.marks[kind])}; }}"


def _painted(selector: str, light: Paint, dark: Paint) -> str:
    return f"{selector} {{ --fill: {_either(light.fill, dark.fill)}; --stroke: {_either(light.line, dark.line)}; }}"


def _either(light: str, dark: str) -> str:
    return f"light-dark({light}, {dark})"
