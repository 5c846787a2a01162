"""Validate a mapping of a spec with a pydantic model; every error becomes one diagnostic at its characters."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from itertools import islice
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from archspec.language.attribute_names import called_here, value_here, why_not_here
from archspec.language.values import Entry
from archspec.source.diagnostic import Diagnostics, Label
from archspec.source.sanitize import brief
from archspec.source.span import Span

M = TypeVar("M", bound=BaseModel)
_PATHS = ("id", "from", "share", "after")
_OF_NAMES: Final = {"params": "{name}: int", "outputs": "{name}: {name}", "inputs": "{name}: [N, 3, H=224, W=224]"}
"""Keys that hold a mapping by name, each with an entry of it."""
_DECIDED: Final = ("repeat", "if")
"""Keys that a text is given to only as an expression."""
_WORD: Final = re.compile(r"[^\W\d]\w*")
_CLOSE: Final = 0.68
"""`max_pol` is close to `max_pool`; `depth` is not to `width`, nor `pad` to `add`."""
_MOST_COMPARED: Final = 300
"""Of more names, only as many are compared, those that begin alike: a spec may be wrong in thousands of places."""

_MOST_LISTED: Final = 24
TO_WHOLE: Final = "`//` divides to a whole number, `round(...)` makes one"


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """A help that names the nearest known word, or None when none is near."""
    meant = nearest(word, known)
    return f"did you mean `{meant}`?" if meant else None


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was most likely meant, in any case of letters; None when none is near."""
    by_lower = {name.lower(): name for name in known}
    if len(by_lower) > _MOST_COMPARED:
        alike = (lower for lower in by_lower if lower[:1] == word[:1].lower())
        by_lower = {lower: by_lower[lower] for lower in islice(alike, _MOST_COMPARED)}
    matches = difflib.get_close_matches(word[:100].lower(), by_lower, n=1, cutoff=_CLOSE)
    return by_lower[matches[0]] if matches else None


def meant_key(key: str, known: Collection[str], also: Collection[str] = ()) -> str | None:
    """Which of the known keys was most likely meant, or else of those that may be written beside them."""
    return called_here(key, known) or nearest(key, known) or called_here(key, also) or nearest(key, also)


def help_of_key(key: str, known: Collection[str], what: str, also: Collection[str] = ()) -> str:
    """The help for a key that there is not: the one that was meant, or all that there are.

    Args:
        key: the key that was written.
        known: the keys that there are.
        what: what they are called, before the list of them.
        also: other keys that may be written there.
    """
    meant = meant_key(key, known, also)
    if meant is None:
        return one_of(known, what)
    is_elsewhere = meant in (called_here(key, known), called_here(key, also))
    return f"it is called `{meant}` here" if is_elsewhere else f"did you mean `{meant}`?"


def help_of_attribute(key: str, known: Collection[str], what: str, also: Collection[str] = ()) -> str:
    """The help for an attribute that an op has not: why it needs none, or as for any key."""
    reason = why_not_here(key) if called_here(key, known) is None else None
    return reason or help_of_key(key, known, what, also)


def one_of(words: Collection[str], what: str) -> str:
    """A help that lists the known words, the first of them where there are very many."""
    if not words:
        return "there are none"
    listed = ", ".join(f"`{word}`" for word in islice(words, _MOST_LISTED))
    more = len(words) - _MOST_LISTED
    return f"{what}: {listed}" + (f" and {more:,} more" if more > 0 else "")


