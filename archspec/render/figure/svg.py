"""An SVG that Graphviz drew, made fit to be published: valid, accessible, and telling what it shows."""

from __future__ import annotations

import re
from html import escape, unescape
from typing import Final

from archspec.render.figure.dot import Dot

_GROUP: Final = re.compile(r'(<g id="(?P<id>[^"]*)" class="[^"]*">\n)<title>[^<]*</title>')
_HEAD: Final = re.compile(r"^.*?<svg (?P<attributes>[^>]*)>", re.DOTALL)


def finished(drawn: bytes, dot: Dot, engine: str) -> bytes:
    """The drawing with a title and a description of the whole, and of each thing in it what it is.

    Ids are the paths of nodes and scopes, so that a page can link into it.
    """
    text = drawn.decode()
    head = _HEAD.match(text)
    assert head is not None, "an SVG begins with its element"
    body = _GROUP.sub(
        lambda found: f"{found[1]}<title>{_title(dot, unescape(found['id']))}</title>", text[head.end() :]
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<!-- drawn by {engine.replace('--', '-')} -->\n"
        f'<svg {" ".join(head["attributes"].split())} role="img" aria-labelledby="figure:title figure:description">\n'
        f'<title id="figure:title">{_text(dot.title)}</title>\n'
        f'<desc id="figure:description">{_text(dot.description)}</desc>{body}'
    ).encode()


def _title(dot: Dot, id_: str) -> str:
    return _text(dot.titles.get(id_, dot.title))


def _text(text: str) -> str:
    return escape(text, quote=False)
