"""A YAML parser's complaint in plain words: what is wrong, where it began, what to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from archspec.source.diagnostic import Diagnostic, Label
from archspec.source.sanitize import brief
from archspec.source.span import Source, Span

_CLOSER = {"{": "}", "[": "]"}
_LOOK_AHEAD = 100_000
_EXPRESSION_LOOK_AHEAD = 1000
_MISSING_SPACE = re.compile(r"([A-Za-z_][\w.-]*):(?=[^\s:/])")


@dataclass(frozen=True, slots=True)
class Complaint:
    """What the parser said, and where."""

    source: Source
    problem: str
    context: str
    at: int
    """The offset at which it gave up."""
    began: int
    """The offset of what it was reading: the bracket, the quote, the mapping."""
    last: tuple[int, int]
    """Start and end of the last scalar before it gave up."""

    @property
    def character(self) -> str:
        """The character at which the parser gave up; empty at the end of the file."""
        return self.source.text[self.at : self.at + 1]

    def error(self, message: str, at: int, **details: Any) -> Diagnostic:
        """A syntax error that points at one character; at the end of the file, at the last one that is written."""
        return Diagnostic("yaml-syntax", message, self.point(at), **details)

    def point(self, at: int) -> Span:
        """One character, or none when there is nothing at or after the offset."""
        written = len(self.source.text.rstrip())
        at = min(at, written)
        return Span(self.source, at, min(at + 1, written))


def explain(complaint: Complaint) -> Diagnostic:
    """The diagnostic for what a YAML parser could not read."""
    if _indented_with_tab(complaint):
        return _tab(complaint)
    for context, problem, describe in _CASES:
        if context in complaint.context and problem in complaint.problem:
            return describe(complaint)
    return complaint.error("the file cannot be read as YAML from here on", complaint.at)


def missing_space(source: Source, start: int, end: int) -> Diagnostic | None:
    """`missing-space`, when the characters look like `kernel:3`."""
    match = _MISSING_SPACE.match(source.text, start, end)
    if match is None:
        return None
    line = source.text[match.end() : end].split("\n")[0].rstrip()
    return Diagnostic(
        "missing-space",
        f"`{brief(match[0] + line)}` is one text: a space is missing after the colon",
        Span(source, start, match.end() + len(line)),
        help=f"write `{brief(match[0])} {brief(line)}`",
    )


def cut_expression(source: Source, start: int, end: int) -> tuple[Diagnostic, Span | None] | None:
    """`unbalanced-expression`, when YAML ends the unquoted expression at a comma or `#` inside of its parentheses.

    Returns:
        The diagnostic, and where the whole expression stands, None when that cannot be told; None when its parentheses
        are balanced.
    """
    text = source.text[start:end]
    if text.count("(") <= text.count(")"):
        return None
    whole_end = _closing_parenthesis(source.text, start)
    if whole_end is None:
        span = Span(source, start, end)
        message = f"the expression `{brief(text)}` has an open parenthesis"
        return Diagnostic("unbalanced-expression", message, span, help="close it with `)`"), None
    span = Span(source, start, whole_end)
    sign = source.text[end:whole_end].lstrip()[:1]
    message = f"the expression `{brief(text)}` is cut off by the `{sign}` after it"
    return Diagnostic("unbalanced-expression", message, span, help=f'put quotes around it: `"{span.text}"`'), span


def _closing_parenthesis(text: str, start: int) -> int | None:
    """The offset after the parenthesis that closes the first one after `start`, on the same line."""
    depth = 0
    for offset in range(start, min(len(text), start + _EXPRESSION_LOOK_AHEAD)):
        character = text[offset]
        if character == "\n":
            return None
        depth += (character == "(") - (character == ")")
        if character == ")" and depth == 0:
            return offset + 1
    return None


def _indented_with_tab(complaint: Complaint) -> bool:
    text = complaint.source.text
    line_start = text.rfind("\n", 0, complaint.at) + 1
    indentation = re.compile(r"[ \t]*").match(text, line_start)
    return indentation is not None and "\t" in indentation[0]


def _tab(complaint: Complaint) -> Diagnostic:
    text = complaint.source.text
    tab = text.index("\t", text.rfind("\n", 0, complaint.at) + 1)
    return complaint.error("the line is indented with a tab, expected spaces", tab, help="replace each tab by spaces")


def _open_quote(complaint: Complaint) -> Diagnostic:
    quote = complaint.source.text[complaint.began]
    return complaint.error(
        f"the quote `{quote}` is never closed", complaint.began, help=f"add `{quote}` after the text"
    )


def _escape(complaint: Complaint) -> Diagnostic:
    backslash = complaint.source.text.rfind("\\", 0, complaint.at + 1)
    at = complaint.at if backslash < complaint.began else backslash
    return complaint.error(
        "the backslash does not start an escape that YAML knows",
        at,
        labels=(Label(complaint.point(complaint.began), "in this text"),) if complaint.began < at else (),
        help="use single quotes, in which a backslash is a backslash, or double it",
    )


def _flow(complaint: Complaint) -> Diagnostic:
    bracket = complaint.source.text[complaint.began]
    closer = _CLOSER.get(bracket, "")
    stopped = Label(complaint.point(complaint.at), "not expected inside of it")
    closed_by = _closing_bracket(complaint.source.text, complaint.began)
    if not closer:
        return complaint.error("the list or mapping in brackets breaks off here", complaint.at)
    if closed_by == closer:
        return complaint.error(
            f"`{complaint.character}` is not expected here",
            complaint.at,
            labels=(Label(complaint.point(complaint.began), f"inside of this `{bracket}`"),),
            help=f"separate the items by `,`, close with `{closer}`, and quote text that contains `: `",
        )
    if closed_by:
        message = f"`{bracket}` is closed by `{closed_by}`, expected `{closer}`"
        return complaint.error(message, complaint.began, labels=(stopped,))
    return complaint.error(
        f"`{bracket}` is never closed",
        complaint.began,
        labels=(stopped,) if complaint.character.strip() else (),
        help=f"add the missing `{closer}`",
    )


def _closing_bracket(text: str, start: int) -> str:
    """The bracket that closes the one at `start`, right or wrong; empty when there is none."""
    pending: list[str] = []
    token = re.compile(r"""(?<=[\s,:\[{])(?:"(?:[^"\\]|\\.)*"|'[^']*'|\#[^\n]*)|[][{}]""", re.DOTALL)
    for match in token.finditer(text, start, start + _LOOK_AHEAD):
        found = match[0]
        if found in _CLOSER:
            pending.append(_CLOSER[found])
        elif found in ("}", "]") and (found != pending.pop() or not pending):
            return found
    return ""