def shown(value: object) -> str:
    """A value as a message quotes it, in the spec's own notation and never longer than a line."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, dict):
        return "a mapping"
    return f"`{brief(_written(value))}`"


def _written(value: object) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, dict):
        return "{...}"
    words = {None: "null", True: "true", False: "false"}
    return words[value] if value is None or isinstance(value, bool) else str(value)


def validate(
    model: type[M],
    values: Mapping[str, Any],
    entries: Mapping[str, Entry],
    found: Diagnostics,
    *,
    owner: str,
    span: Span,
    noun: str = "key",
    later: Collection[str] = (),
    also: Collection[str] = (),
    variables: Collection[str] = (),
    evaluated: Mapping[str, str] | None = None,
    **details: Any,
) -> M | None:
    """The model made of `values`, or None after adding what is wrong with them to `found`.

    Args:
        model: what the mapping must be.
        values: plain values by key.
        entries: where they are written.
        found: takes the diagnostics.
        owner: what the keys belong to, for messages: `` `conv` ``.
        span: where a missing key is reported.
        noun: what a key is called here: key, attribute.
        later: keys whose values are not known yet; they are taken as present.
        also: other keys that may be written beside those of the model, and so be meant.
        variables: the names that a value may have meant without a `$`.
        evaluated: the expression that a value came from, by key.
        details: further fields of each diagnostic, such as its origin.
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        errors = error.errors(include_url=False, include_context=True)
    fields = _field_names(model)
    unknown = {str(problem["loc"][0]) for problem in errors if problem["type"] == "extra_forbidden"}
    unknown |= set(later) - set(fields)
    meant = {meant_key(word, fields) for word in unknown}
    for problem in errors:
        if later and not problem["loc"]:
            continue  # what goes together is decided when all of it is known
        key = str(problem["loc"][0]) if problem["loc"] else (problem.get("ctx") or {}).get("attribute", "")
        entry = entries.get(key)
        if problem["type"] == "extra_forbidden":
            place = entry.span if entry else span
            help_text = help_of_attribute(key, fields, f"its {noun}s are", also)
            found.error(f"unknown-{noun}", f"{owner} has no {noun} `{key}`", place, help=help_text, **details)
        elif problem["type"] == "missing":
            if key not in later and key not in meant:
                found.error(f"missing-{noun}", f"{owner} needs the {noun} `{key}`", span, **details)
        else:
            _wrong_value(problem, key, entry, values, found, span, evaluated or {}, variables, details)
    return None


def _wrong_value(
    problem: Any,
    key: str,
    entry: Entry | None,
    values: Mapping[str, Any],
    found: Diagnostics,
    span: Span,
    evaluated: Mapping[str, str],
    variables: Collection[str],
    details: Mapping[str, Any],
) -> None:
    value, place = values.get(key, problem["input"]), entry.value.span if entry else span
    message = f"`{key}` is {shown(value)}; {problem['msg']}"
    labels = tuple(details.get("labels", ()))
    if key in evaluated:
        labels += (Label(place, f"this is {shown(value)} here"),)
    rest = {name: detail for name, detail in details.items() if name != "labels"}
    help_text = without_a_dollar(value, variables) or _hint(key, value)
    found.error("wrong-value", message, place, labels=labels, help=help_text, **rest)


def without_a_dollar(value: object, variables: Collection[str]) -> str | None:
    """A help that writes a text as the expression over `variables` that it was meant to be; None where it is none."""
    text = value.strip("{} ") if isinstance(value, str) else ""
    names = _WORD.findall(text)
    if not names or not set(names) <= set(variables):
        return None
    return f"an expression begins with a `$`: `${text}`" if names == [text] else f"write it as `$({text})`"


def _hint(key: str, value: object) -> str | None:
    if isinstance(value, float) and key in _PATHS:
        return "quotes make it a path: YAML reads it as a number"
    if isinstance(value, dict) and key == "from":
        return "list the paths in the order of the inputs: `from: [first, second]`"
    if isinstance(value, str) and value in {"yes", "no", "on", "off"}:
        return f"`{value}` is text in YAML 1.2; write `{'true' if value in {'yes', 'on'} else 'false'}`"
    if isinstance(value, str) and value.removeprefix("-").replace(".", "", 1).isdigit():
        return "quotes make it text; write the number without them"
    if isinstance(value, float) and value.is_integer():
        return TO_WHOLE
    if key in _OF_NAMES and isinstance(value, list):
        entry = _OF_NAMES[key].format(name=value[0] if value and str(value[0]).isidentifier() else "name")
        return f"write a mapping, such as `{key}: {{{entry}}}`"
    if isinstance(value, str) and key in _DECIDED and value.isidentifier():
        return f"an expression begins with a `$`: `${value}`"
    return value_here(key, value)


def _field_names(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]
