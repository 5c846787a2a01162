"""An SVG that Graphviz drew, made fit to be published: accessible, telling what it shows, and the same everywhere.

Graphviz sets text for the font that it finds. Here it is set in the middle of its place, or at the beginning, so that
it stands right in whatever font a reader has, and so that the bytes do not depend on the fonts of a machine.
"""

from __future__ import annotations

import re
from html import escape, unescape
from typing import Final

from archspec.render.figure.dot import Dot
from archspec.render.figure.markup import PLACES

_GROUP: Final = re.compile(r'(<g id="(?P<id>[^"]*)" class="[^"]*"[^>]*>\n)<title>[^<]*</title>')
_TEXT: Final = re.compile(
    r'<polygon fill="(?P<color>#01020[34])" fill-opacity="0\.00\d+" stroke="[^"]*"(?: stroke-[\w]+="[^"]*")* '
    r'points="(?P<points>[^"]*)"/>\n<text [^>]*?(?P<rest>font-family=[^>]*font-size="(?P<size>[\d.]+)")'
)
_FRAME: Final = re.compile(r'<g id="[^"]*" class="cluster.*?</g>', re.DOTALL)
_FILL: Final = re.compile(r' fill="(#[0-9a-f]{6})"')
_LINE: Final = re.compile(r"<text .*\n")
_SIDES: Final = {color[:7]: side for side, color in PLACES.items()}
_BELOW: Final = 0.35
"""How far below the middle of its place the baseline of a text is, in sizes of the text."""
_HEAD: Final = re.compile(r"^.*?<svg (?P<attributes>[^>]*)>", re.DOTALL)


def finished(drawn: bytes, dot: Dot, engine: str) -> bytes:
    """The drawing with a title and a description of the whole, and of each thing in it what it is.

    Ids are the paths of nodes and scopes, so that a page can link into it.
    """
    text = drawn.decode()
    head = _HEAD.match(text)
    assert head is not None, "an SVG begins with its element"
    body = _TEXT.sub(_placed, text[head.end() :])
    body = _with_titles_on_top(body)
    body = _GROUP.sub(lambda found: f"{found[1]}<title>{_title(dot, unescape(found['id']))}</title>", body)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<!-- drawn by {engine.replace('--', '-')} -->\n"
        f'<svg {" ".join(head["attributes"].split())} role="img" aria-labelledby="figure:title figure:description">\n'
        f'<title id="figure:title">{_text(dot.title)}</title>\n'
        f'<desc id="figure:description">{_text(dot.description)}</desc>{body}'
    ).encode()


def _with_titles_on_top(body: str) -> str:
    """The drawing with what stands above frames drawn last, on a halo, so that no arrow strikes it through."""
    titles: list[str] = []

    def without(frame: re.Match[str]) -> str:
        fill = _FILL.search(frame[0])
        halo = f'<text paint-order="stroke" stroke="{fill[1] if fill else "none"}" stroke-width="3" '
        titles.extend(line.replace("<text ", halo, 1) for line in _LINE.findall(frame[0]))
        return _LINE.sub("", frame[0])

    rest, end, tail = _FRAME.sub(without, body).rpartition("</g>")
    return f"{rest}{''.join(titles)}{end}{tail}"


def _placed(found: re.Match[str]) -> str:
    """Text at the place that the background behind it tells."""
    points = [tuple(map(float, point.split(","))) for point in found["points"].split()]
    (left, right), (top, bottom) = ((min(axis), max(axis)) for axis in zip(*points, strict=True))
    side = _SIDES[found["color"]]
    x = left if side == "start" else (left + right) / 2
    y = (top + bottom) / 2 + _BELOW * float(found["size"])
    return f'<text text-anchor="{side}" x="{x:.2f}" y="{y:.2f}" {found["rest"]}'


def _title(dot: Dot, id_: str) -> str:
    return _text(dot.titles.get(id_, dot.title))


def _text(text: str) -> str:
    return escape(text, quote=False)