def _stray_colon(complaint: Complaint) -> Diagnostic:
    start, end = complaint.last
    if spaced := missing_space(complaint.source, start, end):
        return spaced
    text = complaint.source.text
    if "\n" in text[start : complaint.at]:
        return complaint.error(
            "`:` inside a text that goes on from the line above",
            complaint.at,
            labels=(Label(Span(complaint.source, start, start + len(text[start:end].split("\n")[0])), "starts here"),),
            help="check the indentation: keys of one mapping start in the same column",
        )
    return complaint.error(
        "a second `:` on this line",
        complaint.at,
        help="put quotes around a text that contains `: `, or start a new line for the inner key",
    )


def _no_colon(complaint: Complaint) -> Diagnostic:
    text = complaint.source.text
    end = text.find("\n", complaint.began)
    line = text[complaint.began : end if end >= 0 else None].rstrip()
    if spaced := missing_space(complaint.source, complaint.began, complaint.began + len(line)):
        return spaced
    span = Span(complaint.source, complaint.began, complaint.began + len(line))
    return Diagnostic(
        "yaml-syntax",
        "expected `key: value`, there is no `: ` after the key",
        span,
        help="add the `:`, or put quotes around a text that is a value",
    )


def _bad_start(complaint: Complaint) -> Diagnostic:
    return complaint.error(
        f"a value cannot start with `{complaint.character}`", complaint.at, help="put quotes around the text"
    )


def _key_expected(complaint: Complaint) -> Diagnostic:
    return complaint.error(
        "expected another key of the mapping, or its end",
        complaint.at,
        labels=_began_label(complaint, "the mapping starts here"),
        help="check the indentation: keys of one mapping start in the same column",
    )


def _item_expected(complaint: Complaint) -> Diagnostic:
    return complaint.error(
        "expected another `- ` item of the list, or its end",
        complaint.at,
        labels=_began_label(complaint, "the list starts here"),
        help="check the indentation: items of one list start in the same column",
    )


def _began_label(complaint: Complaint, text: str) -> tuple[Label, ...]:
    return (Label(complaint.point(complaint.began), text),) if complaint.began != complaint.at else ()


def _item_misplaced(complaint: Complaint) -> Diagnostic:
    return complaint.error("a list item cannot start here", complaint.at, help="start the list on a line of its own")


def _nameless(complaint: Complaint) -> Diagnostic:
    sign = complaint.source.text[complaint.began : complaint.began + 1]
    kind = "an alias" if sign == "*" else "an anchor"
    message = f"`{sign}` starts {kind}, expected a name of letters and digits after it"
    return complaint.error(message, complaint.began, help="put quotes around the text")


def _block_text(complaint: Complaint) -> Diagnostic:
    message = "expected a text on the lines below, indented by spaces"
    return complaint.error(message, complaint.at, labels=_began_label(complaint, "the block text starts here"))


def _tag(complaint: Complaint) -> Diagnostic:
    return Diagnostic(
        "yaml-tag", "YAML tags are not allowed", complaint.point(complaint.began), help="put quotes around the text"
    )


def _directive(complaint: Complaint) -> Diagnostic:
    message = "a line that starts with `%` is a YAML directive, expected none"
    return complaint.error(message, complaint.began, help="remove the line")


def _after_the_end(complaint: Complaint) -> Diagnostic:
    return complaint.error(
        "there is text after the end of the document",
        complaint.at,
        help="a file is one mapping: check the indentation, and the line above for a bracket or quote too many",
    )


def _no_value(complaint: Complaint) -> Diagnostic:
    found = complaint.character.strip()
    what = f"`{found}`" if found else "the end of the file"
    help_ = f"write a value, or remove the `{found}`" if found else "write a value"
    return complaint.error(f"expected a value, found {what}", complaint.at, help=help_)


_CASES: tuple[tuple[str, str, Callable[[Complaint], Diagnostic]], ...] = (
    # (part of the context, part of the problem, what it means), in the words of both libyaml and PyYAML
    ("quoted scalar", "unexpected", _open_quote),
    ("quoted scalar", "", _escape),
    ("", "mapping values", _stray_colon),
    ("flow sequence", "", _flow),
    ("flow mapping", "", _flow),
    ("simple key", "", _no_colon),
    ("", "cannot start any token", _bad_start),
    ("", "tag handle", _tag),
    ("block mapping", "", _key_expected),
    ("block collection", "", _item_expected),
    ("", "sequence entries", _item_misplaced),
    ("alias", "", _nameless),
    ("anchor", "", _nameless),
    ("block scalar", "", _block_text),
    ("tag", "", _tag),
    ("directive", "", _directive),
    ("", "incompatible", _directive),
    ("", "directive", _directive),
    ("", "document start", _after_the_end),
    ("node", "", _no_value),
)
