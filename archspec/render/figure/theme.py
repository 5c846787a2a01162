"""Themes: the colours of a figure. Each can be told apart by readers who do not see some colours, and in greyscale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, NamedTuple


class Paint(NamedTuple):
    """The inside and the outline of a box."""

    fill: str
    line: str


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours by what they are for."""

    background: str
    text: str
    muted: str
    """Of remarks and shapes."""
    arrow: str
    categories: Mapping[str, Paint]
    """By category of the op; what is of none of them, as an op of a package may be, is painted as `other`."""
    other: Paint
    block: Paint
    """Of blocks that are closed."""
    frame: Paint
    """Around what is open."""
    terminal: Paint
    marks: Mapping[str, str]
    """Outlines of what is marked, by kind of mark."""
    scale: tuple[str, ...]
    """Of a heat map, from little to much."""
    on_scale: tuple[str, str]
    """The colours of text on the lower and the upper half of the scale."""

    def paint(self, category: str) -> Paint:
        """Of a box of some category."""
        return self.categories.get(category, self.other)


WORDS: Final[Mapping[str, str]] = {
    "convolution": "convolution",
    "linear": "linear",
    "pooling": "pooling",
    "merge": "join",
    "normalization": "normalisation",
    "activation": "activation",
    "regularization": "regularisation",
    "attention": "attention",
    "recurrent": "recurrent",
    "gate": "gate",
    "arithmetic": "arithmetic",
    "reduction": "reduction",
    "resampling": "resampling",
    "position": "position",
    "shape": "shape",
    "source": "source",
}
"""What legends call the categories of the catalogue, each of which has a colour, in the order of the legend."""

_LIGHT: Final = Theme(
    background="#ffffff",
    text="#1a1f26",
    muted="#4d5661",
    arrow="#4a545e",
    categories={
        "convolution": Paint("#cbddf4", "#176399"),
        "linear": Paint("#bfe3dd", "#166a61"),
        "pooling": Paint("#fbd5bd", "#b0541a"),
        "merge": Paint("#d9edc2", "#487c28"),
        "normalization": Paint("#fbf0bf", "#8a7312"),
        "activation": Paint("#e9d9f1", "#75428c"),
        "regularization": Paint("#dcdfe4", "#6b7280"),
        "attention": Paint("#f7d3e3", "#a83a6d"),
        "recurrent": Paint("#d3d6f3", "#4a50a6"),
        "gate": Paint("#f1dfef", "#611f59"),
        "arithmetic": Paint("#f2f4e5", "#84932d"),
        "reduction": Paint("#f5e5c6", "#624b1f"),
        "resampling": Paint("#f2e8e4", "#a1471d"),
        "position": Paint("#eec3c5", "#9b1f24"),
        "shape": Paint("#eceae5", "#716650"),
        "source": Paint("#f0f0e8", "#4f4e30"),
    },
    other=Paint("#f7f7f8", "#6b7280"),
    block=Paint("#e4ecf5", "#43566b"),
    frame=Paint("#f7f9fb", "#8592a0"),
    terminal=Paint("#ffffff", "#1a1f26"),
    marks={
        "error": "#d0021b", "warning": "#c76a00", "note": "#2367c4", "highlight": "#c2188f",
        "added": "#1a7f37", "removed": "#d0021b", "changed": "#b77400", "renamed": "#2367c4",
        "reshaped": "#7d8790",
    },
    scale=("#f3f6fa", "#fdf0b3", "#fbd57a", "#f5ae52", "#bf5222", "#a93a2c", "#8c1d2d", "#640f2a"),
    on_scale=("#1a1f26", "#ffffff"),
)  # fmt: skip

