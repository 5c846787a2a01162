"""Laws of the themes. Colours as others see them: Machado et al. 2009, A physiologically-based model for simulation of
color vision deficiency, at full severity. Contrast: WCAG 2.2. Distances: CIE 1976, in CIELAB."""

from __future__ import annotations

from itertools import combinations, pairwise
from math import dist

import pytest

from archspec.ops import find, names
from archspec.render.figure.heat import color_of
from archspec.render.figure.style import MARKS
from archspec.render.figure.theme import THEMES, WORDS, Theme

Linear = tuple[float, float, float]
Eye = tuple[Linear, Linear, Linear]

EYES: dict[str, Eye] = {
    "all colours": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
READABLE = 4.5
"""The least contrast of text (WCAG 2.2, 1.4.3)."""
SEEN = 3.0
"""The least contrast of what is no text (WCAG 2.2, 1.4.11)."""
APART = 5.0
"""A distance from which on colours beside each other are two: about twice what is just noticed."""

EVERY = pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)


def linear(color: str) -> Linear:
    red, green, blue = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return _unfolded(red), _unfolded(green), _unfolded(blue)


def _unfolded(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def luminance(color: str) -> float:
    red, green, blue = linear(color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def lab(color: str, eye: Eye) -> Linear:
    red, green, blue = (
        min(max(sum(weight * part for weight, part in zip(row, linear(color), strict=True)), 0), 1) for row in eye
    )
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089
    x, y, z = (part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116 for part in (x, y, z))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def distance(one: str, other: str, eye: Eye) -> float:
    return dist(lab(one, eye), lab(other, eye))


@EVERY
def test_text_can_be_read_on_every_fill(theme: Theme) -> None:
    fills = [
        paint.fill for paint in (*theme.categories.values(), theme.other, theme.block, theme.frame, theme.terminal)
    ]
    for fill in (theme.background, *fills):
        assert contrast(theme.text, fill) >= READABLE, fill
    for fill in (theme.background, theme.frame.fill, theme.block.fill, theme.terminal.fill):
        assert contrast(theme.muted, fill) >= READABLE, fill


@EVERY
def test_remarks_can_be_read_in_boxes_of_every_category(theme: Theme) -> None:
    worst = min(contrast(theme.muted, theme.paint(category).fill) for category in WORDS)
    assert worst >= READABLE


@EVERY
def test_lines_can_be_seen(theme: Theme) -> None:
    for paint in (*theme.categories.values(), theme.other, theme.block, theme.terminal):
        assert max(contrast(paint.line, paint.fill), contrast(paint.line, theme.background)) >= SEEN, paint
    assert contrast(theme.arrow, theme.background) >= SEEN
    assert contrast(theme.arrow, theme.frame.fill) >= SEEN
    for kind in MARKS:
        assert contrast(theme.marks[kind], theme.background) >= SEEN, kind


@pytest.mark.parametrize("theme", [THEMES["light"], THEMES["dark"]], ids=["light", "dark"])
@pytest.mark.parametrize("eye", EYES.values(), ids=EYES)
def test_categories_are_told_apart_by_every_eye(theme: Theme, eye: Eye) -> None:
    near = {
        (one, other): round(apart, 1)
        for one, other in combinations(WORDS, 2)
        if (apart := _apart(theme, one, other, eye)) < APART
    }
    assert near == {}


def _apart(theme: Theme, one: str, other: str, eye: Eye) -> float:
    """How far two categories are from each other, by what fills their boxes or by the lines around them."""
    first, second = theme.paint(one), theme.paint(other)
    return max(distance(first.fill, second.fill, eye), distance(first.line, second.line, eye))


def test_every_category_of_the_catalogue_is_in_the_legend() -> None:
    assert {op.category for name in names() if (op := find(name)) is not None} == WORDS.keys()


@EVERY
def test_every_category_of_the_legend_has_a_colour(theme: Theme) -> None:
    assert theme.categories.keys() == WORDS.keys()


@EVERY
def test_more_is_darker_or_all_the_way_lighter(theme: Theme) -> None:
    steps = [luminance(color) for color in theme.scale]
    falls = [before > after for before, after in pairwise(steps)]
    assert all(falls) or not any(falls)


@EVERY
def test_text_can_be_read_on_every_step_of_the_scale(theme: Theme) -> None:
    for step in range(len(theme.scale)):
        fill, text = color_of(theme, step / (len(theme.scale) - 1))
        assert contrast(fill, text) >= READABLE, fill


def test_the_ends_of_the_scale_are_nothing_and_most() -> None:
    theme = THEMES["light"]
    assert [color_of(theme, share)[0] for share in (0, 1)] == [theme.scale[0], theme.scale[-1]]
