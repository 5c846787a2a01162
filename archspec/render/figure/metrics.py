"""How much room text takes, so that a figure is laid out alike whatever fonts a machine has."""

from __future__ import annotations

from typing import Final
from unicodedata import combining, east_asian_width

_HELVETICA: Final = (
    "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 278 "
    "278 584 584 584 556 1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778 667 778 722 667 611 722 "
    "667 944 667 667 611 278 278 278 469 556 333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556 556 "
    "556 333 500 278 556 500 722 500 500 500 334 260 334 584"
)
"""The widths of the characters from blank to tilde in thousandths of the size, from Adobe's metrics of Helvetica."""

_WIDTHS: Final = dict(zip(map(chr, range(32, 127)), map(int, _HELVETICA.split()), strict=True))
_BOLD: Final = 1.14
"""How much wider bold text is."""
_OTHER: Final = 1.14
"""How much wider fonts are that stand in for Helvetica."""


def text_width(text: str, size: float, is_bold: bool = False) -> float:
    """The width of a line in points, on the generous side."""
    return sum(map(_width, text)) / 1000 * size * (_BOLD if is_bold else 1.0) * _OTHER


def _width(character: str) -> int:
    known = _WIDTHS.get(character)
    if known is not None:
        return known
    if combining(character):
        return 0
    return 1000 if east_asian_width(character) in "FW" else 650