_DARK: Final = Theme(
    background="#14181d",
    text="#e8ecf0",
    muted="#b6c0ca",
    arrow="#9aa6b2",
    categories={
        "convolution": Paint("#1e3f5f", "#7db6ec"),
        "linear": Paint("#164a44", "#7ad3c8"),
        "pooling": Paint("#5c3216", "#e89666"),
        "merge": Paint("#33501a", "#a5d46f"),
        "normalization": Paint("#4c4212", "#e0c95c"),
        "activation": Paint("#42295a", "#c695db"),
        "regularization": Paint("#34383f", "#a3abb5"),
        "attention": Paint("#57203a", "#ee85ab"),
        "recurrent": Paint("#2b2f63", "#a1a8f4"),
        "gate": Paint("#341d31", "#d769cb"),
        "arithmetic": Paint("#2d341b", "#b8df5a"),
        "reduction": Paint("#33291c", "#dda45e"),
        "resampling": Paint("#5e331b", "#c09178"),
        "position": Paint("#341c1d", "#dd5558"),
        "shape": Paint("#413e38", "#ab9f88"),
        "source": Paint("#3e3f21", "#d9d9b4"),
    },
    other=Paint("#2b3037", "#a3abb5"),
    block=Paint("#273340", "#a9bed3"),
    frame=Paint("#1a2027", "#68788a"),
    terminal=Paint("#14181d", "#e8ecf0"),
    marks={
        "error": "#ff6b6b", "warning": "#ffb454", "note": "#79b8ff", "highlight": "#ff7ad9",
        "added": "#56d364", "removed": "#ff6b6b", "changed": "#ffd33d", "renamed": "#79b8ff",
        "reshaped": "#8b96a1",
    },
    scale=("#1d232a", "#3b2f52", "#5d3a73", "#8a4a86", "#c26a8f", "#e07f7c", "#f6ad7a", "#fde3a0"),
    on_scale=("#ffffff", "#14181d"),
)  # fmt: skip

_PRINT: Final = replace(
    _LIGHT,
    text="#000000",
    muted="#333333",
    arrow="#000000",
    categories={
        name: Paint(fill, "#000000")
        for name, fill in (
            ("convolution", "#dbe8f4"), ("linear", "#c5d9d6"), ("pooling", "#f6d9c8"), ("merge", "#ffffff"),
            ("normalization", "#f4eed0"), ("activation", "#e8e0ee"), ("regularization", "#f0f0f0"),
            ("attention", "#efd3df"), ("recurrent", "#d8daee"), ("gate", "#ecdeea"), ("arithmetic", "#f1f4e2"),
            ("reduction", "#f0e4cc"), ("resampling", "#f1e6e0"), ("position", "#ebcfcf"), ("shape", "#ebe9e4"),
            ("source", "#f6f6ee"),
        )
    },
    other=Paint("#f4f4f4", "#000000"),
    block=Paint("#ffffff", "#000000"),
    frame=Paint("#ffffff", "#777777"),
    terminal=Paint("#ffffff", "#000000"),
)  # fmt: skip

_MONOCHROME: Final = replace(
    _PRINT,
    categories={
        name: Paint(fill, "#000000")
        for name, fill in (
            ("convolution", "#e2e2e2"), ("linear", "#c4c4c4"), ("pooling", "#a9a9a9"), ("merge", "#ffffff"),
            ("normalization", "#f3f3f3"), ("activation", "#f3f3f3"), ("regularization", "#ffffff"),
            ("attention", "#d0d0d0"), ("recurrent", "#b6b6b6"), ("gate", "#ececec"), ("arithmetic", "#ffffff"),
            ("reduction", "#bcbcbc"), ("resampling", "#d8d8d8"), ("position", "#cacaca"), ("shape", "#ffffff"),
            ("source", "#ffffff"),
        )
    },
    other=Paint("#ffffff", "#000000"),
    marks=dict.fromkeys(_LIGHT.marks, "#000000"),
    scale=("#ffffff", "#ebebeb", "#d4d4d4", "#b8b8b8", "#707070", "#575757", "#3d3d3d", "#212121"),
)  # fmt: skip

THEMES: Final[Mapping[str, Theme]] = {
    "light": _LIGHT,
    "dark": _DARK,
    "print": _PRINT,
    "monochrome": _MONOCHROME,
}
"""The themes, by name; the first is the one that is taken where nobody says."""
