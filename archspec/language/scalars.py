"""What an unquoted scalar is: the YAML 1.2 core schema, less the notations that two readers read differently."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import NamedTuple

from archspec.source.sanitize import brief

_CONSTANTS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_NUMBER_STARTS = frozenset("0123456789+-.")
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+\Z")
_OCTAL = re.compile(r"0o[0-7]+\Z")
_UNDERSCORES = re.compile(r"[-+]?[0-9][0-9_]*(\.[0-9_]*)?\Z")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)\Z|\.(nan|NaN|NAN)\Z")
_MAX_DIGITS = 40


class Refused(NamedTuple):
    """A scalar that is no value of this language: what to report, and the value to go on with."""

    name: str
    message: str
    help: str
    value: str | int | float


def resolve(text: str) -> str | int | float | bool | Refused | None:
    """The value of an unquoted scalar.

    `no`, `on`, `12:30`, `2024-01-01` and `0x3` (the size 0 by 3) are text; `1e-3` is a number; `010`, `0o7` and `1_000`
    are refused, since YAML 1.1 and 1.2 read them differently; so are numbers that are not finite or absurdly long.
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in _NUMBER_STARTS:
        return text
    if _INTEGER.match(text):
        return int(text) if len(text) <= _MAX_DIGITS else _too_long(text)
    if _LEADING_ZERO.match(text):
        return _ambiguous(text, "starts with a zero: 8-based in YAML 1.1, 10-based in YAML 1.2", int)
    if _FLOAT.match(text):
        number = float(text)
        return number if math.isfinite(number) else _not_finite(text)
    if _OCTAL.match(text):
        return _ambiguous(text, "is 8-based: text in YAML 1.1, a number in YAML 1.2", _octal)
    if "_" in text and _UNDERSCORES.match(text):
        return _ambiguous(text, "has underscores: a number in YAML 1.1, text in YAML 1.2", _number)
    if _NOT_FINITE.match(text):
        return _not_finite(text)
    return text


def _ambiguous(text: str, reason: str, number: Callable[[str], int | float]) -> Refused:
    if len(text) > _MAX_DIGITS:
        return _too_long(text)
    value = number(text)
    return Refused("ambiguous-scalar", f"`{text}` {reason}", f'write `{value}`, or `"{text}"` for the text', value)


def _octal(text: str) -> int:
    return int(text, 8)


def _number(text: str) -> int | float:
    digits = text.replace("_", "")
    return float(digits) if "." in digits else int(digits)


def _too_long(text: str) -> Refused:
    digits = sum(character.isdigit() for character in text)
    message = f"a number of {digits} digits, expected at most {_MAX_DIGITS}"
    return Refused("number-too-long", message, "quote it when it is meant as text", text)


def _not_finite(text: str) -> Refused:
    message = f"`{brief(text)}` is not a finite number"
    return Refused("number-not-finite", message, "quote it when it is meant as text", text)
